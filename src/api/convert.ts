import { emptyBytes, keyOf, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import { etcdserverpb } from '../gen/protos.js';
import type {
  CompactRequest,
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  SortOrder,
  SortTarget,
  TxnOperation,
  TxnRequest,
} from '../mvcc/index.js';

// From the messages of the wire to the requests of the state machine. Field by field: no plain objects in between.

/** What the generated code makes of a 64-bit field: a number or a Long. */
type Integer64 = number | { toNumber(): number; toBigInt(): bigint };

const { CompareTarget: Target } = etcdserverpb.Compare;
const sortOrders: readonly SortOrder[] = ['none', 'ascend', 'descend'];
const sortTargets: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];
const compareResults: readonly CompareResult[] = ['equal', 'greater', 'less', 'not-equal'];

/** Errors: `invalid-sort-option` for an order or a target that there is not. */
export function toRangeRequest(message: etcdserverpb.RangeRequest.$Properties): RangeRequest {
  const key = toKey(message.key);
  const sortOrder = sortOrders[message.sortOrder ?? 0];
  const sortTarget = sortTargets[message.sortTarget ?? 0];
  if (sortOrder === undefined || sortTarget === undefined) {
    throw new QuorateError(key === '' ? 'empty-key' : 'invalid-sort-option');
  }
  return {
    type: 'range',
    key,
    rangeEnd: toRangeEnd(message.rangeEnd),
    limit: toNumber(message.limit),
    revision: toNumber(message.revision),
    sortOrder,
    sortTarget,
    serializable: message.serializable ?? false,
    keysOnly: message.keysOnly ?? false,
    countOnly: message.countOnly ?? false,
    minModRevision: toNumber(message.minModRevision),
    maxModRevision: toNumber(message.maxModRevision),
    minCreateRevision: toNumber(message.minCreateRevision),
    maxCreateRevision: toNumber(message.maxCreateRevision),
  };
}

export function toPutRequest(message: etcdserverpb.PutRequest.$Properties): PutRequest {
  return {
    type: 'put',
    key: toKey(message.key),
    value: message.value ?? emptyBytes,
    lease: toBigint(message.lease),
    prevKv: message.prevKv ?? false,
    ignoreValue: message.ignoreValue ?? false,
    ignoreLease: message.ignoreLease ?? false,
  };
}

export function toDeleteRangeRequest(
  message: etcdserverpb.DeleteRangeRequest.$Properties,
): DeleteRangeRequest {
  return {
    type: 'delete-range',
    key: toKey(message.key),
    rangeEnd: toRangeEnd(message.rangeEnd),
    prevKv: message.prevKv ?? false,
  };
}

export function toTxnRequest(message: etcdserverpb.TxnRequest.$Properties): TxnRequest {
  return {
    type: 'txn',
    compare: (message.compare ?? []).map((compare) => toCompare(compare)),
    success: (message.success ?? []).map((operation) => toOperation(operation)),
    failure: (message.failure ?? []).map((operation) => toOperation(operation)),
  };
}

export function toCompactRequest(message: etcdserverpb.CompactionRequest.$Properties): CompactRequest {
  return { type: 'compact', revision: toNumber(message.revision), physical: message.physical ?? false };
}

/**
 * A 64-bit number as the closest one that is exact: revisions, versions and limits of a store stay below 2^53, so
 * for comparing with them what is beyond is all the same.
 */
export function toNumber(value: Integer64 | null | undefined): number {
  if (value === null || value === undefined) return 0;
  const number = typeof value === 'number' ? value : value.toNumber();
  return Math.min(Math.max(number, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** All 64 bits, signed. */
export function toBigint(value: Integer64 | null | undefined): bigint {
  if (value === null || value === undefined) return 0n;
  return typeof value === 'number' ? BigInt(value) : value.toBigInt();
}

export function toKey(bytes: Uint8Array | null | undefined): Key {
  return bytes === null || bytes === undefined ? '' : keyOf(bytes);
}

export function toBytes(bytes: Uint8Array | null | undefined): Uint8Array {
  return bytes ?? emptyBytes;
}

export function toRangeEnd(bytes: Uint8Array | null | undefined): Key | null {
  return bytes === null || bytes === undefined || bytes.length === 0 ? null : keyOf(bytes);
}

function toOperation(message: etcdserverpb.RequestOp.$Properties): TxnOperation {
  const { request, requestRange, requestPut, requestDeleteRange, requestTxn } = message;
  // Of several, the last one on the wire counts: `request` names it.
  if (request === 'requestRange' && requestRange) return toRangeRequest(requestRange);
  if (request === 'requestPut' && requestPut) return toPutRequest(requestPut);
  if (request === 'requestDeleteRange' && requestDeleteRange) return toDeleteRangeRequest(requestDeleteRange);
  if (request === 'requestTxn' && requestTxn) return toTxnRequest(requestTxn);
  return { type: 'none' };
}

function toCompare(message: etcdserverpb.Compare.$Properties): Compare {
  const range = { key: toKey(message.key), rangeEnd: toRangeEnd(message.rangeEnd) };
  const result = compareResults[message.result ?? 0];
  const target = toCompareTarget(message);
  if (result !== undefined && target !== null) return { ...range, result, target };
  return { ...range, ...compareOfUnknown(result, target) };
}

/** The operand is zero when another target's is given. Null for a target that there is not. */
function toCompareTarget(message: etcdserverpb.Compare.$Properties): CompareTarget | null {
  const operand = message.targetUnion;
  switch (message.target ?? Target.VERSION) {
    case Target.VERSION:
      return { type: 'version', version: operand === 'version' ? toNumber(message.version) : 0 };
    case Target.CREATE:
      return {
        type: 'create',
        revision: operand === 'createRevision' ? toNumber(message.createRevision) : 0,
      };
    case Target.MOD:
      return { type: 'mod', revision: operand === 'modRevision' ? toNumber(message.modRevision) : 0 };
    case Target.VALUE:
      return { type: 'value', value: (operand === 'value' ? message.value : null) ?? emptyBytes };
    case Target.LEASE:
      return { type: 'lease', lease: operand === 'lease' ? toBigint(message.lease) : 0n };
    default:
      return null;
  }
}

/**
 * A comparison of a kind that there is not. etcd takes an unknown target for one that is equal to its operand, and an
 * unknown result for one that always holds (of a value: if there is one). The version of a key, 0 or more, says each
 * of these.
 */
function compareOfUnknown(
  result: CompareResult | undefined,
  target: CompareTarget | null,
): Pick<Compare, 'result' | 'target'> {
  const always = { result: 'greater', target: { type: 'version', version: -1 } } as const;
  const never = { result: 'less', target: { type: 'version', version: 0 } } as const;
  const exists = { result: 'greater', target: { type: 'version', version: 0 } } as const;
  if (result === undefined) return target?.type === 'value' ? exists : always;
  return result === 'equal' ? always : never;
}
