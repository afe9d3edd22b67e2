import { crc32 } from 'node:zlib';

import type { SnapshotMeta } from '../raft/index.js';
import type { StoreEntry } from '../storage/index.js';
import { readMeta, sizeOfMeta, writeMeta } from './meta-codec.js';
import { ProtocolError, sizeOfBytesField, sizeOfNumberField, WireReader, WireWriter } from './wire.js';

/**
 * A snapshot as a stream of chunks (peer.proto's SnapshotChunk): one header, entries in as many chunks as they need,
 * one end. Every chunk has its number and the checksum of its body; the end has the count and the checksum of all
 * entries. So a chunk that is missing, twice there, out of place or altered is noticed where it comes, and a stream that
 * stops early at its end. Both sides hold one chunk at a time.
 */

export interface SnapshotTotals {
  readonly entryCount: number;
  /** CRC-32 over the bodies of all chunks of entries. */
  readonly checksum: number;
}

export interface SnapshotHeader {
  /** The sender's term. */
  readonly term: number;
  readonly meta: SnapshotMeta;
}

/** Puts entries into chunks. `add` answers a chunk when one is full. `finish` answers what is left, with the end. */
export interface SnapshotPacker {
  header(header: SnapshotHeader): Buffer;
  add(entry: StoreEntry): Buffer | null;
  finish(): readonly Buffer[];
  readonly totals: SnapshotTotals;
}

/** An entry is an object many times its bytes: bounded, so that a chunk of nothing but tiny ones stays small in memory. */
const entriesPerChunkMax = 16_384;

const headerKind = 1;
const entriesKind = 2;
const endKind = 3;

/** `chunkSizeBytes`: when a chunk is full; one entry can take it beyond that. */
export function createSnapshotPacker(chunkSizeBytes: number): SnapshotPacker {
  let sequence = 0;
  let entryCount = 0;
  let checksum = 0;
  let pending: StoreEntry[] = [];
  let pendingBytes = 0;

  function pack(kind: number, body: Uint8Array): Buffer {
    const size = sizeOfNumberField(sequence) + sizeOfNumberField(kind) + 5 + sizeOfBytesField(body.length);
    const writer = new WireWriter(size);
    writer.numberField(1, sequence);
    writer.numberField(2, kind);
    writer.fixed32Field(3, crc32(body));
    writer.bytesField(4, body);
    sequence++;
    return writer.finish();
  }

  function packEntries(): Buffer {
    const body = encodeEntries(pending, pendingBytes);
    entryCount += pending.length;
    checksum = crc32(body, checksum);
    pending = [];
    pendingBytes = 0;
    return pack(entriesKind, body);
  }

  return {
    header: (header) => pack(headerKind, encodeHeader(header)),
    add(entry) {
      pending.push(entry);
      pendingBytes += sizeOfBytesField(sizeOfStoreEntry(entry));
      return pendingBytes >= chunkSizeBytes || pending.length >= entriesPerChunkMax ? packEntries() : null;
    },
    finish() {
      const left = pending.length === 0 ? [] : [packEntries()];
      return [...left, pack(endKind, encodeTotals({ entryCount, checksum }))];
    },
    get totals() {
      return { entryCount, checksum };
    },
  };
}

export type SnapshotPart =
  | { readonly type: 'header'; readonly header: SnapshotHeader }
  | { readonly type: 'entries'; readonly entries: readonly StoreEntry[] }
  | { readonly type: 'end' };

/** Checks a stream of chunks, one after the other. Both methods throw a ProtocolError at what is wrong. */
export interface SnapshotUnpacker {
  accept(chunk: Uint8Array): SnapshotPart;
  /** The stream is over. */
  finish(): SnapshotTotals;
}

