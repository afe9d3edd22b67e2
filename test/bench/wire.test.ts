import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frame } from '../../bench/grpc.js';
import { createFrameReader } from '../../bench/load/frame-reader.js';
import { createWatchReader, writeStamp } from '../../bench/load/watch-reader.js';
import { createRequestHeaders, flags, frameTypes, writeFrameHeader } from '../../bench/load/wire.js';
import { createHeaderDecoder } from '../../src/http2/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';

function frameOf(type: number, streamId: number, payload: Uint8Array, frameFlags = 0): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  const at = writeFrameHeader(bytes, 0, { sizeBytes: payload.length, type, flags: frameFlags, streamId });
  bytes.set(payload, at);
  return bytes;
}

/** The bytes in pieces that end at these places. */
function piecesOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

const cuts = fc.array(fc.nat(5000), { maxLength: 30 });

describe('the frame reader', () => {
  test('reads the same frames however the bytes are cut', () => {
    const bytes = Buffer.concat([
      frameOf(frameTypes.settings, 0, Buffer.alloc(6)),
      frameOf(frameTypes.headers, 1, Buffer.from([0x88]), flags.endHeaders),
      frameOf(frameTypes.data, 1, Buffer.from('hello')),
      frameOf(frameTypes.data, 3, Buffer.alloc(3000, 'x')),
      frameOf(frameTypes.data, 1, Buffer.alloc(0), flags.endStream),
      frameOf(frameTypes.headers, 3, Buffer.from('trailers'), flags.endHeaders | flags.endStream),
    ]);
    const told = (pieces: readonly Buffer[]): readonly string[] => {
      const lines: string[] = [];
      const data = new Map<number, string>();
      const reader = createFrameReader({
        onData: (streamId, piece, from, to) =>
          void data.set(streamId, (data.get(streamId) ?? '') + piece.toString('latin1', from, to)),
        onDataRead: (streamId, sizeBytes) => void lines.push(`data ${streamId}: ${sizeBytes}`),
        onFrame: ({ type, streamId, payload }) =>
          void lines.push(`${type} ${streamId}: ${payload.toString('hex')}`),
        onStreamEnd: (streamId) => void lines.push(`end ${streamId}`),
      });
      for (const piece of pieces) reader.read(piece, piece.length);
      return [...lines, ...[...data].map(([streamId, text]) => `${streamId} had ${text}`)];
    };
    const whole = told([bytes]);
    expect(whole).toContain('end 1');
    expect(whole).toContain('1 had hello');
    expect(whole).toHaveLength(9);
    fc.assert(
      fc.property(cuts, (places) => {
        expect(told(piecesOf(bytes, places))).toEqual(whole);
      }),
    );
  });
});

describe('request headers', () => {
  test('say the same each time, the second time in a few bytes', () => {
    const headers = createRequestHeaders('127.0.0.1:2379');
    const decoder = createHeaderDecoder(4096);
    const paths = ['/a/Put', '/a/Range', '/a/Put', '/a/Txn', '/a/Range', '/a/Put', '/a/Put'];
    const sizes = paths.map((path) => {
      const block = headers.blockFor(path);
      expect(Object.fromEntries(decoder.decode(block) ?? [])).toEqual({
        ':method': 'POST',
        ':scheme': 'http',
        ':path': path,
        ':authority': '127.0.0.1:2379',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      return block.length;
    });
    expect(sizes.at(-1)).toBe(6);
  });
});

describe('the watch reader', () => {
  const value = Buffer.alloc(256, 'v');
  writeStamp(value, 1234.5);
  const header = { clusterId: 1, memberId: 2, revision: 300, raftTerm: 4 };
  const event = { kv: { key: Buffer.from('k'), createRevision: 1, modRevision: 300, version: 9, value } };
  const answers = [
    { header, watchId: 1, created: true },
    { header, watchId: 1, events: [event] },
    { header, watchId: 2, events: [event, event, event] },
    { header, watchId: 3 },
  ];
  const bytes = Buffer.concat(
    answers.map((answer) => frame(etcdserverpb.WatchResponse.encode(answer).finish())),
  );
  const read = (
    pieces: readonly Buffer[],
  ): { created: number; events: readonly (readonly [number, number | null])[] } => {
    let created = 0;
    const events: (readonly [number, number | null])[] = [];
    const reader = createWatchReader({
      onCreated: () => created++,
      onEvents: (count, stampMs) => void events.push([count, stampMs]),
    });
    for (const piece of pieces)
      reader.read(0, Buffer.concat([Buffer.from('..'), piece]), 2, 2 + piece.length);
    return { created, events };
  };
  const expected = {
    created: 1,
    events: [
      [1, 1234.5],
      [3, 1234.5],
    ],
  };

  test('counts events and finds the stamp of the last, however the bytes are cut', () => {
    expect(read([bytes])).toEqual(expected);
    fc.assert(
      fc.property(cuts, (places) => {
        expect(read(piecesOf(bytes, places))).toEqual(expected);
      }),
    );
  });

  test('takes a value without a stamp for one', () => {
    const plain = { header, watchId: 1, events: [{ kv: { ...event.kv, value: Buffer.alloc(256) } }] };
    expect(read([frame(etcdserverpb.WatchResponse.encode(plain).finish())]).events).toEqual([[1, null]]);
  });

  test('throws when a watch is canceled', () => {
    const canceled = frame(
      etcdserverpb.WatchResponse.encode({ header, watchId: 1, canceled: true }).finish(),
    );
    expect(() => read([canceled])).toThrow('canceled');
  });
});
