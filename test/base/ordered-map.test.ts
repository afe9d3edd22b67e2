import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOrderedMap, seededRandom } from '../../src/base/index.js';
import type { OrderedMap } from '../../src/base/index.js';

/** The naive twin: an array of pairs, sorted by a scan. */
class Twin {
  readonly pairs: [string, number][] = [];

  set(key: string, value: number): void {
    const found = this.pairs.find(([other]) => other === key);
    if (found !== undefined) found[1] = value;
    else this.pairs.push([key, value]);
    this.pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  delete(key: string): boolean {
    const index = this.pairs.findIndex(([other]) => other === key);
    if (index >= 0) this.pairs.splice(index, 1);
    return index >= 0;
  }

  between(from: string, to: string | null): [string, number][] {
    return this.pairs.filter(([key]) => key >= from && (to === null || key < to));
  }
}

function between(map: OrderedMap<number>, from: string, to: string | null): [string, number][] {
  const found: [string, number][] = [];
  map.walk(from, to, (key, value) => {
    found.push([key, value]);
    return true;
  });
  return found;
}

describe('the ordered map', () => {
  const key = fc.nat(400).map((n) => String.fromCharCode(n % 256, n >>> 4));
  const bound = fc.oneof(key, fc.constant(''));

  it('agrees with a sorted array after any changes', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ type: fc.constant('set' as const), key, value: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
      {
        weight: 1,
        arbitrary: fc.record({ type: fc.constant('look' as const), from: bound, to: fc.option(bound) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const map = createOrderedMap<number>();
        const twin = new Twin();
        for (const step of steps) {
          if (step.type === 'set') {
            map.set(step.key, step.value);
            twin.set(step.key, step.value);
          } else if (step.type === 'delete') {
            expect(map.delete(step.key)).toBe(twin.delete(step.key));
          } else {
            const expected = twin.between(step.from, step.to);
            expect(between(map, step.from, step.to)).toEqual(expected);
            expect(map.countBetween(step.from, step.to)).toBe(expected.length);
            expect(map.rank(step.from)).toBe(twin.pairs.filter(([key]) => key < step.from).length);
            const floor = twin.pairs.filter(([key]) => key <= step.from).at(-1);
            expect(map.floor(step.from)).toEqual(
              floor === undefined ? null : { key: floor[0], value: floor[1] },
            );
          }
          expect(map.size).toBe(twin.pairs.length);
        }
        expect(between(map, '', null)).toEqual(twin.pairs);
        for (const [key, value] of twin.pairs) expect(map.get(key)).toBe(value);
      }),
      { numRuns: 150 },
    );
  });

  it.each(['ascending', 'descending', 'random'])(
    'grows through several levels and empties again: %s',
    (order) => {
      const count = 20_000;
      const random = seededRandom(7);
      const keys = Array.from({ length: count }, (_, i) => i.toString(36).padStart(4, '0'));
      if (order === 'descending') keys.reverse();
      if (order === 'random') shuffle(keys, (bound) => random.below(bound));
      const map = createOrderedMap<number>();
      keys.forEach((key, i) => map.set(key, i));
      expect(map.size).toBe(count);
      const sorted = [...keys].sort();
      expect(between(map, '', null).map(([key]) => key)).toEqual(sorted);
      sorted.forEach((key, i) => {
        if (i % 1000 === 0) expect(map.rank(key)).toBe(i);
      });
      shuffle(keys, (bound) => random.below(bound));
      for (const [i, key] of keys.entries()) {
        expect(map.delete(key)).toBe(true);
        expect(map.get(key)).toBeUndefined();
        if (i % 5000 === 0) expect(map.countBetween('', null)).toBe(count - i - 1);
      }
      expect(map.size).toBe(0);
      expect(between(map, '', null)).toEqual([]);
      map.set('again', 1);
      expect(map.get('again')).toBe(1);
    },
  );

  it('stops walking when told to', () => {
    const map = createOrderedMap<number>();
    for (const [i, key] of ['a', 'b', 'c'].entries()) map.set(key, i);
    const seen: string[] = [];
    map.walk('a', null, (key) => {
      seen.push(key);
      return key !== 'b';
    });
    expect(seen).toEqual(['a', 'b']);
  });
});

function shuffle<T>(items: T[], below: (bound: number) => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1);
    const [a, b] = [items[i], items[j]];
    if (a === undefined || b === undefined) throw new Error('within the array');
    items[i] = b;
    items[j] = a;
  }
}
