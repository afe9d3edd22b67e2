import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unionOf } from '../../../src/mvcc/auth/intervals.js';
import type { KeyRange } from '../../../src/mvcc/index.js';

const single = (key: string): KeyRange => ({ key, rangeEnd: null });
const range = (key: string, rangeEnd: string): KeyRange => ({ key, rangeEnd });

describe('a union of ranges', () => {
  test('covers a single key, and nothing beside it', () => {
    const union = unionOf([single('b')]);
    expect(union.covers(single('b'))).toBe(true);
    expect(union.covers(range('b', 'b\0'))).toBe(true);
    for (const other of [single('a'), single('b\0'), single('c'), range('b', 'b\0\0')]) {
      expect(union.covers(other)).toBe(false);
    }
  });

  test('holds its first key and not its end', () => {
    const union = unionOf([range('b', 'd')]);
    expect(['a', 'b', 'c', 'czz', 'd'].map((key) => union.covers(single(key)))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test('covers a range across grants that touch or overlap, whatever their order', () => {
    const union = unionOf([range('c', 'e'), range('a', 'b'), range('b', 'c'), range('d', 'g')]);
    expect(union.covers(range('a', 'g'))).toBe(true);
    expect(union.covers(range('a', 'g\0'))).toBe(false);
  });

  test('a gap of one key is a gap', () => {
    const union = unionOf([range('a', 'b'), range('b\0', 'c')]);
    expect(union.covers(range('a', 'c'))).toBe(false);
    expect(unionOf([range('a', 'b'), single('b'), range('b\0', 'c')]).covers(range('a', 'c'))).toBe(true);
  });

  test('a long interval is not cut by a short one within it', () => {
    const union = unionOf([range('a', 'z'), range('b', 'c'), single('d')]);
    expect(union.covers(range('c', 'y'))).toBe(true);
  });

  test('an end of \\0 is no end, on either side', () => {
    const toTheEnd = unionOf([range('b', '\0')]);
    expect(toTheEnd.covers(range('c', '\0'))).toBe(true);
    expect(toTheEnd.covers(range('b', 'zzz'))).toBe(true);
    expect(toTheEnd.covers(range('a', '\0'))).toBe(false);
    expect(unionOf([range('b', '\xff\xff\xff')]).covers(range('b', '\0'))).toBe(false);
    expect(unionOf([range('\0', '\0')]).covers(range('\0', '\0'))).toBe(true);
    expect(unionOf([range('m', '\0'), range('\0', 'n')]).covers(range('\0', '\0'))).toBe(true);
  });

  test('a grant without a key grants nothing', () => {
    for (const nothing of [range('d', 'b'), range('b', 'b'), single(''), range('', 'z'), range('', '\0')]) {
      const union = unionOf([nothing]);
      for (const key of ['\0', 'a', 'b', 'c', 'z']) expect(union.covers(single(key))).toBe(false);
    }
  });

  test('a request without a key asks for its first key, as etcd 3.4.23 was seen to do', () => {
    const union = unionOf([range('a', 'd')]);
    expect(union.covers(range('a', 'a'))).toBe(true);
    expect(union.covers(range('c', 'b'))).toBe(true);
    expect(union.covers(range('z', 'a'))).toBe(false);
  });

  /*
   * The twin knows no intervals: it asks of every key of a small world. Ends of grants are keys of that world (at most
   * three characters of its alphabet), so where there is a gap there is a key in it.
   */
  const alphabet = ['\0', 'a', 'b', '\xff'];
  const world = keysUpTo(3);
  const shortKey = fc
    .array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 2 })
    .map((c) => c.join(''));
  const anyRange = fc.record({ key: shortKey, rangeEnd: fc.option(shortKey, { nil: null }) });

  test('answers as its twin that looks at every key', () => {
    fc.assert(
      fc.property(fc.array(anyRange, { maxLength: 6 }), anyRange, (grants, asked) => {
        const permitted = world.filter((key) => grants.some((grant) => holds(grant, key)));
        const wanted = world.filter((key) => holds(asked, key));
        const needed = wanted.length === 0 ? [asked.key] : wanted;
        const expected = needed.every((key) => permitted.includes(key)) && endsWithin(grants, asked);
        expect(unionOf(grants).covers(asked)).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  function keysUpTo(length: number): string[] {
    if (length === 0) return [];
    return alphabet.flatMap((first) => [first, ...keysUpTo(length - 1).map((rest) => first + rest)]);
  }

  function holds({ key, rangeEnd }: KeyRange, candidate: string): boolean {
    if (rangeEnd === null) return candidate === key;
    return candidate >= key && (rangeEnd === '\0' || candidate < rangeEnd);
  }

  /** Beyond the largest key of the world only a grant without an end reaches. */
  function endsWithin(grants: readonly KeyRange[], asked: KeyRange): boolean {
    return asked.rangeEnd !== '\0' || grants.some((grant) => grant.rangeEnd === '\0');
  }
});
