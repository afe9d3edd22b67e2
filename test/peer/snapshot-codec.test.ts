import { crc32 } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { quorate } from '../../src/gen/protos.js';
import type { SnapshotHeader, SnapshotTotals } from '../../src/peer/snapshot-codec.js';
import { createSnapshotPacker, createSnapshotUnpacker } from '../../src/peer/snapshot-codec.js';
import { ProtocolError } from '../../src/peer/wire.js';
import type { StoreEntry } from '../../src/storage/index.js';
import { bytes, snapshotMeta, wholeNumber } from './arbitraries.js';

const { ChunkKind, SnapshotChunk } = quorate.peer;

const someHeader: SnapshotHeader = {
  term: 7,
  meta: {
    term: 6,
    index: 500,
    configuration: { voters: ['00000000000000aa'], outgoing: [], learners: [], learnersNext: [] },
  },
};

function pack(header: SnapshotHeader, entries: readonly StoreEntry[], chunkSizeBytes: number): Buffer[] {
  const packer = createSnapshotPacker(chunkSizeBytes);
  const chunks = [packer.header(header)];
  for (const entry of entries) {
    const chunk = packer.add(entry);
    if (chunk !== null) chunks.push(chunk);
  }
  return [...chunks, ...packer.finish()];
}

interface Unpacked {
  readonly header: SnapshotHeader | null;
  readonly entries: readonly StoreEntry[];
  readonly totals: SnapshotTotals;
}

function unpack(chunks: readonly Uint8Array[]): Unpacked {
  const unpacker = createSnapshotUnpacker();
  const entries: StoreEntry[] = [];
  let header: SnapshotHeader | null = null;
  for (const chunk of chunks) {
    const part = unpacker.accept(chunk);
    if (part.type === 'header') header = part.header;
    if (part.type === 'entries') entries.push(...part.entries);
  }
  return { header, entries, totals: unpacker.finish() };
}

function sampleChunks(): Buffer[] {
  const entries = Array.from({ length: 30 }, (_, n): StoreEntry => [
    Buffer.from(`key ${n}`),
    Buffer.alloc(20, n),
  ]);
  return pack(someHeader, entries, 100);
}

describe('a snapshot in chunks', () => {
  it('comes out as it went in', () => {
    const entry = fc.tuple(bytes(30), bytes(60));
    const header = fc.record({ term: wholeNumber, meta: snapshotMeta });
    fc.assert(
      fc.property(
        header,
        fc.array(entry),
        fc.integer({ min: 1, max: 300 }),
        (head, entries, chunkSizeBytes) => {
          const unpacked = unpack(pack(head, entries, chunkSizeBytes));
          expect(unpacked.header).toEqual(head);
          expect(unpacked.entries).toEqual(entries);
          expect(unpacked.totals.entryCount).toBe(entries.length);
        },
      ),
    );
  });

  it('has these bytes, and will have them for good', () => {
    const chunks = pack(someHeader, [[Buffer.from('k'), Buffer.from('v')]], 1_000);
    expect(chunks.map((chunk) => chunk.toString('hex'))).toEqual([
      '10011dc5153d00221d08071219080610f4031a120a1030303030303030303030303030306161',
      '080110021d191e315822080a060a016b120176',
      '080210031d55129b552207080115191e3158',
    ]);
  });

  it('fills chunks up to their size and leaves nothing behind', () => {
    const chunks = sampleChunks();
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(200);
    expect(unpack(chunks).entries.length).toBe(30);
  });
});

describe('a snapshot that is not right', () => {
  function altered(change: (chunks: Buffer[]) => Uint8Array[]): () => Unpacked {
    return () => unpack(change(sampleChunks()));
  }

  it('is noticed when a chunk is missing, twice there or out of place', () => {
    expect(altered((chunks) => chunks.toSpliced(3, 1))).toThrow('out of its place');
    expect(altered((chunks) => chunks.toSpliced(3, 0, ...chunks.slice(3, 4)))).toThrow('out of its place');
    expect(altered((chunks) => [...chunks.slice(0, 2), ...chunks.slice(2, 4).reverse()])).toThrow(
      'out of its place',
    );
  });

  it('is noticed when it stops early, even between two chunks', () => {
    expect(altered((chunks) => chunks.slice(0, -1))).toThrow('stops before its end');
    expect(altered(() => [])).toThrow('stops before its end');
  });

  it('is noticed when it goes on after its end', () => {
    const chunks = sampleChunks();
    const more = SnapshotChunk.encode({
      sequence: chunks.length,
      kind: ChunkKind.ENTRIES,
      checksum: 0,
    }).finish();
    expect(() => unpack([...chunks, more])).toThrow('after its end');
  });

  it('is noticed when any bit of any chunk flips', () => {
    const chunks = sampleChunks();
    const place = fc
      .nat(chunks.length - 1)
      .chain((chunk) => fc.tuple(fc.constant(chunk), fc.nat((chunks[chunk]?.length ?? 1) - 1), fc.nat(7)));
    fc.assert(
      fc.property(place, ([chunk, offset, bit]) => {
        const damaged = chunks.map((bytes) => Buffer.from(bytes));
        const target = damaged[chunk];
        if (target === undefined) return;
        target[offset] = (target[offset] ?? 0) ^ (1 << bit);
        try {
          // A flip that only turns a field into an unknown one of the same value changes nothing that is read.
          expect(unpack(damaged)).toEqual(unpack(chunks));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is noticed when its end claims another count or checksum', () => {
    const chunks = sampleChunks();
    const other = pack(someHeader, [[Buffer.from('another'), Buffer.from('one')]], 1_000);
    const end = SnapshotChunk.decode(other.at(-1) ?? Buffer.alloc(0));
    const { kind, checksum, body } = end;
    const forged = SnapshotChunk.encode({ sequence: chunks.length - 1, kind, checksum, body }).finish();
    expect(() => unpack([...chunks.slice(0, -1), forged])).toThrow('another count');
  });

  it('is noticed when its header is not the first chunk', () => {
    const noHeader = SnapshotChunk.encode({ sequence: 0, kind: ChunkKind.ENTRIES, checksum: 0 }).finish();
    expect(() => unpack([noHeader])).toThrow('its header first');
  });

  it('is noticed when a chunk would blow up in memory', () => {
    const body = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from([0x0a, 0])));
    const packer = createSnapshotPacker(1_000);
    const header = packer.header(someHeader);
    const unpacker = createSnapshotUnpacker();
    unpacker.accept(header);
    const flood = SnapshotChunk.encode({
      sequence: 1,
      kind: ChunkKind.ENTRIES,
      checksum: crc32(body),
      body,
    }).finish();
    expect(() => unpacker.accept(flood)).toThrow('too many entries');
  });
});
