import type { Marked } from './lane.js';
import type { Run } from './run.js';

/** Numbers, as the history gives them, of what an anomaly names. */
export interface Target {
  readonly operations: readonly number[];
  readonly calls: readonly number[];
  readonly watches: readonly number[];
  /** Null: no moment of its own. */
  readonly atUs: number | null;
}

/** Round what is shown: a part of its length, and at least so much. */
const marginPart = 0.25;
const marginMinUs = 2000;
/** What a watch is told comes later than what it is told of. */
const watchMarginMinUs = 20_000;
/** What is shown before and after a moment, if nothing else says how much. */
const beforeUs = 2_000_000;
const afterUs = 500_000;

/** Reads `data-operations`, `data-calls` and `data-watches`, numbers with blanks between them, and `data-at`. */
export function targetOf(dataset: Record<string, string | undefined>): Target {
  const numbers = (text: string | undefined): number[] =>
    (text ?? '').split(' ').flatMap((number) => (number === '' ? [] : [Number(number)]));
  return {
    operations: numbers(dataset['operations']),
    calls: numbers(dataset['calls']),
    watches: numbers(dataset['watches']),
    atUs: numbers(dataset['at'])[0] ?? null,
  };
}

/** Positions of what is named, numbered in its order. What the run does not have is left out. */
export function markTarget(run: Run, target: Target): Marked {
  const found = (ids: ArrayLike<number>, wanted: readonly number[]): Map<number, number> => {
    const places = new Map(wanted.map((id, place) => [id, place + 1]));
    const marked = new Map<number, number>();
    for (let item = 0; item < ids.length; item++) {
      const number = places.get(ids[item] ?? -1);
      if (number !== undefined) marked.set(item, number);
    }
    return marked;
  };
  return {
    operations: found(run.operations.id, target.operations),
    calls: found(run.calls.id, target.calls),
    watches: found(run.watches.id, target.watches),
    atUs: target.atUs,
  };
}

/** The time that holds all that is marked, with some room; of watches only if nothing else is: they live long. Null: nothing is. */
export function windowOf(
  run: Run,
  marked: Marked,
): { readonly fromUs: number; readonly toUs: number } | null {
  let from = Infinity;
  let to = -Infinity;
  const see = (
    at: ArrayLike<number>,
    length: ArrayLike<number>,
    items: ReadonlyMap<number, number>,
  ): void => {
    for (const item of items.keys()) {
      from = Math.min(from, at[item] ?? 0);
      to = Math.max(to, (at[item] ?? 0) + Math.max(0, length[item] ?? 0));
    }
  };
  see(run.operations.at, run.operations.length, marked.operations);
  see(run.calls.at, run.calls.length, marked.calls);
  if (from === Infinity) see(run.watches.at, run.watches.length, marked.watches);
  const { atUs } = marked;
  if (from === Infinity)
    return atUs === null ? null : { fromUs: atUs - beforeUs, toUs: Math.min(run.endUs, atUs) + afterUs };
  if (atUs !== null) {
    from = Math.min(from, atUs);
    to = Math.max(to, atUs);
  }
  const margin = Math.max(marked.watches.size > 0 ? watchMarginMinUs : marginMinUs, (to - from) * marginPart);
  return { fromUs: from - margin, toUs: to + margin };
}
