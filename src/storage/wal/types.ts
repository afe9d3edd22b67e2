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
  /**
   * Durable when `append` resolves. Entries, a reset and a new term or vote are so in any case; what this leaves to the
   * caller is a mere new commit index.
   */
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

/** What the caller knows from elsewhere about a log that it opens. */
export interface WalOptions {
  /** False: an empty store is not a new log but a lost one (`storage-corrupt`). Default: true. */
  readonly mayCreate?: boolean;
  /** The log must reach at least so far, or entries that were durable are gone (`storage-corrupt`). Default: 0. */
  readonly knownDurableIndex?: number;
}

/**
 * The write-ahead log over an ordered store. Appends that come while a batch is being written gather into the next one
 * (group commit), so there is never more than one write under way, and callers may append without waiting.
 */
export interface Wal {
  /**
   * Durable once resolved (see `mustSync`). Resolves in the order of the calls. Rejects for good with `storage-failed`;
   * with an InvariantError, for good too, if the append contradicts what is in the log: a gap, a forgotten vote, a
   * committed entry replaced.
   */
  append(append: WalAppend): Promise<void>;
  /**
   * Forgets the log up to and including `meta.index`, which is in the log and taken to be committed. Durable once
   * resolved; blocks that hold nothing else are removed after that, little by little.
   */
  compact(meta: SnapshotMeta): Promise<void>;
  /**
   * Makes the end of the log findable: once this is through, damage to what LevelDB wrote last does not pass for a log
   * that ends earlier. Call it when the log has been idle for a moment; costs 32 KiB of unsynced writing if anything
   * was appended since the last call, else nothing. Resolves when the log is idle.
   */
  settle(): Promise<void>;
  /** Bytes of appends that wait for the disk. */
  readonly queuedSizeBytes: number;
  /** Finishes what is under way, settles, and closes the store. */
  close(): Promise<void>;
}
