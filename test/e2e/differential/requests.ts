import fc from 'fast-check';
import Long from 'long';
import { etcdserverpb } from '../../../src/gen/protos.js';

const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;
const { CompareResult, CompareTarget } = etcdserverpb.Compare;

/**
 * A random request, not yet bound to a store: keys hang on a prefix of the run's own, revisions are given as a distance
 * from the store's current one, so that a shrunk request still means the same.
 */
export type Plan =
  | { readonly method: 'Range'; readonly range: RangePlan }
  | { readonly method: 'Put'; readonly put: PutPlan }
  | { readonly method: 'DeleteRange'; readonly del: DeletePlan }
  | { readonly method: 'Txn'; readonly txn: TxnPlan }
  | { readonly method: 'Compact'; readonly back: number; readonly physical: boolean };

interface KeysPlan {
  readonly key: string;
  /** `own`: the key's own prefix range; `none`: the single key; otherwise the end itself. */
  readonly end: 'none' | 'prefix' | 'from' | { readonly key: string };
}

/** Null: 0, the latest. Otherwise the current revision less `back` (negative: in the future). */
type RevisionPlan = { readonly back: number } | { readonly exactly: number } | null;

interface RangePlan extends KeysPlan {
  readonly limit: number;
  readonly revision: RevisionPlan;
  readonly sortOrder: etcdserverpb.RangeRequest.SortOrder;
  readonly sortTarget: etcdserverpb.RangeRequest.SortTarget;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minMod: RevisionPlan;
  readonly maxMod: RevisionPlan;
  readonly minCreate: RevisionPlan;
  readonly maxCreate: RevisionPlan;
}

