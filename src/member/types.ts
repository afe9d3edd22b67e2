import type { Key, ErrorCode } from '../base/index.js';
import type {
  Alarm,
  AlarmType,
  AuthCommand,
  AuthRole,
  AuthUser,
  Caller,
  CompactRequest,
  CompactResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  HashKvResult,
  KeyRange,
  KeyValue,
  LeaseId,
  MemberRecord,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  Revision,
  TxnRequest,
  TxnResponse,
} from '../mvcc/index.js';
import type { MemberMeasures } from './measures.js';
import type { NodeId, Role } from '../raft/index.js';

export interface MemberStatus {
  readonly id: NodeId;
  readonly clusterId: string;
  readonly name: string;
  readonly role: Role;
  /** Null while none is known. */
  readonly leader: NodeId | null;
  readonly isLearner: boolean;
  readonly term: number;
  /** Last index known to be committed. */
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly revision: number;
  readonly compactRevision: number;
  readonly keyCount: number;
  readonly quotaSizeBytes: number;
  /** In answer order; empty when all is well, e.g. `etcdserver: no leader`, `memberID:123 alarm:NOSPACE `. */
  readonly errors: readonly string[];
}

/**
 * One member of a cluster, as its own process or embedded in another. Every request method takes a request that any
 * member can answer: writes and linearizable reads go through the leader wherever they enter. Requests are validated
 * here; failures are QuorateErrors whose codes `api/errors.ts` translates. A request is given up after the request
 * timeout with `timed-out`: a write may then still happen.
 *
 * Each request is made on behalf of a caller; left out, it is `trusted`.
 */
export interface Member {
  readonly id: NodeId;
  readonly clusterId: string;
  status(): MemberStatus;
  /** Null while none is known. Cheap, as is `isLearner`: asked for every request. */
  readonly leader: NodeId | null;
  readonly isLearner: boolean;
  /** What every answer's header tells, cheaply. */
  header(): { readonly term: number; readonly revision: number };
  /** `isWanted` false: nobody waits for it any more; a long read ends then, with `canceled`. */
  range(request: RangeRequest, caller?: Caller, isWanted?: () => boolean): Promise<RangeResponse>;
  put(request: PutRequest, caller?: Caller): Promise<PutResponse>;
  deleteRange(request: DeleteRangeRequest, caller?: Caller): Promise<DeleteRangeResponse>;
  txn(request: TxnRequest, caller?: Caller, isWanted?: () => boolean): Promise<TxnResponse>;
  compact(request: CompactRequest, caller?: Caller): Promise<CompactResponse>;
  /** Resolves once this member has applied all that was committed when it was called. */
  linearizableBarrier(): Promise<void>;
  readonly watches: WatchHub;
  readonly leases: MemberLeases;
  readonly cluster: MemberCluster;
  readonly maintenance: MemberMaintenance;
  readonly auth: MemberAuth;
  measures(): MemberMeasures;
  /** Resolves when the member has stopped, for whatever reason; rejects when it ended itself because it was wrong. */
  readonly stopped: Promise<void>;
  close(): Promise<void>;
}

// --- Watches ----------------------------------------------------------------------------------------------------------

export interface WatchRequest extends KeyRange {
  /** 0: what comes next. */
  readonly startRevision: Revision;
  /** Kinds of events that are not wanted. */
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
}

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  /** Of a deletion only `key` and `modRevision` mean something. */
  readonly kv: KeyValue;
  /** Null: not asked for, not there, or compacted. */
  readonly previous: KeyValue | null;
}

/** Where the events of one watcher go. Called within the member's turn: it queues or writes, and never waits. */
export interface WatchSink {
  /**
   * Events in revision order, whole revisions, each exactly once; never empty. `revision` is the store's, at least that
   * of the last event. False: enough for now; the watcher is parked at a small cost until `Watcher.resume`, and then
   * served from history.
   */
  events(events: readonly WatchEvent[], revision: Revision): boolean;
  /**
   * Asked before events are handed over. True: not now; the watcher is parked before them, as if `events` had answered
   * false to those before. Left out: it never is.
   */
  isFull?(): boolean;
  /** The revisions that it still needed are gone: the watcher has ended. A new one may start at `compactRevision`. */
  compacted(compactRevision: Revision): void;
  /** Ended for another reason: the member stops, or the caller may no longer read the range (`permission-denied`). */
  ended(error: ErrorCode): void;
}

export interface Watcher {
  /** All events below it have been handed to the sink. */
  readonly nextRevision: Revision;
  /** Nothing that has happened is still owed to it. */
  readonly isSynced: boolean;
  resume(): void;
  /** No call of the sink comes after it. */
  cancel(): void;
}

/** All watchers of one member. Outlives snapshots that replace the state: watchers go on from history. */
export interface WatchHub {
  /**
   * Begins to watch. A start below the compacted revision ends it at once (`compacted`, after this has returned). Errors:
   * `permission-denied` and its kin when the caller may not read the range, `too-many-requests` when the member's watchers
   * would take more memory than `MemberLimits.watchersSizeBytesMax`.
   */
  watch(request: WatchRequest, sink: WatchSink, caller?: Caller): Watcher;
  /** Calls once, when the present or next turn has handed out what it applied, or some watchers have caught up. */
  onNextTurn(listener: () => void): void;
  readonly watcherCount: number;
  /** Those that still have history to catch up with. */
  readonly unsyncedCount: number;
}

// --- Leases -----------------------------------------------------------------------------------------------------------

export interface LeaseTimeToLive {
  /** What is left; 0 when it has expired and is about to be revoked. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  /** Empty unless asked for. */
  readonly keys: readonly Key[];
}

