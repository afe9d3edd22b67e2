/**
 * What the log looks like in its ordered store. All numbers are big-endian; the figure after a name is its size in
 * bytes. Everything here is frozen: a change needs a new version and a reader for the old one.
 *
 *     key            value                written
 *     'b' index8     block                with every append that has entries; the index is that of its first entry
 *     'f'            filler, zeros        by settle (see writer.ts)
 *     'h'            head                 in every batch, save that of the filler
 *     'i'            identity             once
 *     's'            snapshot             once, then by compaction and reset
 *
 *     block        = 0x01 'b' first8 count4 previous16 entry* digest16
 *     entry        = term8 kind1 length4 data
 *     head         = 0x01 'h' term8 vote commit8 last8 tail16 snapshot16 digest16
 *     identity     = 0x01 'i' cluster-id:string member-id:string digest16
 *     snapshot     = 0x01 's' index8 term8 configuration state-store:string chain-first8 chain-start16 digest16
 *     configuration = voters:list outgoing:list learners:list learners-next:list
 *     vote         = 0x00 | 0x01 string
 *     string       = length2 UTF-8
 *     list         = count2 string*
 *     kind         = 0 normal | 1 configuration
 *     digest       = the first 16 bytes of SHA-256 of all that stands before it in the value, in every version
 *
 * A digest is checksum and chain in one: `previous` is the digest of the block before, so the digest of the last block
 * stands for the whole log. The head, rewritten in every batch, names it (`tail`), the index of the last entry (`last`:
 * the high-water mark) and the digest of the snapshot record in force. So whatever the store answers is either exactly
 * what some batch left behind, or found out. The chain begins at the block `chain-first` with `chain-start` as its
 * `previous`: the identity's digest in a new log, later that of the last block that was cut off.
 *
 * Example: the block of one entry {index 7, term 2, normal, "hi"} after a block with the digest 00 … 00:
 *
 *     01 62 | 00 00 00 00 00 00 00 07 | 00 00 00 01 | 00 × 16
 *           | 00 00 00 00 00 00 00 02 | 00 | 00 00 00 02 | 68 69
 *           | fc a1 fc aa 6e 33 25 eb 95 e5 e8 5f f7 fc e5 87
 */
import { hash } from 'node:crypto';
import { asBuffer, assert, equalBytes, QuorateError, readUint64, writeUint64 } from '../../base/index.js';
import type { Entry, EntryKind } from '../../raft/index.js';

export const formatVersion = 1;
export const digestSizeBytes = 16;
/** Version and kind. */
const prefixSizeBytes = 2;
const blockHeaderSizeBytes = prefixSizeBytes + 8 + 4 + digestSizeBytes;
export const entryHeaderSizeBytes = 8 + 1 + 4;
const entryKinds: readonly EntryKind[] = ['normal', 'configuration'];

export type RecordKind = 'b' | 'h' | 'i' | 's';
export type Digest = Buffer;

/** A value that was read: what it says, or how it is damaged. */
export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly damage: string };

export interface Block {
  readonly first: number;
  readonly previous: Digest;
  readonly digest: Digest;
  readonly entries: readonly Entry[];
}

export const identityKey: Uint8Array = Buffer.from('i');
export const snapshotKey: Uint8Array = Buffer.from('s');
export const headKey: Uint8Array = Buffer.from('h');
export const fillerKey: Uint8Array = Buffer.from('f');
/** After every block's key. */
export const blockKeysEnd: Uint8Array = Buffer.from('c');

export function blockKey(first: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key.write('b', 'latin1');
  writeUint64(key, first, 1);
  return key;
}

/** Undefined if it is no block's key. */
export function firstOfBlockKey(key: Uint8Array): number | undefined {
  if (key.length !== 9) return undefined;
  const first = readUint64(asBuffer(key), 1);
  return Number.isSafeInteger(first) ? first : undefined;
}

export function digestOf(bytes: Uint8Array): Digest {
  return hash('sha256', bytes, 'buffer').subarray(0, digestSizeBytes);
}

