import { at } from '../../base/index.js';
import type { Key } from '../../base/index.js';
import type { KeyRange } from '../types.js';

/** Keys in [start, end); `end` null: no end. */
interface Interval {
  readonly start: Key;
  readonly end: Key | null;
}

/** A set of keys as few disjoint intervals. */
export interface KeyIntervals {
  /** Whether every key of the range is in the set. A range that holds no key asks for its first key, as in etcd. */
  covers(range: KeyRange): boolean;
}

/**
 * All keys of all the ranges: what touches or overlaps becomes one, so that two grants side by side permit a range across
 * both. A range without any key (its end is not above its start, or its key is empty) adds nothing.
 */
export function unionOf(ranges: readonly KeyRange[]): KeyIntervals {
  const merged = merge(ranges.map(intervalOf).filter((interval) => !isEmpty(interval)));
  return {
    covers(range) {
      const asked = intervalOf(range);
      const { start, end } = isEmpty(asked) ? intervalOf({ key: range.key, rangeEnd: null }) : asked;
      const last = lastAtOrBefore(merged, start);
      return last !== null && (last.end === null || (end !== null && end <= last.end));
    },
  };
}

function intervalOf({ key, rangeEnd }: KeyRange): Interval {
  if (rangeEnd === null) return { start: key, end: `${key}\0` };
  return { start: key, end: rangeEnd === '\0' ? null : rangeEnd };
}

function isEmpty({ start, end }: Interval): boolean {
  return start === '' || (end !== null && end <= start);
}

function merge(intervals: Interval[]): readonly Interval[] {
  const merged: Interval[] = [];
  let open: Interval | null = null;
  for (const next of intervals.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
    if (open !== null && (open.end === null || next.start <= open.end)) {
      open = { start: open.start, end: laterEnd(open.end, next.end) };
    } else {
      if (open !== null) merged.push(open);
      open = next;
    }
  }
  if (open !== null) merged.push(open);
  return merged;
}

function laterEnd(a: Key | null, b: Key | null): Key | null {
  if (a === null || b === null) return null;
  return a > b ? a : b;
}

function lastAtOrBefore(intervals: readonly Interval[], key: Key): Interval | null {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(intervals, middle).start <= key) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : at(intervals, low - 1);
}
