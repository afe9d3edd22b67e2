import type { ErrorCode, Key } from '../base/index.js';
import type { StoreSnapshot } from '../storage/index.js';

/** Below 2^53. A fresh store is at revision 1. */
export type Revision = number;
/** All 64 bits, signed; 0n is no lease. */
export type LeaseId = bigint;

/** A key at one revision. Keys are latin-1 strings (see base/bytes.ts). */
export interface KeyValue {
  readonly key: Key;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: LeaseId;
}

/**
 * Which keys. `rangeEnd` null: the one key. '\0': every key from `key` on. Otherwise keys in [key, rangeEnd). An empty
 * `range_end` on the wire is null here.
 */
export interface KeyRange {
  readonly key: Key;
  readonly rangeEnd: Key | null;
}

/** `invalid`: the client sent a number that has no meaning; validation refuses it with `invalid-sort-option`. */
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value' | 'invalid';
export type SortOrder = 'none' | 'ascend' | 'descend' | 'invalid';

export interface RangeRequest extends KeyRange {
  readonly type: 'range';
  /** 0: no limit. Negative: no limit either (as etcd). */
  readonly limit: number;
  /** ≤ 0: the latest. */
  readonly revision: Revision;
  readonly sortOrder: SortOrder;
  readonly sortTarget: SortTarget;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** 0: no filter. */
  readonly minModRevision: Revision;
  readonly maxModRevision: Revision;
  readonly minCreateRevision: Revision;
  readonly maxCreateRevision: Revision;
}

