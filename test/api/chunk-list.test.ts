import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createChunkList } from '../../src/api/chunk-list.js';

it('Chunks come out in order, however they were cut and taken', () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 900, max: 9000 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(sizes, fc.boolean()), { maxLength: 200 }), (steps) => {
      const list = createChunkList();
      const pushed: Buffer[] = [];
      const taken: Buffer[] = [];
      steps.forEach(([size, takes], place) => {
        const chunk = Buffer.alloc(size, place);
        pushed.push(chunk);
        list.push(chunk);
        const first = takes ? list.shift() : undefined;
        if (first !== undefined) taken.push(first);
        const left = Buffer.concat(pushed).length - Buffer.concat(taken).length;
        expect(list.sizeBytes).toBe(left);
      });
      taken.push(...list.takeAll());
      expect(Buffer.concat(taken).equals(Buffer.concat(pushed))).toBe(true);
      expect(list.sizeBytes).toBe(0);
    }),
  );
});

it('Chunks of single bytes take about as much memory as they have bytes, and keep nothing of where they came from', () => {
  const list = createChunkList();
  const socket = Buffer.allocUnsafeSlow(65_536);
  for (let at = 0; at < socket.length; at++) list.push(socket.subarray(at, at + 1));
  const chunks = list.takeAll();
  expect(chunks.length).toBeLessThan(100);
  const kept = new Set(chunks.map(({ buffer }) => buffer));
  expect(kept.has(socket.buffer)).toBe(false);
  const keptSizeBytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(keptSizeBytes).toBeLessThan(2 * socket.length);
});
