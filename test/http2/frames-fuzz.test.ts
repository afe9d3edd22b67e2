import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeHeaders, errorCodes } from '../../src/http2/index.js';
import type { Http2Stream } from '../../src/http2/index.js';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from '../../src/http2/frames.js';
import { answerHeaders, nobody, open, plainFields, request, settle, start, trailers } from './peer.js';
import { limits } from './server.js';
import type { RawFrame } from './server.js';

/*
 * Frames of every kind in any order, most of them allowed, some not: whatever comes, each stream is closed once, nothing of a
 * connection is left, and what the server sends keeps to the rules.
 */

const ids = fc.constantFrom(1, 3, 5, 7, 9, 11, 13);
const sizes = fc.constantFrom(0, 1, 100, 5000, 16_384);
const windows = fc.constantFrom(0, 1, 100, 65_535, 200_000, 0x7fff_ffff);
const bits = fc.integer({ min: 0, max: 255 });

const last = fc.boolean().map((isLast) => (isLast ? flags.endStream : 0));

/** On streams that have been opened, mostly. */
const frames = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(last, ids, sizes).map(([flag, id, size]) => frameOf(0, flag, id, Buffer.alloc(size))),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(ids, windows).map(([id, size]) => numberFrame(frameTypes.windowUpdate, id, size)),
  },
  {
    weight: 2,
    arbitrary: windows.map((size) => numberFrame(frameTypes.windowUpdate, 0, Math.max(1, size >> 8))),
  },
  { weight: 2, arbitrary: ids.map((id) => numberFrame(frameTypes.rstStream, id, errorCodes.cancel)) },
  { weight: 3, arbitrary: windows.map((size) => settingsFrame([[4, size]])) },
  {
    weight: 1,
    arbitrary: fc.tuple(last, ids).map(([flag, id]) => frameOf(1, flags.endHeaders | flag, id, trailers)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(ids, sizes, bits)
      .map(([id, size, padding]) =>
        frameOf(
          0,
          flags.padded,
          id,
          Buffer.concat([Buffer.of(padding), Buffer.alloc(Math.min(size, 16_000))]),
        ),
      ),
  },
);
/** Of any kind, with anything in it. */
const strange = fc
  .tuple(
    fc.integer({ min: 0, max: 11 }),
    bits,
    fc.integer({ min: 0, max: 15 }),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([type, flag, id, payload]) => frameOf(type, flag, id, payload));
const sequences = fc.oneof(
  { weight: 3, arbitrary: fc.array(frames, { maxLength: 60 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.oneof({ weight: 9, arbitrary: frames }, { weight: 1, arbitrary: strange })),
  },
);

/** What a server may have sent at most, by what it was sent. */
function checkSent(received: readonly RawFrame[], sent: readonly Buffer[]): void {
  let initialMax = 65_535;
  const widened = new Map<number, number>();
  for (const frame of sent) {
    if (frame.length < 13) continue;
    const id = frame.readUInt32BE(5) & 0x7fff_ffff;
    if (frame[3] === frameTypes.windowUpdate)
      widened.set(id, (widened.get(id) ?? 0) + (frame.readUInt32BE(9) & 0x7fff_ffff));
    if (frame[3] === frameTypes.settings && frame[8] === 0)
      for (let at = 9; at + 6 <= frame.length; at += 6)
        if (frame.readUInt16BE(at) === 4) initialMax = Math.max(initialMax, frame.readUInt32BE(at + 2));
  }
  const bodies = new Map<number, number>();
  const over = new Set<number>();
  for (const { type, flags: bitsOf, id, payload } of received) {
    expect(payload.length).toBeLessThanOrEqual(16_384);
    if (id === 0) continue;
    // After its last frame a stream has at most the word that the client may stop.
    expect(over.has(id) && type !== frameTypes.rstStream).toBe(false);
    if (type === frameTypes.data)
      for (const each of [0, id]) bodies.set(each, (bodies.get(each) ?? 0) + payload.length);
    const isLast =
      (type === frameTypes.data || type === frameTypes.headers) && (bitsOf & flags.endStream) !== 0;
    if (isLast || type === frameTypes.rstStream) over.add(id);
  }
  for (const [id, size] of bodies)
    expect(size).toBeLessThanOrEqual((id === 0 ? 65_535 : initialMax) + (widened.get(id) ?? 0));
}

test('whatever frames come, streams are closed once and the server keeps to the rules', async () => {
  const closed = new Map<Http2Stream, number>();
  const server = await start((stream) => {
    closed.set(stream, 0);
    stream.receive({
      ...nobody,
      onData(chunk) {
        if (stream.id % 3 === 0) return; // One that reads nothing.
        stream.consumed(chunk.length);
        stream.begin(answerHeaders);
        stream.send(Buffer.alloc(3 * chunk.length));
      },
      onEnd() {
        stream.begin(answerHeaders);
        stream.end(trailers);
      },
      onClose: () => void closed.set(stream, (closed.get(stream) ?? 0) + 1),
    });
    if (stream.id % 5 === 0) stream.answer(answerHeaders, Buffer.alloc(100_000), trailers);
  });
  const property = fc.asyncProperty(fc.integer({ min: 6, max: 7 }), sequences, async (opened, sent) => {
    closed.clear();
    const client = await open(server);
    for (let index = 0; index < opened; index++) client.send(request(2 * index + 1));
    client.send(...sent);
    await settle(client);
    client.destroy();
    await expect.poll(() => server.connections + server.sockets, { interval: 1 }).toBe(0);
    expect(server.errors).toEqual([]);
    expect([...closed.values()].every((count) => count === 1)).toBe(true);
    checkSent(client.frames, sent);
    const given = client.frames
      .filter(({ type, id }) => type === frameTypes.windowUpdate && id === 0)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 65_535);
    const used = sent
      .filter((frame) => frame[3] === frameTypes.data)
      .reduce((sum, frame) => sum + frame.length - 9, 0);
    expect(given - used).toBeLessThanOrEqual(limits.connectionWindowSizeBytes);
  });
  await fc.assert(property, { numRuns: 300 });
}, 20_000);

test('a request is taken whole or not at all, wherever its headers are cut', async () => {
  let streams = 0;
  const server = await start((stream) => {
    streams += 1;
    stream.answerHeaders(answerHeaders);
  });
  const block = encodeHeaders([...plainFields, ['a', 'b'.repeat(50)]]);
  const property = fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: block.length }), { maxLength: 10 }),
    fc.integer({ min: 0, max: 20 }),
    async (unsorted, padding) => {
      const cuts = [0, ...unsorted.toSorted((a, b) => a - b), block.length];
      const parts = cuts.slice(1).map((to, index) => block.subarray(cuts[index], to));
      const [first = Buffer.alloc(0), ...rest] = parts;
      const padded = Buffer.concat([Buffer.of(padding), Buffer.alloc(5), first, Buffer.alloc(padding)]);
      const firstFlags =
        flags.padded | flags.priority | flags.endStream | (rest.length === 0 ? flags.endHeaders : 0);
      const before = streams;
      const client = await open(server);
      client.send(frameOf(frameTypes.headers, firstFlags, 1, padded));
      for (const [index, part] of rest.entries())
        client.send(
          frameOf(frameTypes.continuation, index === rest.length - 1 ? flags.endHeaders : 0, 1, part),
        );
      await settle(client);
      expect(streams).toBe(before + 1);
      client.destroy();
    },
  );
  await fc.assert(property, { numRuns: 30 });
});
