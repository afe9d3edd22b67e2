import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { groupBy } from './group-by.js';
import { driftShare } from './lease-ends.js';
import { precedes } from './order.js';
import type { Anomaly, Checker } from './types.js';

type LeaseKind = 'grant' | 'keep-alive' | 'revoke' | 'attach' | 'attached';
type Kind<K extends LeaseKind> = Extract<Operation, { readonly kind: K }>;
type LeaseOperation = Kind<LeaseKind>;

/**
 * A lease lives for as long as it was last given, counted from when its client asked: until then its keys are there, unless somebody asked to
 * end it. Once somebody was told that it is gone, it and its keys never come back.
 */
export const leases: Checker = {
  name: 'leases',
  check({ operations }: History) {
    const all = operations.filter(isAboutLeases);
    if (all.length === 0) return { type: 'skipped' };
    const shared = sharedKeys(all);
    const anomalies: Anomaly[] = [];
    for (const [lease, its] of groupBy(all, (operation) => operation.lease))
      checkLease(
        lease,
        its.filter((each) => !('key' in each) || !shared.has(each.key)),
        anomalies,
      );
    return verdictOf(anomalies);
  },
};

function isAboutLeases(operation: Operation): operation is LeaseOperation {
  const kinds: readonly string[] = ['grant', 'keep-alive', 'revoke', 'attach', 'attached'];
  return kinds.includes(operation.kind);
}

/** Keys that hung on several leases: which of them they hang on in the end is not told. */
function sharedKeys(all: readonly LeaseOperation[]): ReadonlySet<string> {
  const leaseOf = new Map<string, string>();
  const shared = new Set<string>();
  for (const each of all) {
    if (each.kind !== 'attach') continue;
    if ((leaseOf.get(each.key) ?? each.lease) !== each.lease) shared.add(each.key);
    leaseOf.set(each.key, each.lease);
  }
  return shared;
}

function checkLease(lease: string, operations: readonly LeaseOperation[], anomalies: Anomaly[]): void {
  const certainUntilUs = certainEndOf(operations);
  const ends = endsOf(operations);
  for (const operation of operations) {
    const { id, kind } = operation;
    const sign = signOf(operation);
    if (sign === null) continue;
    if (sign === 'alive') {
      const end = ends.find((each) => precedes(each, operation) && isAbout(each, operation));
      if (end === undefined) continue;
      const [name, what] =
        kind === 'attached'
          ? ['a key outlived its lease', `lease ${lease} is gone, and its key ${operation.key} is there`]
          : [
              'a lease came back',
              `lease ${lease} was gone, and ${kind === 'attach' ? 'takes a key' : 'is kept alive'}`,
            ];
      anomalies.push(anomalyOf(name, what, { operations: [end.id, id] }));
    } else if (ends.includes(operation) && (operation.completedUs ?? Infinity) < certainUntilUs) {
      const what = `lease ${lease} has time left, and ${kind === 'attached' ? `its key ${operation.key}` : 'it'} is gone`;
      const giver = operations.findLast(
        (each) => givenUs(each) > -Infinity && each.invokedUs <= operation.invokedUs,
      );
      const ids = giver === undefined ? [id] : [giver.id, id];
      anomalies.push(anomalyOf('a lease ended early', what, { operations: ids }));
    }
  }
}

/** What was surely still there until then: the longest that it was given, or until somebody may have ended it. */
function certainEndOf(operations: readonly LeaseOperation[]): number {
  let untilUs = -Infinity;
  let revokedUs = Infinity;
  for (const operation of operations) {
    const { kind, invokedUs, outcome } = operation;
    if (kind === 'revoke' && outcome.type !== 'failed') revokedUs = Math.min(revokedUs, invokedUs);
    untilUs = Math.max(untilUs, givenUs(operation));
  }
  return Math.min(untilUs, revokedUs);
}

/** Until when it was given by this; `-Infinity`: not at all. */
function givenUs(operation: LeaseOperation): number {
  if ((operation.kind !== 'grant' && operation.kind !== 'keep-alive') || operation.outcome.type !== 'ok')
    return -Infinity;
  const { ttlSeconds } = operation.outcome.value;
  return ttlSeconds > 0 ? operation.invokedUs + ttlSeconds * 1e6 * (1 - driftShare) : -Infinity;
}

/** What the answer says about the lease; null: nothing. */
function signOf(operation: LeaseOperation): 'alive' | 'gone' | null {
  if (operation.kind === 'revoke') return operation.outcome.type === 'ok' ? 'gone' : null;
  if (operation.kind === 'attach') return operation.outcome.type === 'ok' ? 'alive' : null;
  if (operation.kind === 'attached') {
    if (operation.outcome.type !== 'ok') return null;
    return operation.outcome.value.present ? 'alive' : 'gone';
  }
  if (operation.kind === 'grant' || operation.outcome.type !== 'ok') return null;
  return operation.outcome.value.ttlSeconds > 0 ? 'alive' : 'gone';
}

/**
 * Those that prove that the lease is gone for good: it had been there before, and nothing that was still on its way can have brought it, or
 * the key that was looked for, later.
 */
function endsOf(operations: readonly LeaseOperation[]): readonly LeaseOperation[] {
  const isPossible = ({ outcome }: LeaseOperation): boolean => outcome.type !== 'failed';
  const births = operations.filter((each) => each.kind === 'grant' && isPossible(each));
  const attaches = operations.filter(
    (each): each is Kind<'attach'> => each.kind === 'attach' && isPossible(each),
  );
  return operations.filter((operation) => {
    if (signOf(operation) !== 'gone') return false;
    const before =
      operation.kind === 'attached' ? attaches.filter(({ key }) => key === operation.key) : births;
    return before.length > 0 && before.every((each) => isOver(each, operation));
  });
}

function isOver(earlier: LeaseOperation, later: LeaseOperation): boolean {
  return earlier.outcome.type === 'ok' && precedes(earlier, later);
}

/** Whether the end of the one excludes the other. */
function isAbout(end: LeaseOperation, operation: LeaseOperation): boolean {
  return end.kind !== 'attached' || operation.kind !== 'attached' || end.key === operation.key;
}
