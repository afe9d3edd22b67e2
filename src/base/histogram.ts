import { assert } from './assert.js';

/** How often values fell into each of some ranges. Observing costs a few comparisons. */
export interface Histogram {
  observe(value: number): void;
  /** Upper bounds, inclusive, ascending. */
  readonly bounds: readonly number[];
  /** By bound, each without those below it; one more for what is above them all. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export function createHistogram(bounds: readonly number[]): Histogram {
  assert(
    bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? bound)),
    'bounds ascend',
  );
  const counts = new Array<number>(bounds.length + 1).fill(0);
  let count = 0;
  let sum = 0;
  return {
    observe(value) {
      let index = 0;
      while (index < bounds.length && value > (bounds[index] ?? 0)) index++;
      counts[index] = (counts[index] ?? 0) + 1;
      count++;
      sum += value;
    },
    bounds,
    counts,
    get count() {
      return count;
    },
    get sum() {
      return sum;
    },
  };
}