/** Frames a record: prefix, body, digest. */
export function seal(
  kind: RecordKind,
  body: Uint8Array,
): { readonly value: Buffer; readonly digest: Digest } {
  const value = Buffer.allocUnsafe(prefixSizeBytes + body.length + digestSizeBytes);
  value.set(body, prefixSizeBytes);
  return { value, digest: sealInPlace(kind, value) };
}

/**
 * The body of a record that is whole and of this kind. Throws `storage-failed` for one that is whole but of a version
 * this program does not know.
 */
export function unseal(
  kind: RecordKind,
  value: Uint8Array,
): Decoded<{ readonly body: Buffer; readonly digest: Digest }> {
  const bytes = asBuffer(value);
  if (bytes.length < prefixSizeBytes + digestSizeBytes) return { ok: false, damage: 'it is too short' };
  const end = bytes.length - digestSizeBytes;
  const digest = bytes.subarray(end);
  if (!equalBytes(digestOf(bytes.subarray(0, end)), digest)) {
    return { ok: false, damage: 'its checksum does not match' };
  }
  const version = bytes.readUInt8(0);
  if (version !== formatVersion) {
    throw new QuorateError(
      'storage-failed',
      `the log is of format ${version}, this program reads format ${formatVersion}: start the version that wrote it`,
    );
  }
  if (bytes.readUInt8(1) !== kind.charCodeAt(0))
    return { ok: false, damage: 'it is a record of another kind' };
  return { ok: true, value: { body: bytes.subarray(prefixSizeBytes, end), digest } };
}

/** `entries` are contiguous and at least one. */
export function encodeBlock(
  entries: readonly Entry[],
  previous: Digest,
): { readonly value: Buffer; readonly digest: Digest } {
  const first = entries[0];
  assert(first !== undefined, 'a block has an entry');
  const size = entries.reduce(
    (sum, { data }) => sum + entryHeaderSizeBytes + data.length,
    blockHeaderSizeBytes,
  );
  const value = Buffer.allocUnsafe(size + digestSizeBytes);
  writeUint64(value, first.index, prefixSizeBytes);
  value.writeUInt32BE(entries.length, prefixSizeBytes + 8);
  value.set(previous, prefixSizeBytes + 12);
  let offset = blockHeaderSizeBytes;
  for (const { term, kind, data } of entries) {
    writeUint64(value, term, offset);
    value.writeUInt8(entryKinds.indexOf(kind), offset + 8);
    value.writeUInt32BE(data.length, offset + 9);
    value.set(data, offset + entryHeaderSizeBytes);
    offset += entryHeaderSizeBytes + data.length;
  }
  return { value, digest: sealInPlace('b', value) };
}

/** The entries' data are views of `value`. */
export function decodeBlock(value: Uint8Array): Decoded<Block> {
  const unsealed = unseal('b', value);
  if (!unsealed.ok) return unsealed;
  const { body, digest } = unsealed.value;
  const first = readUint64(body, 0);
  const count = body.readUInt32BE(8);
  const entries: Entry[] = [];
  let offset = blockHeaderSizeBytes - prefixSizeBytes;
  for (let index = first; index < first + count; index++) {
    const kind = entryKinds[body.readUInt8(offset + 8)];
    assert(kind !== undefined, 'an entry whose checksum matches is of a known kind');
    const start = offset + entryHeaderSizeBytes;
    const end = start + body.readUInt32BE(offset + 9);
    entries.push({ term: readUint64(body, offset), index, kind, data: body.subarray(start, end) });
    offset = end;
  }
  assert(offset === body.length, 'a block whose checksum matches ends with its last entry');
  return { ok: true, value: { first, previous: body.subarray(12, 12 + digestSizeBytes), digest, entries } };
}

function sealInPlace(kind: RecordKind, value: Buffer): Digest {
  const end = value.length - digestSizeBytes;
  value.writeUInt8(formatVersion, 0);
  value.write(kind, 1, 'latin1');
  const digest = digestOf(value.subarray(0, end));
  value.set(digest, end);
  return digest;
}
