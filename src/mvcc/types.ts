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
  /** mvccpb.KeyValue with just these fields, where it is at hand. Not copied by a spread: see key-value.ts. */
  readonly encoded?: Uint8Array;
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

/** `id` is never 0n: the member that takes the request has chosen one. `ttlSeconds` is within bounds already. */
export interface LeaseGrant {
  readonly type: 'lease-grant';
  readonly id: LeaseId;
  readonly ttlSeconds: number;
}

/**
 * `onlyInTerm` > 0: the leader of that term saw the lease expire; in an entry of any other term it does nothing
 * (`leader-changed`), so that a former leader that slept cannot end leases that its successor keeps (etcd issue 15247).
 * 0: a client asked for it.
 */
export interface LeaseRevoke {
  readonly type: 'lease-revoke';
  readonly id: LeaseId;
  readonly onlyInTerm: number;
}

/** How much time the leader of `onlyInTerm` saw left; 0: all of it again. Leases that are gone are passed over. */
export interface LeaseCheckpoint {
  readonly type: 'lease-checkpoint';
  readonly onlyInTerm: number;
  readonly leases: readonly { readonly id: LeaseId; readonly remainingTtlSeconds: number }[];
}

export type AlarmType = 'no-space' | 'corrupt';

export interface Alarm {
  /** 16 hexadecimal digits. */
  readonly memberId: string;
  readonly alarm: AlarmType;
}

/** Raises or ends an alarm. Answers with the alarms that changed. */
export interface AlarmCommand extends Alarm {
  readonly type: 'alarm';
  readonly action: 'activate' | 'deactivate';
}

export type PermissionType = 'read' | 'write' | 'read-write';

export interface Permission extends KeyRange {
  readonly permission: PermissionType;
}

/** What changes users and roles. Passwords come as bcrypt hashes in their text form; '' is a user without one. */
export type AuthCommand =
  | { readonly type: 'auth-enable' }
  | { readonly type: 'auth-disable' }
  | { readonly type: 'user-add'; readonly user: string; readonly hash: string; readonly noPassword: boolean }
  | { readonly type: 'user-delete'; readonly user: string }
  | { readonly type: 'user-change-password'; readonly user: string; readonly hash: string }
  | { readonly type: 'user-grant-role'; readonly user: string; readonly role: string }
  | { readonly type: 'user-revoke-role'; readonly user: string; readonly role: string }
  | { readonly type: 'role-add'; readonly role: string }
  | { readonly type: 'role-delete'; readonly role: string }
  | { readonly type: 'role-grant-permission'; readonly role: string; readonly permission: Permission }
  | { readonly type: 'role-revoke-permission'; readonly role: string; readonly range: KeyRange }
  /**
   * A user has shown its password, as it was at `authRevision`: from now on every member takes `token`, a dot and the index
   * of this entry as the user's simple token. Changes nothing that is stored (etcd keeps such tokens in memory too).
   */
  | {
      readonly type: 'auth-token';
      readonly user: string;
      readonly token: string;
      readonly authRevision: number;
    };

/** What a normal log entry can hold. */
export type Command =
  | PutRequest
  | DeleteRangeRequest
  | TxnRequest
  | CompactRequest
  | MemberAttributes
  | LeaseGrant
  | LeaseRevoke
  | LeaseCheckpoint
  | AlarmCommand
  | AuthCommand;

/** A user, as its credentials proved it at the auth store's revision. `user` '': no credentials were given. */
export interface Principal {
  readonly user: string;
  readonly authRevision: number;
}

/** On whose behalf. `trusted` is the program itself or its embedder: nothing is refused to it. */
export type Caller = Principal | 'trusted';

export interface Proposal {
  readonly command: Command;
  readonly caller: Caller;
}

export type CommandResponse =
  | PutResponse
  | DeleteRangeResponse
  | TxnResponse
  | CompactResponse
  | { readonly type: 'alarm'; readonly revision: Revision; readonly alarms: readonly Alarm[] }
  /** `none`: the entry held no command. */
  | {
      readonly type:
        'member-attributes' | 'lease-grant' | 'lease-revoke' | 'lease-checkpoint' | 'auth' | 'none';
      readonly revision: Revision;
    };

/** A lease as the cluster has agreed on it. When it ends only its leader's clock knows. */
export interface Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** What was left when the leader last said so; 0: all of it. */
  readonly remainingTtlSeconds: number;
}

export interface LeaseTable {
  get(id: LeaseId): Lease | undefined;
  /** The keys that the lease keeps alive, sorted. */
  keysOf(id: LeaseId): readonly Key[];
  keyCountOf(id: LeaseId): number;
  /** Sorted by id. */
  list(): readonly Lease[];
  readonly size: number;
}

