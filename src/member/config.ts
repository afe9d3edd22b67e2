import type { AuthConfig } from './auth/index.js';
import type { AutoCompaction } from './auto-compaction.js';

/** One member of a new cluster, as `--initial-cluster` names it. */
export interface InitialMember {
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** What a member is told at its start; everything else it remembers on its disk. */
export interface MemberConfig {
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly initialCluster: readonly InitialMember[];
  /** Sets clusters apart that have the same members. */
  readonly initialClusterToken: string;
  /** `existing`: join a cluster that runs already. Ignored once the member has data. */
  readonly initialClusterState: 'new' | 'existing';
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  /** Log entries after which the log is cut; the state machine holds what they did. */
  readonly snapshotCount: number;
  readonly limits: MemberLimits;
  /** How often the log is told what is left of long leases. Left out: five minutes. */
  readonly leaseCheckpointIntervalMs?: number;
  /** Refuses changes of the cluster that could cost it its majority. Left out: true. */
  readonly strictReconfigCheck?: boolean;
  /** Members at a time that do not vote yet. Left out: 1. */
  readonly learnersMax?: number;
  /** How often the leader compares the members' hashes. Left out or 0: never. */
  readonly corruptCheckIntervalMs?: number;
  /** Left out: history stays until somebody compacts it. */
  readonly autoCompaction?: AutoCompaction;
  /** Left out: `defaultAuthConfig`. */
  readonly auth?: AuthConfig;
}

export interface MemberLimits {
  /** A command as it stands in the log; more is `request-too-large`. etcd's default. */
  readonly requestSizeBytesMax: number;
  /** Proposals of this member that wait for their outcome; more is `too-many-requests`. */
  readonly pendingProposalsMax: number;
  readonly pendingProposalsSizeBytesMax: number;
  /** Committed entries that wait to be applied before new requests are refused. etcd's number. */
  readonly applyLagEntriesMax: number;
  /** Entries kept below the applied index for followers that are a little behind. */
  readonly catchUpEntries: number;
  /** The log in memory is cut at this size even before `snapshotCount`. */
  readonly logSizeBytesMax: number;
  readonly valueCacheSizeBytesMax: number;
  /** The state is flushed when this much is waiting, or after the interval. */
  readonly flushSizeBytes: number;
  readonly flushIntervalMs: number;
  /** Applying pauses when this much waits for the disk. */
  readonly unflushedSizeBytesMax: number;
  /** A store that has grown to this raises the alarm `no-space`. etcd's default. */
  readonly quotaSizeBytes: number;
  /** Entries applied in one go before other events get their turn. */
  readonly applyBatchEntries: number;
  /** All watchers together, about a kilobyte and their keys each; one more is `too-many-requests`. */
  readonly watchersSizeBytesMax: number;
  /** Linearizable reads that wait to be confirmed; more is `too-many-requests`. */
  readonly pendingReadsMax: number;
}

export const defaultLimits: MemberLimits = {
  requestSizeBytesMax: 1.5 * 1024 * 1024,
  pendingProposalsMax: 20_000,
  pendingProposalsSizeBytesMax: 128 * 1024 * 1024,
  applyLagEntriesMax: 5000,
  catchUpEntries: 5000,
  logSizeBytesMax: 64 * 1024 * 1024,
  valueCacheSizeBytesMax: 64 * 1024 * 1024,
  flushSizeBytes: 1024 * 1024,
  flushIntervalMs: 100,
  unflushedSizeBytesMax: 32 * 1024 * 1024,
  quotaSizeBytes: 2 * 1024 * 1024 * 1024,
  applyBatchEntries: 256,
  watchersSizeBytesMax: 512 * 1024 * 1024,
  pendingReadsMax: 100_000,
};

/** How long a request may take before it is given up: etcd's five seconds and two elections. */
export function requestTimeoutMs(config: Pick<MemberConfig, 'electionTimeoutMs'>): number {
  return 5000 + 2 * config.electionTimeoutMs;
}
