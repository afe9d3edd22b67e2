import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIntervalTree } from '../../../src/member/watch/interval-tree.js';
import type { Interval } from '../../../src/member/watch/interval-tree.js';

interface Step {
  readonly type: 'add' | 'remove' | 'stab';
  readonly start: string;
  readonly end: string | null;
  readonly pick: number;
}

const key = fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u00ff'), maxLength: 2 });
const step: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('add' as const, 'add' as const, 'remove' as const, 'stab' as const),
  start: key,
  end: fc.option(key, { nil: null }),
  pick: fc.nat(),
});

function contains({ start, end }: Interval, at: string): boolean {
  return at >= start && (end === null || at < end);
}

describe('an interval tree', () => {
  test('finds what a list finds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tree = createIntervalTree<number>();
        const list: { readonly interval: Interval; readonly value: number }[] = [];
        for (const [index, { type, start, end, pick }] of steps.entries()) {
          if (type === 'add') {
            list.push({ interval: { start, end }, value: index });
            tree.add({ start, end }, index);
          } else if (type === 'remove' && list.length > 0) {
            const [gone] = list.splice(pick % list.length, 1);
            if (gone !== undefined) tree.remove({ ...gone.interval }, gone.value);
          } else {
            const found: number[] = [];
            tree.stab(start, (value) => found.push(value));
            const expected = list
              .filter(({ interval }) => contains(interval, start))
              .map(({ value }) => value);
            expect(found.sort()).toEqual(expected.sort());
          }
          expect(tree.size).toBe(list.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('holds many that come in order', () => {
    const tree = createIntervalTree<number>();
    const name = (index: number): string => String(index).padStart(6, '0');
    for (let index = 0; index < 20_000; index++)
      tree.add({ start: name(index), end: name(index + 2) }, index);
    const found: number[] = [];
    tree.stab(name(10_000), (value) => found.push(value));
    expect(found.sort()).toEqual([10_000, 9_999]);
  });
});
