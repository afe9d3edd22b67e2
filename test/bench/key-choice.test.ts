import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKeyChoice, createZipfianRanks, scatter } from '../../bench/load/key-choice.js';
import type { KeyPattern } from '../../bench/load/key-choice.js';
import { seededRandom } from '../../src/base/index.js';

function sharesOf(next: () => number, draws: number): Map<number, number> {
  const shares = new Map<number, number>();
  for (let draw = 0; draw < draws; draw++) {
    const key = next();
    shares.set(key, (shares.get(key) ?? 0) + 1 / draws);
  }
  return shares;
}

describe('a zipfian choice', () => {
  const count = 1000;
  const shares = sharesOf(createZipfianRanks(count, seededRandom(1)), 400_000);
  const zeta = Array.from({ length: count }, (_, rank) => (rank + 1) ** -0.99).reduce((a, b) => a + b, 0);

  test.each([0, 1])('draws rank %i as often as the law says', (rank) => {
    expect(shares.get(rank)).toBeCloseTo((rank + 1) ** -0.99 / zeta, 2);
  });

  test('draws the first 10, 100 and 500 ranks together about as often as the law says', () => {
    for (const upTo of [10, 100, 500]) {
      const law = Array.from({ length: upTo }, (_, rank) => (rank + 1) ** -0.99 / zeta).reduce(
        (a, b) => a + b,
        0,
      );
      const drawn = [...shares].filter(([rank]) => rank < upTo).reduce((sum, [, share]) => sum + share, 0);
      expect(Math.abs(drawn - law)).toBeLessThan(0.03); // The method is an approximation beyond the first two.
    }
  });

  test('draws every rank that there is and no other', () => {
    const ranks = [...shares.keys()];
    expect(Math.min(...ranks)).toBe(0);
    expect(Math.max(...ranks)).toBeLessThan(count);
    expect(ranks.length).toBeGreaterThan(count * 0.95);
  });

  test('puts its favourites among the other keys', () => {
    const keys = sharesOf(createKeyChoice({ kind: 'zipfian', count: 1_000_000 }, seededRandom(2)), 100_000);
    const [first = [-1, 0], second = [-1, 0]] = [...keys].sort(([, a], [, b]) => b - a);
    expect(Math.abs(first[0] - second[0])).toBeGreaterThan(1000);
  });
});

describe('scattering', () => {
  test('gives each of any number of keys another place', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (count) => {
        const places = new Set(Array.from({ length: count }, (_, rank) => scatter(rank, count)));
        expect(places.size).toBe(count);
        expect(Math.max(...places)).toBe(count - 1);
      }),
      { numRuns: 50 },
    );
  });
});

describe('every choice', () => {
  const kinds: readonly KeyPattern['kind'][] = ['uniform', 'zipfian', 'in-turn'];

  test.each(kinds)('%s: stays within its keys, and one seed gives one order', (kind) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 2 ** 31 }), (count, seed) => {
        const draw = (): number[] => {
          const next = createKeyChoice({ kind, count }, seededRandom(seed));
          return Array.from({ length: 50 }, next);
        };
        const keys = draw();
        expect(keys.every((key) => Number.isInteger(key) && key >= 0 && key < count)).toBe(true);
        expect(draw()).toEqual(keys);
      }),
    );
  });

  test('uniform: no key is drawn much more often than another', () => {
    const shares = sharesOf(createKeyChoice({ kind: 'uniform', count: 10 }, seededRandom(3)), 100_000);
    for (const share of shares.values()) expect(share).toBeCloseTo(0.1, 1);
  });

  test('in turn: each key once before the first comes again', () => {
    const next = createKeyChoice({ kind: 'in-turn', count: 20 }, seededRandom(4));
    expect(new Set(Array.from({ length: 20 }, next)).size).toBe(20);
  });

  test.each([0, -1, 1.5, 2 ** 40])('%d keys are refused', (count) => {
    expect(() => createKeyChoice({ kind: 'uniform', count }, seededRandom(1))).toThrow('a choice among');
  });
});
