import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { groupBy } from './group-by.js';
import { leaseEnds } from './lease-ends.js';
import { checkTurns } from './turns.js';
import type { Turn } from './turns.js';
import type { Anomaly, Checker } from './types.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;

/**
 * A lock is had by one at a time, in the order of fences, for as long as its owner neither lets go of it nor lets its lease end. What
 * a fence guards is never lost. What a lock alone guards may be lost, but only by somebody who had lost the lock without knowing it.
 */
export const locks: Checker = {
  name: 'locks',
  check({ operations, calls }: History) {
    const taken = operations.filter((each): each is Kind<'lock'> => each.kind === 'lock');
    const adds = operations.filter((each): each is Kind<'guarded-add'> => each.kind === 'guarded-add');
    if (taken.length === 0 && adds.length === 0) return { type: 'skipped' };
    const unlocks = operations.filter((each): each is Kind<'unlock'> => each.kind === 'unlock');
    const ends = leaseEnds(calls);
    const anomalies: Anomaly[] = [];
    /** By fence, which no two locks share. */
    const held = new Map<number, Turn>();
    for (const [name, its] of groupBy(taken, (each) => each.name)) {
      const turns = its.flatMap((lock) => turnOf(lock, unlocks, ends.of(lock.lease ?? ''), anomalies));
      checkTurns(turns, { what: `lock ${JSON.stringify(name)}`, shared: 'two have a lock' }, anomalies);
      for (const turn of turns) held.set(turn.fence, turn);
    }
    const reads = operations.filter((each): each is Kind<'elements'> => each.kind === 'elements');
    const remarks: string[] = [];
    for (const [set, its] of groupBy(adds, (each) => each.set)) {
      const readsOfIt = reads.filter((read) => read.set === set);
      const lost = checkGuarded(its, readsOfIt, held, anomalies);
      if (lost > 0)
        remarks.push(`${lost} writes to ${set} were lost after their locks were: no fence guards it`);
    }
    const verdict = verdictOf(anomalies);
    return verdict.type === 'ok' && remarks.length > 0 ? { ...verdict, remarks } : verdict;
  },
};

function turnOf(
  lock: Kind<'lock'>,
  unlocks: readonly Kind<'unlock'>[],
  leaseEndUs: number,
  anomalies: Anomaly[],
): Turn[] {
  const { id, name, outcome, invokedUs, completedUs } = lock;
  if (outcome.type !== 'ok' || completedUs === null) return [];
  const { fence, front = fence } = outcome.value;
  if (fence === 0 || front !== fence) {
    const told =
      fence === 0
        ? `lock ${JSON.stringify(name)} was given to one whose key was gone`
        : `lock ${JSON.stringify(name)} was given to fence ${fence}, though it was the turn of ${front}`;
    anomalies.push(anomalyOf('a lock out of turn', told, { operations: [id] }));
  }
  if (fence === 0) return [];
  const freedUs = unlocks
    .filter((unlock) => unlock.name === name && unlock.fence === fence)
    .reduce((first, unlock) => Math.min(first, unlock.invokedUs), Infinity);
  return [{ operation: id, fence, invokedUs, completedUs, heldUntilUs: Math.min(freedUs, leaseEndUs) }];
}

/** How many acknowledged elements were lost by somebody who may have lost the lock; lost in any other way, they are anomalies. */
function checkGuarded(
  adds: readonly Kind<'guarded-add'>[],
  reads: readonly Kind<'elements'>[],
  held: ReadonlyMap<number, Turn>,
  anomalies: Anomaly[],
): number {
  const isCovered = ({ fence, completedUs, outcome }: Kind<'guarded-add'>): boolean =>
    outcome.type !== 'unknown' &&
    completedUs !== null &&
    completedUs <= (held.get(fence)?.heldUntilUs ?? -Infinity);
  const careless = adds.filter((add) => add.outcome.type !== 'failed' && !isCovered(add));
  const lost = new Map<number, { readonly add: Kind<'guarded-add'>; readonly read: number }>();
  for (const read of reads) {
    if (read.outcome.type !== 'ok') continue;
    const seen = new Set(read.outcome.value.elements);
    for (const add of adds) {
      const isBefore = add.completedUs !== null && add.completedUs < read.invokedUs;
      if (add.outcome.type === 'ok' && isBefore && !seen.has(add.element) && !lost.has(add.element))
        lost.set(add.element, { add, read: read.id });
    }
  }
  let excused = 0;
  for (const { add, read } of lost.values()) {
    const { completedUs, invokedUs, element, set, fenced } = add;
    const ids = { operations: [add.id, read] };
    if (fenced) {
      const told = `${element} was acknowledged in set ${set} under fence ${add.fence}, and is not there`;
      anomalies.push(anomalyOf('a fenced write was lost', told, ids));
      continue;
    }
    // Whoever wrote over it had read before it was written, and wrote after.
    const mayHaveLostIt = careless.some(
      (other) =>
        other === add ||
        (other.invokedUs <= (completedUs ?? Infinity) &&
          (other.outcome.type === 'unknown' || (other.completedUs ?? Infinity) >= invokedUs)),
    );
    if (mayHaveLostIt) {
      excused += 1;
      continue;
    }
    const told = `${element} was added to set ${set} while its lock was surely held, and so was every other, and it is not there`;
    anomalies.push(anomalyOf('a lost update under a lock', told, ids));
  }
  return excused;
}