export interface MemberLeases {
  /**
   * `id` 0n: one is chosen. The TTL is raised to what an election may take. Errors: `lease-exists`,
   * `lease-ttl-too-large`, `no-space`.
   */
  grant(
    request: { readonly id: LeaseId; readonly ttlSeconds: number },
    caller?: Caller,
  ): Promise<{ readonly id: LeaseId; readonly ttlSeconds: number; readonly revision: Revision }>;
  /** Errors: `lease-not-found`; `permission-denied` unless the caller may write all of its keys. */
  revoke(id: LeaseId, caller?: Caller): Promise<{ readonly revision: Revision }>;
  /** Begins its time anew and tells the TTL, by its leader, wherever it is asked; 0: there is no such lease. */
  keepAlive(id: LeaseId, caller?: Caller): Promise<number>;
  /** Null: there is no such lease. */
  timeToLive(
    id: LeaseId,
    options: { readonly keys: boolean },
    caller?: Caller,
  ): Promise<LeaseTimeToLive | null>;
  list(caller?: Caller): Promise<readonly LeaseId[]>;
}

// --- Membership -------------------------------------------------------------------------------------------------------

/** Every change answers with the members after it. Errors: see the membership part of ErrorCode. */
export interface MemberCluster {
  /** `linearizable`: as of now, confirmed with the leader; otherwise what this member knows. */
  members(options: { readonly linearizable: boolean }): Promise<readonly MemberRecord[]>;
  add(
    request: { readonly peerUrls: readonly string[]; readonly isLearner: boolean },
    caller?: Caller,
  ): Promise<{ readonly member: MemberRecord; readonly members: readonly MemberRecord[] }>;
  remove(id: NodeId, caller?: Caller): Promise<readonly MemberRecord[]>;
  update(id: NodeId, peerUrls: readonly string[], caller?: Caller): Promise<readonly MemberRecord[]>;
  promote(id: NodeId, caller?: Caller): Promise<readonly MemberRecord[]>;
  /** At once, through joint consensus: the learner becomes a voter and another voter leaves. Not in etcd's API. */
  replace(
    request: { readonly leaving: NodeId; readonly learner: NodeId },
    caller?: Caller,
  ): Promise<readonly MemberRecord[]>;
}

// --- Maintenance ------------------------------------------------------------------------------------------------------

/** A consistent copy of the whole store as one file in etcd's format (bbolt). */
export interface SnapshotFile {
  readonly sizeBytes: number;
  readonly revision: Revision;
  /** The file in order, in pieces of at most 32 KiB. To be consumed once, and to its end or closed with `return`. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface MemberMaintenance {
  databaseSize(): Promise<{ readonly total: number; readonly inUse: number }>;
  hashKv(revision: number, caller?: Caller): Promise<HashKvResult>;
  alarms(): readonly Alarm[];
  /** `memberId` null: of all members; `alarm` null: of every kind. Answers with the alarms that changed. */
  activateAlarm(memberId: NodeId, alarm: AlarmType, caller?: Caller): Promise<readonly Alarm[]>;
  deactivateAlarm(
    memberId: NodeId | null,
    alarm: AlarmType | null,
    caller?: Caller,
  ): Promise<readonly Alarm[]>;
  /** Gives space back to the file system; requests go on meanwhile. */
  defragment(caller?: Caller): Promise<void>;
  snapshotFile(caller?: Caller): Promise<SnapshotFile>;
  /** Errors: `not-leader`, `bad-leader-transferee`. Resolves when the other leads. */
  moveLeader(to: NodeId, caller?: Caller): Promise<void>;
}

// --- Auth -------------------------------------------------------------------------------------------------------------

/** What a call brings to say who makes it. */
export interface Credentials {
  readonly token: string | null;
  /** The common name of a client certificate that was verified. */
  readonly commonName: string | null;
}

export interface MemberAuth {
  readonly enabled: boolean;
  readonly revision: number;
  /**
   * Who makes a call. At once while auth is off, and for tokens that were seen before. Errors: `invalid-auth-token`.
   * Without credentials: the principal without a name.
   */
  callerOf(credentials: Credentials): Caller | Promise<Caller>;
  /**
   * The same caller as this member knows it now, for whoever has waited since `callerOf`. Errors: `invalid-auth-token`
   * when its token has ended meanwhile.
   */
  current(caller: Caller): Caller;
  /** A token for name and password. Errors: `auth-not-enabled`, `authentication-failed`. */
  authenticate(user: string, password: string): Promise<string>;
  /** Changes users, roles or permissions. `auth-token` is not for callers. */
  execute(command: Exclude<AuthCommand, { type: 'auth-token' }>, caller?: Caller): Promise<void>;
  /** The bcrypt hash of a password, made on another thread. Errors: `password-too-long`, `too-many-requests`. */
  hashPassword(password: string): Promise<string>;
  /** Everybody may ask about itself, and about its own roles; the rest is for root. As of now. */
  user(name: string, caller?: Caller): Promise<AuthUser>;
  role(name: string, caller?: Caller): Promise<AuthRole>;
  userNames(caller?: Caller): Promise<readonly string[]>;
  roleNames(caller?: Caller): Promise<readonly string[]>;
  /** Throws unless the caller may do what only root may. */
  requireAdmin(caller: Caller): void;
  /** Throws `user-empty` for the nameless caller while users are needed. */
  requireUser(caller: Caller): void;
  /** Throws unless the caller may read or write the range. */
  requireRange(caller: Caller, range: KeyRange, permission: 'read' | 'write'): void;
}