interface PutPlan {
  readonly key: string;
  readonly value: string;
  /** An id, or which of the leases that there are: none if there are none. */
  readonly lease: number | { readonly nth: number };
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

interface DeletePlan extends KeysPlan {
  readonly prevKv: boolean;
}

interface ComparePlan extends KeysPlan {
  readonly result: etcdserverpb.Compare.CompareResult;
  readonly target: 'version' | 'createRevision' | 'modRevision' | 'value' | 'lease';
  readonly number: number;
  readonly revision: RevisionPlan;
  readonly value: string;
}

type OperationPlan =
  | { readonly requestRange: RangePlan }
  | { readonly requestPut: PutPlan }
  | { readonly requestDeleteRange: DeletePlan }
  | { readonly requestTxn: TxnPlan }
  | { readonly nothing: true };

interface TxnPlan {
  readonly compare: readonly ComparePlan[];
  readonly success: readonly OperationPlan[];
  readonly failure: readonly OperationPlan[];
  /** Repeats the first operation so often: the limit is 128. */
  readonly repeat: number;
}

const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** '' becomes the empty key, the others hang on the run's prefix. */
const key = rarely(
  fc.constantFrom('a', 'b', 'c', 'd', 'ab', 'aa'),
  fc.constantFrom('', '\0', '__proto__', 'a\0', '\u00ff\u00fe', 'a\u00ff'),
);
const end: fc.Arbitrary<KeysPlan['end']> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('none' as const) },
  { weight: 2, arbitrary: fc.constant('prefix' as const) },
  { weight: 1, arbitrary: fc.constant('from' as const) },
  { weight: 3, arbitrary: fc.record({ key }) },
);
const value = fc.constantFrom('', 'x', 'y', 'z', 'longer value', '\0\u00ff');
const revision: fc.Arbitrary<RevisionPlan> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.record({ back: fc.integer({ min: -2, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ exactly: fc.constantFrom(-1, 1, 2, Number.MAX_SAFE_INTEGER) }) },
);
const rareRevision = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: revision },
);
const rareFlag = fc.oneof(
  { weight: 5, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);

const range: fc.Arbitrary<RangePlan> = fc.record({
  key,
  end,
  limit: rarely(fc.constantFrom(0, 0, 1, 2, 3), fc.constantFrom(-1, 1000)),
  revision,
  // Only orders and targets that exist: the others make etcd 3.4.23 panic (docs/compatibility.md).
  sortOrder: fc.constantFrom(SortOrder.NONE, SortOrder.ASCEND, SortOrder.DESCEND),
  sortTarget: fc.constantFrom(
    SortTarget.KEY,
    SortTarget.VERSION,
    SortTarget.CREATE,
    SortTarget.MOD,
    SortTarget.VALUE,
  ),
  serializable: fc.boolean(),
  keysOnly: rareFlag,
  countOnly: rareFlag,
  minMod: rareRevision,
  maxMod: rareRevision,
  minCreate: rareRevision,
  maxCreate: rareRevision,
});

const put: fc.Arbitrary<PutPlan> = fc.record({
  key,
  value,
  lease: fc.oneof(
    { weight: 10, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.record({ nth: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.constantFrom(12345, -1) },
  ),
  prevKv: fc.boolean(),
  ignoreValue: rareFlag,
  ignoreLease: rareFlag,
});

const del: fc.Arbitrary<DeletePlan> = fc.record({ key, end, prevKv: fc.boolean() });

const compare: fc.Arbitrary<ComparePlan> = fc.record({
  key,
  end,
  result: fc.constantFrom(
    CompareResult.EQUAL,
    CompareResult.GREATER,
    CompareResult.LESS,
    CompareResult.NOT_EQUAL,
  ),
  target: fc.constantFrom('version', 'createRevision', 'modRevision', 'value', 'lease'),
  number: fc.integer({ min: 0, max: 3 }),
  revision,
  value,
});

const txn: fc.Arbitrary<TxnPlan> = fc.letrec<{ txn: TxnPlan; operation: OperationPlan }>((tie) => ({
  operation: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 8, arbitrary: put.map((requestPut) => ({ requestPut })) },
    { weight: 8, arbitrary: range.map((requestRange) => ({ requestRange })) },
    { weight: 5, arbitrary: del.map((requestDeleteRange) => ({ requestDeleteRange })) },
    { weight: 3, arbitrary: tie('txn').map((requestTxn) => ({ requestTxn })) },
    { weight: 1, arbitrary: fc.constant({ nothing: true as const }) },
  ),
  txn: fc.record({
    compare: fc.array(compare, { maxLength: 3 }),
    success: fc.array(tie('operation'), { maxLength: 3 }),
    failure: fc.array(tie('operation'), { maxLength: 3 }),
    repeat: rarely(fc.constant(1), fc.constantFrom(2, 126, 127, 128, 129)),
  }),
})).txn;

export const plan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 8, arbitrary: put.map((each): Plan => ({ method: 'Put', put: each })) },
  { weight: 8, arbitrary: range.map((each): Plan => ({ method: 'Range', range: each })) },
  { weight: 3, arbitrary: del.map((each): Plan => ({ method: 'DeleteRange', del: each })) },
  { weight: 8, arbitrary: txn.map((each): Plan => ({ method: 'Txn', txn: each })) },
  {
    weight: 1,
    arbitrary: fc
      .record({ back: fc.integer({ min: -2, max: 20 }), physical: fc.boolean() })
      .map((each): Plan => ({ method: 'Compact', ...each })),
  },
);

/**
 * Whether etcd 3.4 may end itself over it: a transaction that deletes everything from a key on, and then writes a key of it
 * that it takes the value or lease of.
 */
export function mayEndEtcd(request: Plan): boolean {
  if (request.method !== 'Txn') return false;
  const all = allOperations(request.txn);
  const deletesFrom = all.some(
    (each) => 'requestDeleteRange' in each && each.requestDeleteRange.end === 'from',
  );
  const keeps = all.some(
    (each) => 'requestPut' in each && (each.requestPut.ignoreValue || each.requestPut.ignoreLease),
  );
  return deletesFrom && keeps;
}

