import { asBuffer, assert, readUint64, writeUint64 } from '../../base/index.js';
import type { HardState, SnapshotMeta } from '../../raft/index.js';
import { digestSizeBytes, seal, unseal } from './format.js';
import type { Decoded, Digest } from './format.js';
import type { WalIdentity } from './types.js';

/** Where the log begins. Laid out in format.ts, as the other records here. */
export interface SnapshotRecord {
  readonly meta: SnapshotMeta;
  readonly stateStore: string;
  /** First index of the first block that belongs to the log, or of the next one while there is none. */
  readonly chainFirst: number;
  readonly chainStart: Digest;
}

/** What every batch leaves behind: the hard state, and what the log must look like. */
export interface Head {
  readonly hardState: HardState;
  /** Index of the last entry; that of the snapshot in an empty log. */
  readonly last: number;
  /** Digest of the last block; `chainStart` in an empty log. */
  readonly tail: Digest;
  /** Digest of the snapshot record. */
  readonly snapshot: Digest;
}

export interface Sealed {
  readonly value: Buffer;
  readonly digest: Digest;
}

export function encodeIdentity({ clusterId, memberId }: WalIdentity): Sealed {
  return seal('i', Buffer.concat([string(clusterId), string(memberId)]));
}

export function decodeIdentity(value: Uint8Array): Decoded<WalIdentity & { readonly digest: Digest }> {
  return decode('i', value, (fields) => ({ clusterId: fields.string(), memberId: fields.string() }));
}

export function encodeSnapshot({ meta, stateStore, chainFirst, chainStart }: SnapshotRecord): Sealed {
  const { voters, outgoing, learners, learnersNext } = meta.configuration;
  return seal(
    's',
    Buffer.concat([
      uint64(meta.index),
      uint64(meta.term),
      ...[voters, outgoing, learners, learnersNext].map(list),
      string(stateStore),
      uint64(chainFirst),
      chainStart,
    ]),
  );
}

export function decodeSnapshot(value: Uint8Array): Decoded<SnapshotRecord & { readonly digest: Digest }> {
  return decode('s', value, (fields) => ({
    meta: {
      index: fields.uint64(),
      term: fields.uint64(),
      configuration: {
        voters: fields.list(),
        outgoing: fields.list(),
        learners: fields.list(),
        learnersNext: fields.list(),
      },
    },
    stateStore: fields.string(),
    chainFirst: fields.uint64(),
    chainStart: fields.digest(),
  }));
}

export function encodeHead({ hardState, last, tail, snapshot }: Head): Sealed {
  const { term, vote, commit } = hardState;
  const ballot = vote === null ? [Buffer.of(0)] : [Buffer.of(1), string(vote)];
  return seal('h', Buffer.concat([uint64(term), ...ballot, uint64(commit), uint64(last), tail, snapshot]));
}

export function decodeHead(value: Uint8Array): Decoded<Head & { readonly digest: Digest }> {
  return decode('h', value, (fields) => ({
    hardState: {
      term: fields.uint64(),
      vote: fields.byte() === 0 ? null : fields.string(),
      commit: fields.uint64(),
    },
    last: fields.uint64(),
    tail: fields.digest(),
    snapshot: fields.digest(),
  }));
}

function decode<T extends object>(
  kind: 'h' | 'i' | 's',
  value: Uint8Array,
  read: (fields: Fields) => T,
): Decoded<T & { readonly digest: Digest }> {
  const unsealed = unseal(kind, value);
  if (!unsealed.ok) return unsealed;
  const { body, digest } = unsealed.value;
  const fields = fieldsOf(body);
  const content = read(fields);
  assert(fields.atEnd(), 'a record whose checksum matches ends with its last field');
  return { ok: true, value: { ...content, digest } };
}

interface Fields {
  byte(): number;
  uint64(): number;
  string(): string;
  list(): string[];
  digest(): Digest;
  atEnd(): boolean;
}

function fieldsOf(body: Buffer): Fields {
  let offset = 0;
  const take = (sizeBytes: number): Buffer => {
    const part = body.subarray(offset, offset + sizeBytes);
    offset += sizeBytes;
    return part;
  };
  const fields: Fields = {
    byte: () => take(1).readUInt8(0),
    uint64: () => readUint64(take(8), 0),
    string: () => take(take(2).readUInt16BE(0)).toString('utf8'),
    list: () => Array.from({ length: take(2).readUInt16BE(0) }, () => fields.string()),
    digest: () => take(digestSizeBytes),
    atEnd: () => offset === body.length,
  };
  return fields;
}

function uint64(value: number): Buffer {
  assert(Number.isSafeInteger(value) && value >= 0, 'a number in the log is whole and below 2^53');
  const bytes = Buffer.allocUnsafe(8);
  writeUint64(bytes, value, 0);
  return bytes;
}

function uint16(value: number): Buffer {
  assert(value <= 0xffff, 'a string or list in the log is shorter than 64 Ki');
  return asBuffer(Uint8Array.of(value >>> 8, value & 0xff));
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function list(texts: readonly string[]): Buffer {
  return Buffer.concat([uint16(texts.length), ...texts.map(string)]);
}
