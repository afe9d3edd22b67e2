import { ClientError } from './errors.js';
import { etcdserverpb } from '../gen/protos.js';
import type { Compare } from './compare.js';
import type { CallOptions, Connection } from './connection.js';
import type { Entry } from './entry.js';
import type { Bytes, Keys } from './keys.js';
import type { Keyspace } from './keyspace.js';
import { deleteRequest, deleteResult, firstEntry, pageOf, putRequest, putResult } from './operations.js';
import { rangeRequest, revisionOf } from './operations.js';
import type { DeleteOptions, DeleteResult, GetOptions, Page, PageOptions } from './operations.js';
import type { PutOptions, PutResult } from './operations.js';

/** One operation of a transaction, made by `op`, and what its result is. */
export interface Operation<Result = unknown> {
  readonly wire: etcdserverpb.RequestOp.$Properties;
  readonly isRead: boolean;
  read(response: etcdserverpb.ResponseOp.$Properties): Result;
}

type ResultsOf<Operations extends readonly Operation[]> = {
  readonly [Index in keyof Operations]: Operations[Index] extends Operation<infer Result> ? Result : never;
};

/** Which of the two lists ran, and one result for each of its operations. */
export type TxnResult<Then extends readonly Operation[], Else extends readonly Operation[]> =
  | { readonly succeeded: true; readonly revision: number; readonly results: ResultsOf<Then> }
  | { readonly succeeded: false; readonly revision: number; readonly results: ResultsOf<Else> };

/** A transaction without its client: what `op.txn` nests. */
export interface TxnParts<Then extends readonly Operation[], Else extends readonly Operation[]> {
  readonly if?: readonly Compare[];
  readonly then?: Then;
  readonly else?: Else;
}

/**
 * Compares, then runs one of two lists of operations, all as one revision or not at all:
 *
 *     const outcome = await client
 *       .txn()
 *       .if(compare.value('seat/7', '=', 'free'))
 *       .then(op.put('seat/7', 'ada'))
 *       .else(op.get('seat/7'))
 *       .commit();
 *     if (!outcome.succeeded) console.log(`taken by ${outcome.results[0]?.text}`);
 *
 * Each step gives a new builder; what `if`, `then` and `else` are given replaces what they were given before.
 */
export interface TxnBuilder<Then extends readonly Operation[], Else extends readonly Operation[]> {
  /** All of them must hold. Without any, they do. */
  if(...compares: readonly Compare[]): TxnBuilder<Then, Else>;
  then<const Operations extends readonly Operation[]>(
    ...operations: Operations
  ): TxnBuilder<Operations, Else>;
  else<const Operations extends readonly Operation[]>(
    ...operations: Operations
  ): TxnBuilder<Then, Operations>;
  /** One without puts and deletes counts as a read: it is sent again if a member fails. */
  commit(options?: CallOptions): Promise<TxnResult<Then, Else>>;
}

/** Operations of a transaction. */
export const op = {
  put(key: Bytes, value: Bytes, options: PutOptions = {}): Operation<PutResult> {
    const wire = { requestPut: putRequest(key, value, options) };
    return { wire, isRead: false, read: (response) => putResult(response.responsePut ?? {}) };
  },
  get(key: Bytes, options: GetOptions = {}): Operation<Entry | undefined> {
    const wire = { requestRange: rangeRequest(key, options) };
    return { wire, isRead: true, read: (response) => firstEntry(pageOf(response.responseRange ?? {})) };
  },
  range(keys: Keys, options: PageOptions = {}): Operation<Page> {
    const wire = { requestRange: rangeRequest(keys, options) };
    return { wire, isRead: true, read: (response) => pageOf(response.responseRange ?? {}) };
  },
  delete(keys: Keys, options: DeleteOptions = {}): Operation<DeleteResult> {
    const wire = { requestDeleteRange: deleteRequest(keys, options) };
    return { wire, isRead: false, read: (response) => deleteResult(response.responseDeleteRange ?? {}) };
  },
  /** A transaction within one. Its compares see the store before all of it, its operations what ran before them. */
  txn<const Then extends readonly Operation[] = [], const Else extends readonly Operation[] = []>(
    parts: TxnParts<Then, Else>,
  ): Operation<TxnResult<Then, Else>> {
    return {
      wire: { requestTxn: txnRequest(parts) },
      isRead: isRead(parts),
      read: (response) => txnResult(parts, response.responseTxn ?? {}),
    };
  },
} as const;