/** Whether some range of it ends before it begins. Who may ask for that hangs on the shape of a tree in etcd 3.4. */
export function hasBackwardRange(request: unknown): boolean {
  if (typeof request !== 'object' || request === null) return false;
  const { key, end } = request as { readonly key?: unknown; readonly end?: unknown };
  if (typeof key === 'string' && typeof end === 'object' && end !== null) {
    const binding = { prefix: 'p', revision: 0 };
    const [from, to] = [keyOf(key, binding), endOf({ key, end: end as { readonly key: string } }, binding)];
    if (to.length > 0 && !(to.length === 1 && to[0] === 0) && Buffer.compare(to, from) <= 0) return true;
  }
  return Object.values(request).some(hasBackwardRange);
}

/** etcd 3.4 lets it pass while there is no space; Quorate does not. */
export function hasNestedPut(request: Plan): boolean {
  if (request.method !== 'Txn') return false;
  const { success, failure } = request.txn;
  return [...success, ...failure].some(
    (each) => 'requestTxn' in each && allOperations(each.requestTxn).some((inner) => 'requestPut' in inner),
  );
}

/** etcd 3.4 lets everybody do it; later ones, and Quorate, do not. */
export function isForRoot(request: Plan): boolean {
  if (request.method === 'Compact') return true;
  return (
    request.method === 'Txn' &&
    allOperations(request.txn).some(
      (each) =>
        'requestTxn' in each ||
        ('requestPut' in each && (each.requestPut.prevKv || each.requestPut.lease !== 0)),
    )
  );
}

function allOperations({ success, failure }: TxnPlan): readonly OperationPlan[] {
  return [...success, ...failure].flatMap((each) =>
    'requestTxn' in each ? [each, ...allOperations(each.requestTxn)] : [each],
  );
}

/** What a plan is bound to. */
export interface Binding {
  readonly prefix: string;
  readonly revision: number;
  /** Default: there are none. */
  readonly leases?: readonly Long[];
}

/** The request's bytes. */
export function encode(request: Plan, binding: Binding): Uint8Array {
  switch (request.method) {
    case 'Range':
      return etcdserverpb.RangeRequest.encode(rangeOf(request.range, binding)).finish();
    case 'Put':
      return etcdserverpb.PutRequest.encode(putOf(request.put, binding)).finish();
    case 'DeleteRange':
      return etcdserverpb.DeleteRangeRequest.encode(deleteOf(request.del, binding)).finish();
    case 'Txn':
      return etcdserverpb.TxnRequest.encode(txnOf(request.txn, binding)).finish();
    case 'Compact': {
      const { back, physical } = request;
      return etcdserverpb.CompactionRequest.encode({ revision: binding.revision - back, physical }).finish();
    }
  }
}

function keyOf(name: string, { prefix }: Binding): Uint8Array {
  return Buffer.from(name === '' || name === '\0' ? name : prefix + name, 'latin1');
}

function endOf(keys: KeysPlan, binding: Binding): Uint8Array {
  if (keys.end === 'none') return Buffer.alloc(0);
  if (keys.end === 'from') return Buffer.from('\0');
  if (keys.end !== 'prefix') return keyOf(keys.end.key, binding);
  const last = Buffer.from(keyOf(keys.key, binding));
  const lastByte = last.at(-1);
  if (lastByte === undefined || lastByte === 0xff) return Buffer.from('\0');
  last[last.length - 1] = lastByte + 1;
  return last;
}

function revisionOf(asked: RevisionPlan, { revision: current }: Binding): number {
  if (asked === null) return 0;
  return 'back' in asked ? current - asked.back : asked.exactly;
}

