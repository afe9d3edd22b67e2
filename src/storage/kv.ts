/** One change of a batch. Keys and values are bytes; keys are ordered bytewise. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export interface StoreRange {
  /** Inclusive. */
  readonly gte?: Uint8Array;
  /** Exclusive. */
  readonly lt?: Uint8Array;
  readonly reverse?: boolean;
  /** Entries at most; all without it. */
  readonly limit?: number;
}

export type StoreEntry = readonly [key: Uint8Array, value: Uint8Array];

/** What can be read, of the store as it is now or of a snapshot as it was. */
export interface StoreReader {
  /** The value, or undefined. Blocks the thread for a cached or small read: never call it for bulk. */
  getSync(key: Uint8Array): Uint8Array | undefined;
  /**
   * Entries in order, as they were when the first was asked for, read ahead in chunks: the caller yields to the event
   * loop between chunks.
   */
  entries(range: StoreRange): AsyncIterable<StoreEntry>;
}

/** A point in time. Must be closed. */
export interface StoreSnapshot extends StoreReader {
  close(): Promise<void>;
}

/**
 * An ordered key-value store: LevelDB (`openLevelDisk`) or memory (`createMemoryDisk`). A batch is atomic: after any
 * crash all of it is there or none. With `sync` it is durable when the promise resolves, and so is every batch before it
 * that was written with `sync`; one without `sync` may be lost in a power cut even when later ones are not.
 *
 * Writes take effect in the order of the calls; the bytes of a batch are copied at the call. Any failed write is final:
 * the store refuses everything after it with `storage-failed` (a failed fsync must never be retried: USENIX ATC 2020).
 * Errors are QuorateErrors: `storage-failed`, `storage-corrupt`, and `stopped` once it is closed.
 */
export interface OrderedStore extends StoreReader {
  write(operations: readonly StoreOperation[], options: { readonly sync: boolean }): Promise<void>;
  snapshot(): StoreSnapshot;
  /** Bytes on disk (or in memory), an estimate. */
  sizeBytes(): Promise<number>;
  /** Gives space of deleted entries back (LevelDB: compacts the range). Does not block reads and writes. */
  compact(range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): Promise<void>;
  close(): Promise<void>;
}

/** The folder of one member: stores by name. */
export interface Disk {
  /**
   * Opens or creates. What can be read then is durable, also what an earlier process wrote without `sync`: LevelDB
   * moves all that it finds in its log to a synced table before it opens. `storage-failed` when it cannot (names the
   * folder and what to do), also when another process holds it.
   */
  open(name: string): Promise<OrderedStore>;
  /** Removes the store and all that is in it; it must be closed. Nothing happens if there is none. */
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
}
