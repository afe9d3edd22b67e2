import fc from 'fast-check';
import type {
  DeleteRangeResponse,
  KeyValue,
  PutResponse,
  RangeResponse,
  TxnOperationResponse,
  TxnResponse,
} from '../../src/mvcc/index.js';

/** Zero, small, at the edges of each varint length, and anything below 2^53. */
export const revision = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 1, max: 7 }).map((length) => 2 ** (7 * length)),
  fc.integer({ min: 1, max: 7 }).map((length) => 2 ** (7 * length) - 1),
  fc.constant(Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);

export const key = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

export const value = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

/** All 64 bits, signed. */
export const lease = fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));

export const keyValue: fc.Arbitrary<KeyValue> = fc.record({
  key,
  createRevision: revision,
  modRevision: revision,
  version: revision,
  value,
  lease,
});

const kvs = fc.array(keyValue, { maxLength: 5 });

export const rangeResponse: fc.Arbitrary<RangeResponse> = fc.record({
  type: fc.constant('range' as const),
  revision,
  kvs,
  more: fc.boolean(),
  count: revision,
});

export const putResponse: fc.Arbitrary<PutResponse> = fc.record({
  type: fc.constant('put' as const),
  revision,
  previous: fc.option(keyValue),
});

export const deleteRangeResponse: fc.Arbitrary<DeleteRangeResponse> = fc.record({
  type: fc.constant('delete-range' as const),
  revision,
  deleted: revision,
  previous: kvs,
});

export const { txn: txnResponse } = fc.letrec<{ txn: TxnResponse; operation: TxnOperationResponse }>(
  (tie) => ({
    operation: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      rangeResponse,
      putResponse,
      deleteRangeResponse,
      tie('txn'),
    ),
    txn: fc.record({
      type: fc.constant('txn' as const),
      revision,
      succeeded: fc.boolean(),
      responses: fc.array(tie('operation'), { maxLength: 4 }),
    }),
  }),
);