function rangeOf(asked: RangePlan, binding: Binding): etcdserverpb.RangeRequest.$Properties {
  const rangeEnd = endOf(asked, binding);
  // Over more than twelve keys etcd leaves open how ties are ordered: such wide ranges are sorted by key alone.
  const isWide = asked.key === '\0' || asked.key === '' || rangeEnd[0] === 0;
  return {
    key: keyOf(asked.key, binding),
    rangeEnd,
    limit: asked.limit,
    revision: revisionOf(asked.revision, binding),
    sortOrder: asked.sortOrder,
    sortTarget: isWide ? SortTarget.KEY : asked.sortTarget,
    serializable: asked.serializable,
    keysOnly: asked.keysOnly,
    countOnly: asked.countOnly,
    minModRevision: revisionOf(asked.minMod, binding),
    maxModRevision: revisionOf(asked.maxMod, binding),
    minCreateRevision: revisionOf(asked.minCreate, binding),
    maxCreateRevision: revisionOf(asked.maxCreate, binding),
  };
}

function putOf(asked: PutPlan, binding: Binding): etcdserverpb.PutRequest.$Properties {
  const { prevKv, ignoreValue, ignoreLease } = asked;
  const lease = leaseOf(asked.lease, binding);
  const key = keyOf(asked.key, binding);
  return { key, value: Buffer.from(asked.value, 'latin1'), lease, prevKv, ignoreValue, ignoreLease };
}

/** A Long, as the generated code wants it: its types know the class by another name. */
function leaseOf(lease: PutPlan['lease'], binding: Binding): number {
  const id: unknown = typeof lease === 'number' ? Long.fromNumber(lease) : nthLease(lease.nth, binding);
  return id as number;
}

function nthLease(nth: number, { leases = [] }: Binding): Long {
  return leases[nth % Math.max(leases.length, 1)] ?? Long.ZERO;
}

function deleteOf(asked: DeletePlan, binding: Binding): etcdserverpb.DeleteRangeRequest.$Properties {
  return { key: keyOf(asked.key, binding), rangeEnd: endOf(asked, binding), prevKv: asked.prevKv };
}

const compareTargets = {
  version: CompareTarget.VERSION,
  createRevision: CompareTarget.CREATE,
  modRevision: CompareTarget.MOD,
  value: CompareTarget.VALUE,
  lease: CompareTarget.LEASE,
} as const;

function compareOf(asked: ComparePlan, binding: Binding): etcdserverpb.Compare.$Properties {
  const common = {
    key: keyOf(asked.key, binding),
    rangeEnd: endOf(asked, binding),
    result: asked.result,
    target: compareTargets[asked.target],
  };
  switch (asked.target) {
    case 'version':
      return { ...common, version: asked.number };
    case 'createRevision':
      return { ...common, createRevision: revisionOf(asked.revision, binding) };
    case 'modRevision':
      return { ...common, modRevision: revisionOf(asked.revision, binding) };
    case 'value':
      return { ...common, value: Buffer.from(asked.value, 'latin1') };
    case 'lease':
      return { ...common, lease: asked.number };
  }
}

function operationOf(asked: OperationPlan, binding: Binding): etcdserverpb.RequestOp.$Properties {
  if ('requestRange' in asked) return { requestRange: rangeOf(asked.requestRange, binding) };
  if ('requestPut' in asked) return { requestPut: putOf(asked.requestPut, binding) };
  if ('requestDeleteRange' in asked)
    return { requestDeleteRange: deleteOf(asked.requestDeleteRange, binding) };
  if ('requestTxn' in asked) return { requestTxn: txnOf(asked.requestTxn, binding) };
  return {};
}

function txnOf(asked: TxnPlan, binding: Binding): etcdserverpb.TxnRequest.$Properties {
  const [first, ...others] = asked.success;
  const success =
    first === undefined ? [] : [...Array.from({ length: asked.repeat }, () => first), ...others];
  return {
    compare: asked.compare.map((each) => compareOf(each, binding)),
    success: success.map((each) => operationOf(each, binding)),
    failure: asked.failure.map((each) => operationOf(each, binding)),
  };
}