export interface AuthUser {
  readonly name: string;
  /** A bcrypt hash in its text form; '' when the user has no password. */
  readonly hash: string;
  readonly noPassword: boolean;
  /** Sorted. */
  readonly roles: readonly string[];
}

export interface AuthRole {
  readonly name: string;
  /** Sorted by key; of one key, in the order in which they were granted. */
  readonly permissions: readonly Permission[];
}

/** The users and roles as applied. A refusal is an error code; null: permitted. All checks permit `trusted`. */
export interface AuthView {
  readonly enabled: boolean;
  /** Counts the changes; begins at 1. */
  readonly revision: number;
  user(name: string): AuthUser | undefined;
  role(name: string): AuthRole | undefined;
  /** Sorted names. */
  userNames(): readonly string[];
  roleNames(): readonly string[];
  /** What may be refused of a read: the ranges, and those of a transaction's compares and every branch of it. */
  checkRead(caller: Caller, request: RangeRequest | TxnRequest): ErrorCode | null;
  /**
   * A caller of an older revision is `auth-revision-old`: who asks again later about a permission that stands (a watch)
   * passes the present revision.
   */
  checkRange(caller: Caller, range: KeyRange, permission: 'read' | 'write'): ErrorCode | null;
  checkAdmin(caller: Caller): ErrorCode | null;
  /** `user-empty` for the nameless caller while users are needed. */
  checkUser(caller: Caller): ErrorCode | null;
}

/** One change of one key. Of a deletion the kv has only `key` and `modRevision`. */
export interface KeyChange {
  readonly type: 'put' | 'delete';
  readonly kv: KeyValue;
}

/** All changes of one revision, in the order in which they were made; never empty. */
export interface RevisionChanges {
  readonly revision: Revision;
  readonly changes: readonly KeyChange[];
}

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
  apply(position: AppliedPosition, proposal: Proposal | null): Outcome<CommandResponse>;
  applyMembership(position: AppliedPosition, membership: Membership): void;
  /** Makes everything applied so far durable. One at a time; a second call waits for the first and then covers the rest. */
  flush(): Promise<void>;
  /**
   * Reads at one revision throughout, though it may yield in between. Errors: `canceled` once `isWanted` says no,
   * `too-many-keys`, `too-many-requests`.
   */
  range(request: RangeRequest, isWanted?: () => boolean): Promise<Outcome<RangeResponse>>;
  /** The same at once, for a read that is small; null when it would have to yield: then ask `range`. */
  rangeSync(request: RangeRequest): Outcome<RangeResponse> | null;
  /** A transaction without writes, against the applied state, outside the log. Throws if it writes. */
  readTxn(request: TxnRequest, isWanted?: () => boolean): Promise<Outcome<TxnResponse>>;
  /** About how many keys the request would look at or change now. O(log n) an operation. */
  estimateKeys(request: DeleteRangeRequest | TxnRequest): number;
  /** 0: at the current revision. */
  hashKv(revision: Revision): Promise<Outcome<HashKvResult>>;
  /** Resolves once every revision that the compaction at `revision` made obsolete is gone from the store. */
  compacted(revision: Revision): Promise<void>;
  /** Keys alive now. */
  readonly keyCount: number;
  readonly leases: LeaseTable;
  /** Sorted by member, then alarm. */
  readonly alarms: readonly Alarm[];
  readonly auth: AuthView;
  /** What was applied since the last call, in order. Kept only while somebody wants it: see `recordChanges`. */
  takeChanges(): readonly RevisionChanges[];
  recordChanges(wanted: boolean): void;
  /**
   * History from `from` on, whole revisions, oldest first, until about `sizeBytesMax` is gathered; `next` is where to go
   * on, above the current revision once there is no more. `compacted` if part of it is gone.
   */
  changesSince(
    from: Revision,
    sizeBytesMax: number,
  ): Promise<Outcome<{ readonly revisions: readonly RevisionChanges[]; readonly next: Revision }>>;
  /** The key as it was just before its change at `revision`; null if it was not there, or is compacted. */
  valueBefore(key: Key, revision: Revision): KeyValue | null;
  /** A point in time of the store, for a follower; flushes first. Read its meta with `readStateMeta`. */
  snapshot(): Promise<StoreSnapshot>;
  sizeBytes(): Promise<{ readonly total: number; readonly inUse: number }>;
  /** Ends background compaction and waits for a running flush. Does not close the store. */
  close(): Promise<void>;
}
