import { assert, at, compareBytes, unreachable } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { Change } from './change.js';
import { endOf, successorOf } from './key-index.js';
import type { KeyEntry } from './key-index.js';
import { readRange } from './range.js';
import type { View } from './range.js';
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

const compareChunkLength = 1_000;

/** A transaction whose comparisons, nested ones included, have been made: what remains to be done. */
export interface Plan {
  readonly type: 'plan';
  readonly succeeded: boolean;
  readonly operations: readonly PlannedOperation[];
}

export type PlannedOperation =
  RangeRequest | PutRequest | DeleteRangeRequest | { readonly type: 'none' } | Plan;

/** Makes all comparisons against the state before the transaction; of nested ones those that will be reached. */
export function planTxn(txn: TxnRequest, view: View): Plan {
  const succeeded = txn.compare.every((compare) => isTrue(compare, view));
  const chosen = succeeded ? txn.success : txn.failure;
  const operations = chosen.map((operation) =>
    operation.type === 'txn' ? planTxn(operation, view) : operation,
  );
  return { type: 'plan', succeeded, operations };
}

/** Whether a put could be refused (validation is past, so only the state decides); null: no. */
export function checkPut(put: PutRequest, view: View, leases: LeaseTable): ErrorCode | null {
  if (put.lease !== 0n && leases.get(put.lease) === undefined) return 'lease-not-found';
  const keeps = put.ignoreValue || put.ignoreLease;
  return keeps && view.index.alive(put.key) === undefined ? 'key-not-found' : null;
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
        return runThrough(readRange(operation, change));
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
export function* readPlan(plan: Plan, view: View): Steps<TxnResponse> {
  const responses: TxnOperationResponse[] = [];
  for (const operation of plan.operations) {
    if (operation.type === 'plan') {
      responses.push(yield* readPlan(operation, view));
    } else {
      assert(operation.type === 'range', 'a transaction outside the log only reads');
      responses.push(yield* readRange(operation, view));
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

/** A range compares as true if all of its keys do; without any, what is compared is 0. */
function isTrue(compare: Compare, view: View): boolean {
  const { index } = view;
  if (compare.rangeEnd === null) {
    const entry = index.alive(compare.key);
    return entry === undefined ? isTrueOfNothing(compare) : isTrueOf(compare, compare.key, entry, view);
  }
  if (index.countAlive(compare) === 0) return isTrueOfNothing(compare);
  const end = endOf(compare);
  for (let from = compare.key; end === null || from < end;) {
    const { keys, entries } = index.aliveChunk(from, compare, compareChunkLength);
    for (const [i, key] of keys.entries()) {
      if (!isTrueOf(compare, key, at(entries, i), view)) return false;
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < compareChunkLength) break;
    from = successorOf(last);
  }
  return true;
}

/** No value equals, differs from, or is above or below a value that is not there. */
function isTrueOfNothing({ target, result }: Compare): boolean {
  if (target.type === 'value') return false;
  return holds(result, compareNumbers(target, { version: 0, createRevision: 0, main: 0, lease: 0n }));
}

function isTrueOf({ target, result }: Compare, key: string, entry: KeyEntry, view: View): boolean {
  if (target.type !== 'value') return holds(result, compareNumbers(target, entry));
  return holds(result, compareBytes(view.records.read(entry, key).value, target.value));
}

type Numbers = Pick<KeyEntry, 'version' | 'createRevision' | 'main' | 'lease'>;

function compareNumbers(target: Exclude<CompareTarget, { type: 'value' }>, actual: Numbers): number {
  switch (target.type) {
    case 'version':
      return Math.sign(actual.version - target.version);
    case 'create':
      return Math.sign(actual.createRevision - target.revision);
    case 'mod':
      return Math.sign(actual.main - target.revision);
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
