import fc from 'fast-check';
import { keyOfText } from '../../src/base/index.js';
import type {
  AlarmCommand,
  CompactRequest,
  Compare,
  DeleteRangeRequest,
  LeaseCheckpoint,
  LeaseGrant,
  LeaseId,
  LeaseRevoke,
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

export function grant(id: LeaseId, ttlSeconds = 60): LeaseGrant {
  return { type: 'lease-grant', id, ttlSeconds };
}

export function revoke(id: LeaseId, onlyInTerm = 0): LeaseRevoke {
  return { type: 'lease-revoke', id, onlyInTerm };
}

export function checkpoint(onlyInTerm: number, ...leases: LeaseCheckpoint['leases']): LeaseCheckpoint {
  return { type: 'lease-checkpoint', onlyInTerm, leases };
}

export function alarm(
  action: AlarmCommand['action'],
  name: AlarmCommand['alarm'],
  memberId = '00000000000000a1',
): AlarmCommand {
  return { type: 'alarm', action, memberId, alarm: name };
}

const keys = ['a', 'b', 'c', 'd', 'da', 'db', '\xff', 'e\0'];
const key = fc.constantFrom(...keys);
const leases = [7n, -1n, 2n ** 63n - 1n];
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
      { weight: 8, arbitrary: fc.constant(0n) },
      { weight: 4, arbitrary: fc.constantFrom(...leases) },
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
    fc.record({ type: fc.constant('lease' as const), lease: fc.constantFrom(0n, ...leases) }),
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

/** Leases of a few ids, in a run whose terms are small. */
export const anyGrant: fc.Arbitrary<LeaseGrant> = fc.record({
  type: fc.constant('lease-grant' as const),
  id: fc.constantFrom(...leases),
  ttlSeconds: fc.integer({ min: 1, max: 100 }),
});
export const anyRevoke: fc.Arbitrary<LeaseRevoke> = fc.record({
  type: fc.constant('lease-revoke' as const),
  id: fc.constantFrom(...leases),
  onlyInTerm: fc.constantFrom(0, 0, 1, 2),
});
export const anyCheckpoint: fc.Arbitrary<LeaseCheckpoint> = fc.record({
  type: fc.constant('lease-checkpoint' as const),
  onlyInTerm: fc.constantFrom(0, 1, 2),
  leases: fc.array(fc.record({ id: fc.constantFrom(...leases), remainingTtlSeconds: fc.nat(100) }), {
    maxLength: 3,
  }),
});
/** More often ended than raised, so that a run goes on. */
export const anyAlarm: fc.Arbitrary<AlarmCommand> = fc.record({
  type: fc.constant('alarm' as const),
  action: fc.constantFrom('activate' as const, 'deactivate' as const, 'deactivate' as const),
  memberId: fc.constantFrom('00000000000000a1', 'ffffffffffffffff'),
  alarm: fc.constantFrom('no-space' as const, 'no-space' as const, 'corrupt' as const),
});