/** Where transactions go, and how often. */
export interface TxnTarget {
  readonly connection: Connection;
  readonly keyspace: Keyspace;
  /** Writing twice what it writes does no harm: it is sent again like a read. */
  readonly isRepeatable?: boolean;
}

export function createTxn(target: TxnTarget): TxnBuilder<[], []> {
  return builderOf(target, {});
}

function builderOf<Then extends readonly Operation[], Else extends readonly Operation[]>(
  target: TxnTarget,
  parts: TxnParts<Then, Else>,
): TxnBuilder<Then, Else> {
  return {
    if: (...compares) => builderOf(target, { ...parts, if: compares }),
    then(...operations) {
      refuseAwait(operations);
      const next: TxnParts<typeof operations, Else> = { ...parts, then: operations };
      return builderOf(target, next);
    },
    else(...operations) {
      const next: TxnParts<Then, typeof operations> = { ...parts, else: operations };
      return builderOf(target, next);
    },
    async commit(options) {
      const { connection, keyspace, isRepeatable = false } = target;
      const message = etcdserverpb.TxnRequest.encode(keyspace.outwardTxn(txnRequest(parts))).finish();
      const kind = isRead(parts) ? 'read' : isRepeatable ? 'repeatable' : 'write';
      const request = { name: 'txn', path: '/etcdserverpb.KV/Txn', message, kind } as const;
      const response = etcdserverpb.TxnResponse.decode(await connection.call(request, options));
      return txnResult(parts, keyspace.inwardTxn(response));
    },
  };
}

/** `await` calls the `then` of whatever has one, with functions: here it stands for a forgotten `commit()`. */
function refuseAwait(operations: readonly unknown[]): void {
  if (operations.some((operation) => typeof operation === 'function')) {
    throw new ClientError(
      'invalid-argument',
      'a transaction is awaited before its commit(): nothing was sent',
    );
  }
}

function isRead(parts: TxnParts<readonly Operation[], readonly Operation[]>): boolean {
  return [...(parts.then ?? []), ...(parts.else ?? [])].every((operation) => operation.isRead);
}

function txnRequest(
  parts: TxnParts<readonly Operation[], readonly Operation[]>,
): etcdserverpb.TxnRequest.$Properties {
  return {
    compare: (parts.if ?? []).map(({ wire }) => wire),
    success: (parts.then ?? []).map(({ wire }) => wire),
    failure: (parts.else ?? []).map(({ wire }) => wire),
  };
}

function txnResult<Then extends readonly Operation[], Else extends readonly Operation[]>(
  parts: TxnParts<Then, Else>,
  response: etcdserverpb.TxnResponse.$Properties,
): TxnResult<Then, Else> {
  const revision = revisionOf(response.header);
  const responses = response.responses ?? [];
  return response.succeeded === true
    ? { succeeded: true, revision, results: resultsOf<Then>(parts.then, responses) }
    : { succeeded: false, revision, results: resultsOf<Else>(parts.else, responses) };
}

/** The list of results has the types of the list of operations that made it: what no compiler can know by itself. */
function resultsOf<Operations extends readonly Operation[]>(
  operations: Operations | undefined,
  responses: readonly etcdserverpb.ResponseOp.$Properties[],
): ResultsOf<Operations> {
  const results = (operations ?? []).map((operation, index) => operation.read(responses[index] ?? {}));
  return results as unknown as ResultsOf<Operations>;
}
