import fc from 'fast-check';
import { keyOfText } from '../../src/base/index.js';
import type {
  CompactRequest,
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  TxnOperation,
  TxnRequest,
} from '../../src/mvcc/index.js';

/** Requests by what matters in a test; the rest is as a client leaves it. */
export function put(key: string, value: string, rest: Partial<PutRequest> = {}): PutRequest {
  return {
    type: 'put',
    key: keyOfText(key),
    value: Buffer.from(value),
    lease: 0n,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
    ...rest,
  };
}

export function range(key: string, rest: Partial<RangeRequest> = {}): RangeRequest {
  return {
    type: 'range',
    key: keyOfText(key),
    rangeEnd: null,
    limit: 0,
    revision: 0,
    sortOrder: 'none',
    sortTarget: 'key',
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
    ...rest,
  };
}

export function remove(key: string, rest: Partial<DeleteRangeRequest> = {}): DeleteRangeRequest {
  return { type: 'delete-range', key: keyOfText(key), rangeEnd: null, prevKv: false, ...rest };
}

export function compact(revision: number): CompactRequest {
  return { type: 'compact', revision, physical: false };
}

export function txn(
  compare: readonly Compare[],
  success: readonly TxnOperation[],
  failure: readonly TxnOperation[] = [],
): TxnRequest {
  return { type: 'txn', compare, success, failure };
}

export function compare(
  key: string,
  result: Compare['result'],
  target: Compare['target'],
  rangeEnd: string | null = null,
): Compare {
  return { key: keyOfText(key), rangeEnd, result, target };
}

const keys = ['a', 'b', 'c', 'd', 'da', 'db', '\xff', 'e\0'];
const key = fc.constantFrom(...keys);
const rangeEnd = fc.option(fc.constantFrom(...keys, '\0'), { nil: null });
const value = fc.constantFrom('', 'x', 'y', 'yy').map((text): Uint8Array => Buffer.from(text));
/** Revisions of a short run: in the past, around now, in the future, and none. */
const revision = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 30 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1000, -(2 ** 40)) },
);
const rarely = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);
const filter = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(20) });

export const anyPut: fc.Arbitrary<PutRequest> = fc
  .record({
    type: fc.constant('put' as const),
    key,
    value,
    lease: fc.oneof(
      { weight: 15, arbitrary: fc.constant(0n) },
      { weight: 1, arbitrary: fc.constantFrom(7n, -1n) },
    ),
    prevKv: fc.boolean(),
    ignoreValue: rarely,
    ignoreLease: rarely,
  })
  .map((request) => (request.ignoreValue ? { ...request, value: new Uint8Array(0) } : request))
  .map((request) => (request.ignoreLease ? { ...request, lease: 0n } : request));

export const anyRange: fc.Arbitrary<RangeRequest> = fc.record({
  type: fc.constant('range' as const),
  key,
  rangeEnd,
  limit: fc.constantFrom(0, 0, 1, 2, 3, 100, -1),
  revision,
  sortOrder: fc.constantFrom('none' as const, 'none' as const, 'ascend' as const, 'descend' as const),
  sortTarget: fc.constantFrom(
    'key' as const,
    'key' as const,
    'version' as const,
    'create' as const,
    'mod' as const,
    'value' as const,
  ),
  serializable: fc.boolean(),
  keysOnly: rarely,
  countOnly: rarely,
  minModRevision: filter,
  maxModRevision: filter,
  minCreateRevision: filter,
  maxCreateRevision: filter,
});

export const anyRemove: fc.Arbitrary<DeleteRangeRequest> = fc.record({
  type: fc.constant('delete-range' as const),
  key,
  rangeEnd,
  prevKv: fc.boolean(),
});

export const anyCompare: fc.Arbitrary<Compare> = fc.record({
  key,
  rangeEnd: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: rangeEnd }),
  result: fc.constantFrom('equal' as const, 'not-equal' as const, 'greater' as const, 'less' as const),
  target: fc.oneof(
    fc.record({ type: fc.constant('version' as const), version: fc.nat(3) }),
    fc.record({ type: fc.constantFrom('create' as const, 'mod' as const), revision: fc.nat(20) }),
    fc.record({ type: fc.constant('value' as const), value }),
    fc.record({ type: fc.constant('lease' as const), lease: fc.constantFrom(0n, 7n, -1n) }),
  ),
});

/** Not yet valid: about half of them would be refused for keys that overlap. */
export function anyTxn(operation: fc.Arbitrary<TxnOperation>, depth: number): fc.Arbitrary<TxnRequest> {
  const inner: fc.Arbitrary<TxnOperation> =
    depth === 0
      ? operation
      : fc.oneof({ weight: 4, arbitrary: operation }, { weight: 1, arbitrary: anyTxn(operation, depth - 1) });
  const operations = fc.array(inner, { maxLength: 4 });
  return fc.record({
    type: fc.constant('txn' as const),
    compare: fc.array(anyCompare, { maxLength: 2 }),
    success: operations,
    failure: operations,
  });
}

export const anyWritingTxn = anyTxn(fc.oneof(anyPut, anyRange, anyRemove), 2);
export const anyReadingTxn = anyTxn(anyRange, 2);
export const anyCompact: fc.Arbitrary<CompactRequest> = fc.record({
  type: fc.constant('compact' as const),
  revision: fc.oneof(fc.nat(25), fc.constantFrom(-1, 1000)),
  physical: fc.boolean(),
});