export function createSnapshotUnpacker(): SnapshotUnpacker {
  let expected = 0;
  let entryCount = 0;
  let checksum = 0;
  let ended = false;

  function acceptEntries(body: Buffer): SnapshotPart {
    const entries = decodeEntries(body);
    entryCount += entries.length;
    checksum = crc32(body, checksum);
    return { type: 'entries', entries };
  }

  function acceptEnd(body: Buffer): SnapshotPart {
    const totals = decodeTotals(body);
    if (totals.entryCount !== entryCount)
      throw new ProtocolError('a snapshot has another count than it claims');
    if (totals.checksum !== checksum)
      throw new ProtocolError('a snapshot has another checksum than it claims');
    ended = true;
    return { type: 'end' };
  }

  return {
    accept(bytes) {
      const chunk = decodeChunk(bytes);
      if (ended) throw new ProtocolError('a snapshot goes on after its end');
      if (chunk.sequence !== expected) throw new ProtocolError('a snapshot chunk is out of its place');
      if (crc32(chunk.body) !== chunk.checksum)
        throw new ProtocolError('a snapshot chunk has a wrong checksum');
      if ((chunk.kind === headerKind) !== (expected === 0)) {
        throw new ProtocolError('a snapshot has its header first, and no other');
      }
      expected++;
      if (chunk.kind === headerKind) return { type: 'header', header: decodeHeader(chunk.body) };
      if (chunk.kind === entriesKind) return acceptEntries(chunk.body);
      if (chunk.kind === endKind) return acceptEnd(chunk.body);
      throw new ProtocolError('a snapshot chunk is of no known kind');
    },
    finish() {
      if (!ended) throw new ProtocolError('a snapshot stops before its end');
      return { entryCount, checksum };
    },
  };
}

/** Also the receipt, which repeats them. */
export function encodeTotals(totals: SnapshotTotals): Buffer {
  const writer = new WireWriter(sizeOfNumberField(totals.entryCount) + 5);
  writer.numberField(1, totals.entryCount);
  writer.fixed32Field(2, totals.checksum);
  return writer.finish();
}

export function decodeTotals(bytes: Uint8Array): SnapshotTotals {
  const reader = new WireReader(bytes);
  let entryCount = 0;
  let checksum = 0;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) entryCount = reader.varint();
    else if (tag === 21) checksum = reader.fixed32();
    else reader.skip(tag);
  }
  return { entryCount, checksum };
}

function encodeHeader(header: SnapshotHeader): Buffer {
  const metaSize = sizeOfMeta(header.meta);
  const writer = new WireWriter(sizeOfNumberField(header.term) + sizeOfBytesField(metaSize));
  writer.numberField(1, header.term);
  writer.lengthField(2, metaSize);
  writeMeta(writer, header.meta);
  return writer.finish();
}

function decodeHeader(body: Buffer): SnapshotHeader {
  const reader = new WireReader(body);
  let term = 0;
  let meta: SnapshotMeta | null = null;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) term = reader.varint();
    else if (tag === 18) meta = readMeta(reader);
    else reader.skip(tag);
  }
  if (meta === null) throw new ProtocolError('a snapshot header says nothing of its snapshot');
  return { term, meta };
}

function sizeOfStoreEntry([key, value]: StoreEntry): number {
  return sizeOfBytesField(key.length) + sizeOfBytesField(value.length);
}

function encodeEntries(entries: readonly StoreEntry[], size: number): Buffer {
  const writer = new WireWriter(size);
  for (const entry of entries) {
    writer.lengthField(1, sizeOfStoreEntry(entry));
    writer.bytesField(1, entry[0]);
    writer.bytesField(2, entry[1]);
  }
  return writer.finish();
}

const noBytes: Buffer = Buffer.alloc(0);

function decodeEntries(body: Buffer): StoreEntry[] {
  const reader = new WireReader(body);
  const entries: StoreEntry[] = [];
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) entries.push(decodeEntry(reader));
    else reader.skip(tag);
    if (entries.length > entriesPerChunkMax) throw new ProtocolError('a snapshot chunk has too many entries');
  }
  return entries;
}

function decodeEntry(reader: WireReader): StoreEntry {
  const outer = reader.enter();
  let key: Uint8Array = noBytes;
  let value: Uint8Array = noBytes;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) key = reader.bytes();
    else if (tag === 18) value = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return [key, value];
}

interface Chunk {
  readonly sequence: number;
  readonly kind: number;
  readonly checksum: number;
  readonly body: Buffer;
}

function decodeChunk(bytes: Uint8Array): Chunk {
  const reader = new WireReader(bytes);
  let sequence = 0;
  let kind = 0;
  let checksum = 0;
  let body: Buffer = noBytes;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 8) sequence = reader.varint();
    else if (tag === 16) kind = reader.varint();
    else if (tag === 29) checksum = reader.fixed32();
    else if (tag === 34) body = reader.bytes();
    else reader.skip(tag);
  }
  return { sequence, kind, checksum, body };
}
