import { unreachable } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import { hasOverlap } from './overlap.js';
import type {
  CompactRequest,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnOperation,
  TxnRequest,
} from './types.js';

/** Comparisons or operations of one branch, nested ones included along each path. etcd's default. */
const txnOperationsMax = 128;

/*
 * What is wrong with a request by itself, whatever the state: null if nothing. The checks and their order are those of
 * etcd 3.4 (etcdserver/api/v3rpc/key.go), so that a request with two faults gets the same answer.
 */

export function validateRange(request: RangeRequest): ErrorCode | null {
  if (request.key.length === 0) return 'empty-key';
  if (request.sortOrder === 'invalid' || request.sortTarget === 'invalid') return 'invalid-sort-option';
  return null;
}

export function validatePut(request: PutRequest): ErrorCode | null {
  if (request.key.length === 0) return 'empty-key';
  if (request.ignoreValue && request.value.length !== 0) return 'value-provided';
  if (request.ignoreLease && request.lease !== 0n) return 'lease-provided';
  return null;
}

export function validateDeleteRange(request: DeleteRangeRequest): ErrorCode | null {
  return request.key.length === 0 ? 'empty-key' : null;
}

/** Nothing can be wrong with it by itself. */
export const validateCompact: (request: CompactRequest) => ErrorCode | null = () => null;

export function validateTxn(request: TxnRequest): ErrorCode | null {
  const error = validateOperations(request, txnOperationsMax);
  if (error !== null) return error;
  return hasOverlap(request.success) || hasOverlap(request.failure) ? 'duplicate-key' : null;
}

/** `operationsMax`: what the levels above have left. Bounds the depth too, as a nested level is an operation itself. */
function validateOperations(txn: TxnRequest, operationsMax: number): ErrorCode | null {
  const count = Math.max(txn.compare.length, txn.success.length, txn.failure.length);
  if (count > operationsMax) return 'too-many-operations';
  if (txn.compare.some((compare) => compare.key.length === 0)) return 'empty-key';
  for (const operations of [txn.success, txn.failure]) {
    for (const operation of operations) {
      const error = validateOperation(operation, operationsMax - count);
      if (error !== null) return error;
    }
  }
  return null;
}

function validateOperation(operation: TxnOperation, operationsMax: number): ErrorCode | null {
  switch (operation.type) {
    case 'range':
      return validateRange(operation);
    case 'put':
      return validatePut(operation);
    case 'delete-range':
      return validateDeleteRange(operation);
    case 'txn':
      return validateOperations(operation, operationsMax);
    case 'none':
      return 'key-not-found';
    default:
      return unreachable(operation);
  }
}
