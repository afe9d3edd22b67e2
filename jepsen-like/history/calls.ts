/**
 * What a client asked of the store and what came of it, with the revisions: the ground truth that the checkers of revisions
 * and watches work on. Keys and values are text here; all of it survives JSON. Shapes follow etcdserverpb.
 */
export type Request =
  | RangeRequest
  | PutRequest
  | DeleteRequest
  | TxnRequest
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'lease-grant'; readonly id: string; readonly ttlSeconds: number }
  | { readonly type: 'lease-revoke'; readonly id: string }
  | { readonly type: 'lease-keep-alive'; readonly id: string }
  | { readonly type: 'lease-time-to-live'; readonly id: string };

export interface RangeRequest {
  readonly type: 'range';
  readonly key: string;
  /** '' is the one key; otherwise keys in [key, rangeEnd), and '\0' all from `key` on. */
  readonly rangeEnd: string;
  /** 0: the latest. */
  readonly revision: number;
  /** 0: no limit. */
  readonly limit: number;
  /** What the asked member has, perhaps stale. */
  readonly serializable: boolean;
}

export interface PutRequest {
  readonly type: 'put';
  readonly key: string;
  readonly value: string;
  /** Decimal, as everywhere here; '0': none. */
  readonly lease: string;
}

export interface DeleteRequest {
  readonly type: 'delete';
  readonly key: string;
  readonly rangeEnd: string;
}

export interface Compare {
  readonly key: string;
  readonly target: 'value' | 'version' | 'create' | 'mod' | 'lease';
  readonly sign: '=' | '!=' | '<' | '>';
  /** A number in decimal unless the target is `value`. */
  readonly operand: string;
}

export interface TxnRequest {
  readonly type: 'txn';
  readonly compare: readonly Compare[];
  readonly success: readonly (RangeRequest | PutRequest | DeleteRequest)[];
  readonly failure: readonly (RangeRequest | PutRequest | DeleteRequest)[];
}

/** A key as the store has it. */
export interface Kv {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: string;
}

/** `revision` is the header's: that of the store when the request was served. */
export type Response =
  | RangeResponse
  | { readonly type: 'put'; readonly revision: number }
  | { readonly type: 'delete'; readonly revision: number; readonly deleted: number }
  | TxnResponse
  | { readonly type: 'compact'; readonly revision: number }
  | {
      readonly type: 'lease-grant';
      readonly revision: number;
      readonly id: string;
      readonly ttlSeconds: number;
    }
  | { readonly type: 'lease-revoke'; readonly revision: number }
  /** `ttlSeconds` 0: the lease is gone. */
  | { readonly type: 'lease-keep-alive'; readonly revision: number; readonly ttlSeconds: number }
  /** -1: the lease is gone. */
  | { readonly type: 'lease-time-to-live'; readonly revision: number; readonly ttlSeconds: number };

export interface RangeResponse {
  readonly type: 'range';
  readonly revision: number;
  readonly kvs: readonly Kv[];
  readonly count: number;
  readonly more: boolean;
}

export interface TxnResponse {
  readonly type: 'txn';
  readonly revision: number;
  readonly succeeded: boolean;
  /** In the order of the operations of the branch that ran; those of writes carry nothing else of use. */
  readonly responses: readonly Response[];
}

/** One request to one member, from one process. A process has one call under way at a time. */
export interface Call {
  /** Position in order of invocation, from 0. */
  readonly id: number;
  readonly process: number;
  /** The member that was asked. */
  readonly member: string;
  readonly invokedUs: number;
  /** Null: no answer ever came. */
  readonly completedUs: number | null;
  readonly request: Request;
  readonly outcome: Outcome<Response>;
}

/**
 * `failed`: surely without effect. `unknown`: it may have happened, may still happen, or never will (a time-out, a lost
 * connection); checkers keep it open for ever.
 */
export type Outcome<T> =
  | { readonly type: 'ok'; readonly value: T }
  | { readonly type: 'failed'; readonly error: string }
  | { readonly type: 'unknown'; readonly error: string };
