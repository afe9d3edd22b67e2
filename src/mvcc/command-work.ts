import type { ErrorCode } from '../base/index.js';
import { endOf } from './key-index.js';
import { valueOf, walkAlive } from './range.js';
import type { View } from './range.js';
import { runThrough } from './steps.js';
import type { PlannedOperation } from './txn.js';
import type {
  DeleteRangeRequest,
  KeyRange,
  PutRequest,
  RangeRequest,
  Revision,
  TxnRequest,
} from './types.js';
import { createBudget, commandWorkMax, weighedWork, workOfValue } from './work.js';
import type { Budget } from './work.js';

/** With so few keys, however large, their values are not worth a look beforehand. */
const fewReads = 64;

/** What answers with values that were there before, and so many of them at most. */
interface Reading {
  readonly range: KeyRange;
  /** Where it reads, if not the latest. */
  readonly view: View;
  readonly count: number;
}

/** About how many keys a command would look at or change now, whichever way it goes. */
export function estimateKeys(request: DeleteRangeRequest | TxnRequest, view: View): number {
  if (request.type === 'delete-range') return view.index.countAlive(request);
  const { compare, success, failure } = request;
  let count = 0;
  for (const range of compare) count += view.index.countAlive(range);
  for (const operation of [...success, ...failure]) {
    if (operation.type === 'range') count += countOf(operation, view);
    else if (operation.type === 'delete-range' || operation.type === 'txn') {
      count += estimateKeys(operation, view);
    } else count += 1;
  }
  return count;
}

/** Whether a deletion is more than one command may do; null: no. */
export function checkDeletion(request: DeleteRangeRequest, view: View): ErrorCode | null {
  if (request.rangeEnd === null) return null;
  return checkWork([request], view, createBudget(commandWorkMax));
}

/**
 * Whether operations that are about to run, nested ones included, are more than is left of the budget. Known from the
 * state before them, and what they put.
 */
export function checkWork(
  operations: readonly PlannedOperation[],
  view: View,
  budget: Budget,
): ErrorCode | null {
  const puts: PutRequest[] = [];
  const readings: Reading[] = [];
  countKeys(operations, view, budget, puts, readings);
  if (!budget.isSpent) weighValues(readings, budget);
  if (!budget.isSpent) weighPuts(readings, puts, budget);
  return budget.isSpent ? 'too-many-keys' : null;
}

function countKeys(
  operations: readonly PlannedOperation[],
  view: View,
  budget: Budget,
  puts: PutRequest[],
  readings: Reading[],
): void {
  for (const operation of operations) {
    if (!budget.take(1)) return;
    if (operation.type === 'plan') {
      countKeys(operation.operations, view, budget, puts, readings);
    } else if (operation.type === 'put') {
      puts.push(operation);
      if (operation.prevKv) {
        readings.push({ range: { key: operation.key, rangeEnd: null }, view, count: 1 });
      }
    } else if (operation.type === 'delete-range') {
      const count = view.index.countAlive(operation);
      budget.take(count);
      if (operation.prevKv) readings.push({ range: operation, view, count });
    } else if (operation.type === 'range') {
      const count = countOf(operation, view);
      budget.take(count);
      const seen = isOlder(operation, view) ? viewAt(operation.revision, view) : view;
      if (seen !== view || !operation.countOnly) readings.push({ range: operation, view: seen, count });
    }
  }
}

/** The keys that a range looks at (range.ts). Those that were deleted are met on the way to an older revision. */
function countOf(request: RangeRequest, view: View): number {
  if (request.rangeEnd === null) return 1;
  if (isOlder(request, view)) return view.index.count(request);
  if (request.countOnly) return 1;
  const count = view.index.countAlive(request);
  const isLimited = request.limit > 0 && request.sortOrder === 'none' && !isFiltered(request);
  return isLimited ? Math.min(count, request.limit + 1) : count;
}

function isFiltered(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision].some((each) => each !== 0);
}

function isOlder({ revision }: RangeRequest, view: View): boolean {
  return revision > 0 && revision < view.revision;
}

function viewAt(revision: Revision, { index, records, compactRevision }: View): View {
  return { index, records, compactRevision, revision, isLatest: () => false };
}

function weighValues(readings: readonly Reading[], budget: Budget): void {
  const countAll = readings.reduce((sum, { count }) => sum + count, 0);
  if (countAll <= fewReads) return;
  for (const { range, view, count } of readings) {
    let left = count;
    const steps = walkAlive(range, view, weighedWork, (found) => {
      left -= 1;
      return budget.take(workOfValue(valueOf(found, view.records).value)) && left > 0;
    });
    runThrough(steps);
    if (budget.isSpent) return;
  }
}

/** What an operation reads that another one before it may have put. */
function weighPuts(readings: readonly Reading[], puts: readonly PutRequest[], budget: Budget): void {
  if (readings.length <= fewReads) return;
  if (readings.length * puts.length > commandWorkMax) {
    budget.take(Infinity);
    return;
  }
  for (const { range } of readings) {
    const end = endOf(range);
    for (const { key, value } of puts) {
      if (key >= range.key && (end === null || key < end)) budget.take(1 + workOfValue(value));
    }
  }
}
