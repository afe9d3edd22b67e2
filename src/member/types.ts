import type {
  CompactRequest,
  CompactResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  HashKvResult,
  MemberRecord,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '../mvcc/index.js';
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
  /** In answer order; empty when all is well, e.g. `etcdserver: no leader`. */
  readonly errors: readonly string[];
}

/**
 * One member of a cluster, as its own process or embedded in another. Every request method takes a request that any
 * member can answer: writes and linearizable reads go through the leader wherever they enter. Requests are validated
 * here; failures are QuorateErrors whose codes `api/errors.ts` translates. A request is given up after the request
 * timeout with `timed-out`: a write may then still happen.
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
  databaseSize(): Promise<{ readonly total: number; readonly inUse: number }>;
  range(request: RangeRequest): Promise<RangeResponse>;
  put(request: PutRequest): Promise<PutResponse>;
  deleteRange(request: DeleteRangeRequest): Promise<DeleteRangeResponse>;
  txn(request: TxnRequest): Promise<TxnResponse>;
  compact(request: CompactRequest): Promise<CompactResponse>;
  hashKv(revision: number): Promise<HashKvResult>;
  /** `linearizable`: as of now, confirmed with the leader; otherwise what this member knows. */
  members(options: { readonly linearizable: boolean }): Promise<readonly MemberRecord[]>;
  /** Resolves once this member has applied all that was committed when it was called. */
  linearizableBarrier(): Promise<void>;
  transferLeadership(to: NodeId): Promise<void>;
  /** Resolves when the member has stopped, for whatever reason; rejects when it ended itself because it was wrong. */
  readonly stopped: Promise<void>;
  close(): Promise<void>;
}