export interface PutRequest {
  readonly type: 'put';
  readonly key: Key;
  readonly value: Uint8Array;
  readonly lease: LeaseId;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface DeleteRangeRequest extends KeyRange {
  readonly type: 'delete-range';
  readonly prevKv: boolean;
}

export type CompareResult = 'equal' | 'greater' | 'less' | 'not-equal';

export type CompareTarget =
  | { readonly type: 'version'; readonly version: number }
  | { readonly type: 'create'; readonly revision: Revision }
  | { readonly type: 'mod'; readonly revision: Revision }
  | { readonly type: 'value'; readonly value: Uint8Array }
  | { readonly type: 'lease'; readonly lease: LeaseId };

export interface Compare extends KeyRange {
  readonly result: CompareResult;
  readonly target: CompareTarget;
}

/** `none`: the client sent an operation without content; validation refuses it with `key-not-found`, as etcd does. */
export type TxnOperation =
  RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest | { readonly type: 'none' };

export interface TxnRequest {
  readonly type: 'txn';
  readonly compare: readonly Compare[];
  readonly success: readonly TxnOperation[];
  readonly failure: readonly TxnOperation[];
}

export interface CompactRequest {
  readonly type: 'compact';
  readonly revision: Revision;
  /** Answer only once the old revisions are gone from the store, not only from view. */
  readonly physical: boolean;
}

/** `revision` is that of the store when the request ran (the header's), not the one asked for. */
export interface RangeResponse {
  readonly type: 'range';
  readonly revision: Revision;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  /** Keys in the range at the revision; ignores limit and filters. */
  readonly count: number;
}

export interface PutResponse {
  readonly type: 'put';
  readonly revision: Revision;
  readonly previous: KeyValue | null;
}

export interface DeleteRangeResponse {
  readonly type: 'delete-range';
  readonly revision: Revision;
  readonly deleted: number;
  readonly previous: readonly KeyValue[];
}

export type TxnOperationResponse = RangeResponse | PutResponse | DeleteRangeResponse | TxnResponse;

export interface TxnResponse {
  readonly type: 'txn';
  readonly revision: Revision;
  readonly succeeded: boolean;
  readonly responses: readonly TxnOperationResponse[];
}

export interface CompactResponse {
  readonly type: 'compact';
  readonly revision: Revision;
}

/** One member as the cluster knows it. Replicated: changed by configuration entries and by `member-attributes`. */
export interface MemberRecord {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** Empty until the member has started and published it. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** A started member publishes its name and client addresses. */
export interface MemberAttributes {
  readonly type: 'member-attributes';
  readonly id: string;
  readonly name: string;
  readonly clientUrls: readonly string[];
}

/** What a normal log entry can hold. */
export type Command = PutRequest | DeleteRangeRequest | TxnRequest | CompactRequest | MemberAttributes;

export type CommandResponse =
  | PutResponse
  | DeleteRangeResponse
  | TxnResponse
  | CompactResponse
  /** `none`: the entry held no command. */
  | { readonly type: 'member-attributes' | 'none'; readonly revision: Revision };

/** A refusal is a value, the same on every member; `error` is never 'internal'. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorCode };

export interface HashKvResult {
  /** CRC-32C as etcd computes it over the revisions up to the hashed one. */
  readonly hash: number;
  readonly hashRevision: Revision;
  readonly compactRevision: Revision;
  /** The store's current revision. */
  readonly revision: Revision;
}

/** Where in the log; the same shape as raft's Position. */
export interface AppliedPosition {
  readonly term: number;
  readonly index: number;
}

/** The same shape as raft's Configuration; stored with the state so that a snapshot of it is whole. */
export interface ConfigurationRecord {
  readonly voters: readonly string[];
  readonly outgoing: readonly string[];
  readonly learners: readonly string[];
  readonly learnersNext: readonly string[];
}

export interface Membership {
  readonly configuration: ConfigurationRecord;
  /** Sorted by id. */
  readonly members: readonly MemberRecord[];
  /** Ids that were removed and may never come back. */
  readonly removed: readonly string[];
}

/** What a state store (or a snapshot of one) says about itself. Written in the same batch as the data it covers. */
export interface StateMeta {
  readonly applied: AppliedPosition;
  readonly revision: Revision;
  readonly compactRevision: Revision;
  readonly membership: Membership;
}

export interface StateMachineOptions {
  /** Values kept in memory, in bytes. */
  readonly cacheSizeBytesMax: number;
  /** Lets other work of the event loop run; called between chunks of long reads, compaction and hashing. */
  readonly yieldToLoop: () => Promise<void>;
  /** For an empty store: what a new cluster starts with. */
  readonly genesis: Membership;
}

/**
 * The replicated state machine over one store. Commands are applied in memory at once; what they changed is handed to
 * the store by `flush` in one synced batch together with the applied position, so that after any crash the store is
 * exactly the state at some applied index and the log replays the rest.
 */
export interface StateMachine {
  /** In memory; `flushedIndex` is what the store holds durably. */
  readonly applied: AppliedPosition;
  readonly flushedIndex: number;
  readonly revision: Revision;
  readonly compactRevision: Revision;
  readonly membership: Membership;
  /** Bytes that wait for a flush. The driver flushes in time and holds back when it cannot. */
  readonly unflushedSizeBytes: number;
  /** Synchronous and deterministic. `position.index` must be applied.index + 1. Null: an entry without a command. */
  apply(position: AppliedPosition, command: Command | null): Outcome<CommandResponse>;
  applyMembership(position: AppliedPosition, membership: Membership): void;
  /** Makes everything applied so far durable. One at a time; a second call waits for the first and then covers the rest. */
  flush(): Promise<void>;
  /** Reads at one revision throughout, though it may yield in between. */
  range(request: RangeRequest): Promise<Outcome<RangeResponse>>;
  /** The same at once, for a read that is small; null when it would have to yield: then ask `range`. */
  rangeSync(request: RangeRequest): Outcome<RangeResponse> | null;
  /** A transaction without writes, against the applied state, outside the log. Throws if it writes. */
  readTxn(request: TxnRequest): Promise<Outcome<TxnResponse>>;
  /** 0: at the current revision. */
  hashKv(revision: Revision): Promise<Outcome<HashKvResult>>;
  /** Resolves once every revision that the compaction at `revision` made obsolete is gone from the store. */
  compacted(revision: Revision): Promise<void>;
  /** Keys alive now. */
  readonly keyCount: number;
  /** A point in time of the store, for a follower; flushes first. Read its meta with `readStateMeta`. */
  snapshot(): Promise<StoreSnapshot>;
  sizeBytes(): Promise<{ readonly total: number; readonly inUse: number }>;
  /** Ends background compaction and waits for a running flush. Does not close the store. */
  close(): Promise<void>;
}
