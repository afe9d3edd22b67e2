import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ClientError } from '../../src/client/index.js';
import { successor, wireKeys } from '../../src/client/keys.js';
import type { Keys } from '../../src/client/keys.js';

const bytes = fc.uint8Array({ maxLength: 4 });
const someKey = fc.uint8Array({ minLength: 1, maxLength: 5 });
/** Bytes at the edges, where ends of prefixes go wrong. */
const edgy = fc
  .array(fc.constantFrom(0x00, 0x61, 0xfe, 0xff), { maxLength: 4 })
  .map((list) => Uint8Array.from(list));

function covers(keys: Keys, key: Uint8Array): boolean {
  const { key: from, rangeEnd } = wireKeys(keys);
  if (rangeEnd.length === 0) return Buffer.compare(from, key) === 0;
  const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0;
  return Buffer.compare(key, from) >= 0 && (isOpen || Buffer.compare(key, rangeEnd) < 0);
}

describe('keys on the wire', () => {
  test('a prefix covers exactly what begins with it', () => {
    fc.assert(
      fc.property(
        fc.oneof(bytes, edgy),
        fc.oneof(
          someKey,
          edgy.filter((key) => key.length > 0),
        ),
        (prefix, key) => {
          const beginsWithIt = Buffer.from(key).subarray(0, prefix.length).equals(prefix);
          expect(covers({ prefix }, key)).toBe(beginsWithIt);
        },
      ),
    );
  });

  test('from and to cover what lies between them', () => {
    const to = someKey.filter((key) => !(key.length === 1 && key[0] === 0));
    fc.assert(
      fc.property(bytes, to, someKey, (from, end, key) => {
        const isBetween = Buffer.compare(key, from) >= 0 && Buffer.compare(key, end) < 0;
        expect(covers({ from, to: end }, key)).toBe(isBetween);
      }),
    );
  });

  test('the successor of a key is the next key there is', () => {
    fc.assert(
      fc.property(someKey, someKey, (key, other) => {
        const isAfter = Buffer.compare(other, key) > 0;
        expect(Buffer.compare(other, successor(key)) >= 0).toBe(isAfter);
      }),
    );
  });

  test('text stands for its UTF-8', () => {
    expect(wireKeys('é').key).toEqual(Buffer.from([0xc3, 0xa9]));
  });

  test('an end that the wire would take for "all keys" is refused: a delete would take everything', () => {
    for (const to of ['', '\0']) expect(() => wireKeys({ from: 'a', to })).toThrow(ClientError);
  });

  test('an empty key is refused', () => {
    expect(() => wireKeys('')).toThrow(expect.objectContaining({ code: 'empty-key' }));
  });
});
