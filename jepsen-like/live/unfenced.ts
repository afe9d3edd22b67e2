import type { Operation } from '../history/index.js';

/** What became of updates under a lock, with a fence and without. */
export interface GuardedUpdates {
  readonly fenced: Losses;
  readonly plain: Losses;
}

export interface Losses {
  readonly acknowledged: number;
  /** Of those: not there at the end. */
  readonly lost: number;
}

/** Counted by the last read of each guarded set. A store cannot help what is lost without a fence: see docs/locks.md. */
export function countGuardedUpdates(operations: readonly Operation[]): GuardedUpdates {
  const last = new Map<string, { readonly atUs: number; readonly elements: ReadonlySet<number> }>();
  for (const operation of operations) {
    if (operation.kind !== 'elements' || operation.outcome.type !== 'ok') continue;
    if (operation.invokedUs < (last.get(operation.set)?.atUs ?? 0)) continue;
    const elements = new Set(operation.outcome.value.elements);
    last.set(operation.set, { atUs: operation.invokedUs, elements });
  }
  const counts = { fenced: { acknowledged: 0, lost: 0 }, plain: { acknowledged: 0, lost: 0 } };
  for (const operation of operations) {
    if (operation.kind !== 'guarded-add' || operation.outcome.type !== 'ok') continue;
    const read = last.get(operation.set);
    if (read === undefined || (operation.completedUs ?? Infinity) >= read.atUs) continue;
    const count = counts[operation.fenced ? 'fenced' : 'plain'];
    count.acknowledged += 1;
    if (!read.elements.has(operation.element)) count.lost += 1;
  }
  return counts;
}
