import { assert, compareBytes, unreachable } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { Change } from './change.js';
import { findAlive, readRange, valueOf, walkAlive } from './range.js';
import type { Found, View } from './range.js';
import { runThrough } from './steps.js';
import type { Steps } from './steps.js';
import type {
  Compare,
  CompareTarget,
  DeleteRangeRequest,
  LeaseTable,
  PutRequest,
  RangeRequest,
  TxnOperationResponse,
  TxnRequest,
  TxnResponse,
} from './types.js';
import { commandWorkMax, weighedWork, workOfValue } from './work.js';
import type { Budget, Work } from './work.js';

/** A transaction whose comparisons, nested ones included, have been made: what remains to be done. */
export interface Plan {
  readonly type: 'plan';
  readonly succeeded: boolean;
  readonly operations: readonly PlannedOperation[];
}

export type PlannedOperation =
  RangeRequest | PutRequest | DeleteRangeRequest | { readonly type: 'none' } | Plan;

/**
 * Makes all comparisons against the state before the transaction; of nested ones those that will be reached. Once the
 * budget is spent the plan means nothing.
 */
export function* planTxn(txn: TxnRequest, view: View, work: Work, budget: Budget): Steps<Plan> {
  let succeeded = true;
  for (const compare of txn.compare) {
    if (compare.rangeEnd === null) succeeded = isTrueOfKey(compare, view, budget);
    else succeeded = yield* isTrueOfRange(compare, view, work, budget);
    if (work.isDue(1)) yield;
    if (!succeeded || budget.isSpent) break;
  }
  const operations: PlannedOperation[] = [];
  for (const operation of succeeded ? txn.success : txn.failure) {
    if (budget.isSpent) break;
    operations.push(operation.type === 'txn' ? yield* planTxn(operation, view, work, budget) : operation);
  }
  return { type: 'plan', succeeded, operations };
}

/** Whether a put could be refused (validation is past, so only the state decides); null: no. */
export function checkPut(put: PutRequest, view: View, leases: LeaseTable): ErrorCode | null {
  const { key, lease } = put;
  if (lease !== 0n) {
    if (leases.get(lease) === undefined) return 'lease-not-found';
    // It ends in one revision, whatever it holds by then.
    const isFull = leases.keyCountOf(lease) >= commandWorkMax;
    if (isFull && view.index.alive(key)?.lease !== lease) return 'too-many-keys';
  }
  const keeps = put.ignoreValue || put.ignoreLease;
  return keeps && view.index.alive(key) === undefined ? 'key-not-found' : null;
}

/** What refuses the planned operations as a whole, before any is done; null: nothing. In etcd's order: puts first. */
export function checkPlan(plan: Plan, view: View, leases: LeaseTable): ErrorCode | null {
  return (
    checkEach(plan, (operation) => {
      if (operation.type === 'none') return 'key-not-found';
      return operation.type === 'put' ? checkPutInTxn(operation, view, leases) : null;
    }) ??
    checkEach(plan, (operation) => (operation.type === 'range' ? checkRangeInTxn(operation, view) : null))
  );
}

/** Runs the operations in order, each seeing the changes of those before. */
export function runPlan(plan: Plan, change: Change): TxnResponse {
  const responses = plan.operations.map((operation): TxnOperationResponse => {
    switch (operation.type) {
      case 'range':
        return runThrough(readRange(operation, change, weighedWork));
      case 'put':
        return change.put(operation);
      case 'delete-range':
        return change.deleteRange(operation);
      case 'plan':
        return runPlan(operation, change);
      case 'none':
        return neverPlanned();
      default:
        return unreachable(operation);
    }
  });
  return { type: 'txn', revision: change.revision, succeeded: plan.succeeded, responses };
}

/** The same for a transaction that only reads, at the view's revision throughout. */
export function* readPlan(plan: Plan, view: View, work: Work): Steps<TxnResponse> {
  const responses: TxnOperationResponse[] = [];
  for (const operation of plan.operations) {
    if (operation.type === 'plan') {
      responses.push(yield* readPlan(operation, view, work));
    } else {
      assert(operation.type === 'range', 'a transaction outside the log only reads');
      responses.push(yield* readRange(operation, view, work));
    }
  }
  return { type: 'txn', revision: view.revision, succeeded: plan.succeeded, responses };
}

function neverPlanned(): never {
  assert(false, 'an operation without content was refused before');
}

function checkEach(
  plan: Plan,
  check: (operation: Exclude<PlannedOperation, Plan>) => ErrorCode | null,
): ErrorCode | null {
  for (const operation of plan.operations) {
    const error = operation.type === 'plan' ? checkEach(operation, check) : check(operation);
    if (error !== null) return error;
  }
  return null;
}

/** The key before the lease: within a transaction etcd checks in this order, outside of one in the other. */
function checkPutInTxn(put: PutRequest, view: View, leases: LeaseTable): ErrorCode | null {
  return checkPut({ ...put, lease: 0n }, view, leases) ?? checkPut(put, view, leases);
}

/** Unlike outside of a transaction, etcd takes a negative revision at its word: compacted, if there was a compaction. */
function checkRangeInTxn({ revision }: RangeRequest, view: View): ErrorCode | null {
  if (revision === 0) return null;
  if (revision > view.revision) return 'future-revision';
  return revision < view.compactRevision ? 'compacted' : null;
}

function isTrueOfKey(compare: Compare, view: View, budget: Budget): boolean {
  budget.take(1);
  const found = findAlive(compare.key, view);
  return found === null ? isTrueOfNothing(compare) : isTrueOf(compare, found, view, budget);
}

/** A range compares as true if all of its keys do; without any, what is compared is 0. */
function* isTrueOfRange(compare: Compare, view: View, work: Work, budget: Budget): Steps<boolean> {
  let count = 0;
  let holdsForAll = true;
  yield* walkAlive(compare, view, work, (found) => {
    count += 1;
    holdsForAll = budget.take(1) && isTrueOf(compare, found, view, budget);
    return holdsForAll;
  });
  return count === 0 ? isTrueOfNothing(compare) : holdsForAll;
}

/** No value equals, differs from, or is above or below a value that is not there. */
function isTrueOfNothing({ target, result }: Compare): boolean {
  if (target.type === 'value') return false;
  return holds(result, compareNumbers(target, { version: 0, createRevision: 0, modRevision: 0, lease: 0n }));
}

function isTrueOf({ target, result }: Compare, found: Found, view: View, budget: Budget): boolean {
  if (target.type !== 'value') return holds(result, compareNumbers(target, found));
  const { value } = valueOf(found, view.records);
  budget.take(workOfValue(value));
  return holds(result, compareBytes(value, target.value));
}

type Numbers = Pick<Found, 'version' | 'createRevision' | 'modRevision' | 'lease'>;

function compareNumbers(target: Exclude<CompareTarget, { type: 'value' }>, actual: Numbers): number {
  switch (target.type) {
    case 'version':
      return Math.sign(actual.version - target.version);
    case 'create':
      return Math.sign(actual.createRevision - target.revision);
    case 'mod':
      return Math.sign(actual.modRevision - target.revision);
    case 'lease':
      return actual.lease < target.lease ? -1 : actual.lease > target.lease ? 1 : 0;
    default:
      return unreachable(target);
  }
}

function holds(result: Compare['result'], order: number): boolean {
  switch (result) {
    case 'equal':
      return order === 0;
    case 'not-equal':
      return order !== 0;
    case 'greater':
      return order > 0;
    case 'less':
      return order < 0;
    default:
      return unreachable(result);
  }
}
