import type { Configuration, Entry, HardState, SnapshotMeta } from '../../raft/index.js';

/** Whose log this is, written once. A log with another identity is never opened (`wrong-cluster`). */
export interface WalIdentity {
  readonly clusterId: string;
  readonly memberId: string;
}

/** What one turn of the driver wants durable, atomically. Same meaning as in raft's Ready. */
export interface WalAppend {
  readonly hardState: HardState | null;
  /** Contiguous. If the first is at or below the last index, it and all after it are replaced. */
  readonly entries: readonly Entry[];
  /** Drops the whole log, which begins anew after `meta`; from now on `stateStore` names the state. */
  readonly reset: { readonly meta: SnapshotMeta; readonly stateStore: string } | null;
  readonly mustSync: boolean;
}

/** All that was durable when the member stopped. */
export interface WalContents {
  readonly identity: WalIdentity;
  readonly hardState: HardState;
  /** Where the log begins; `{0, 0}` with the initial configuration for a fresh log. */
  readonly snapshot: SnapshotMeta;
  readonly entries: readonly Entry[];
  /** The store that holds the state; switched atomically by a reset. */
  readonly stateStore: string;
  /** Entries of a torn tail that were cut when it was opened; none of them was ever acknowledged. */
  readonly tornEntries: number;
}

/** What a new log starts with. */
export interface WalGenesis {
  readonly identity: WalIdentity;
  readonly configuration: Configuration;
  readonly stateStore: string;
}

/**
 * The write-ahead log over an ordered store. Appends that come while a batch is being written gather into the next one
 * (group commit), so there is never more than one write under way, and callers may append without waiting.
 */
export interface Wal {
  /** Durable once resolved. Resolves in the order of the calls. Rejects for good with `storage-failed`. */
  append(append: WalAppend): Promise<void>;
  /** Forgets the log up to and including `meta.index`, whose blocks are then removed; the rest must stay readable. */
  compact(meta: SnapshotMeta): Promise<void>;
  /** Bytes of appends that wait for the disk. */
  readonly queuedSizeBytes: number;
  close(): Promise<void>;
}
