import { emptyBytes, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import type { OrderedStore, StoreOperation } from '../storage/index.js';
import { createCache } from './cache.js';
import type { RecordId } from './key-index.js';
import { decodeKeyValue, encodeKeyValue, keepEncoding } from './key-value.js';
import { digestOfRecord } from './inventory.js';
import type { Tally } from './inventory.js';
import { recordKeyOf } from './record-key.js';
import { seal, unseal } from './seal.js';
import type { KeyChange, KeyValue, Revision } from './types.js';

/** What a record costs in memory beside its bytes: objects and a slot in a map. */
const overheadSizeBytes = 200;

/**
 * The records: key-values by revision. New ones are held in memory until a flush has written them, then in a cache of
 * bounded size; others are read from the store. A record never changes.
 */
export interface Records {
  /** Bytes that no flush has written yet. */
  readonly unflushedSizeBytes: number;
  /** Reads that had to go to the store so far; each costs some microseconds. */
  readonly misses: number;
  put(kv: KeyValue, sub: number): void;
  putTombstone(id: RecordId, key: Key): void;
  /** The value of the key at that record, which must exist: otherwise throws `storage-corrupt`, naming the revision. */
  read(id: RecordId, key: Key): KeyValue;
  /** What no flush has ended yet, from that revision on, in the order in which it was made. */
  unflushedSince(from: Revision): readonly RecordedChange[];
  /** From now on each change is told, or none is. */
  listen(listener: ChangeListener | null): void;
  /** Takes what waits into a batch, and into the tally. Another may be begun only when this one is ended. */
  beginFlush(): readonly StoreOperation[];
  /** The store has the batch. */
  endFlush(): void;
}

/** One change and where it stands. */
export interface RecordedChange {
  readonly revision: Revision;
  readonly change: KeyChange;
  readonly sizeBytes: number;
}

export type ChangeListener = (revision: Revision, change: KeyChange) => void;

interface Unflushed extends RecordId {
  readonly type: 'put' | 'delete';
  /** Of a deletion only `key` and `modRevision` mean something. */
  readonly kv: KeyValue;
  readonly bytes: Uint8Array;
}

/** Most transactions change one key, so most records are found by a plain number. */
type RecordName = number | string;

export function createRecords(store: OrderedStore, cacheSizeBytesMax: number, tally: Tally): Records {
  const cache = createCache<RecordName, KeyValue>(cacheSizeBytesMax, sizeBytesOf);
  let waiting = new Map<RecordName, Unflushed>();
  let waitingSizeBytes = 0;
  let flushing = new Map<RecordName, Unflushed>();
  let flushingSizeBytes = 0;
  let misses = 0;
  let listener: ChangeListener | null = null;

  function add(unflushed: Unflushed): void {
    waiting.set(nameOf(unflushed.main, unflushed.sub), unflushed);
    listener?.(unflushed.main, unflushed);
    waitingSizeBytes += unflushed.bytes.length + overheadSizeBytes;
  }

  return {
    get unflushedSizeBytes() {
      return waitingSizeBytes + flushingSizeBytes;
    },
    get misses() {
      return misses;
    },

    put(kv, sub) {
      const bytes = encodeKeyValue(kv);
      // The value that is kept is a view into the record: what the client sent is let go.
      const kept = keepEncoding(kv, bytes);
      add({ main: kv.modRevision, sub, type: 'put', kv: kept, bytes });
      cache.add(nameOf(kv.modRevision, sub), kept);
    },

    putTombstone({ main, sub }, key) {
      const kv = { key, createRevision: 0, modRevision: 0, version: 0, value: emptyBytes, lease: 0n };
      const bytes = encodeKeyValue(kv);
      add({ main, sub, type: 'delete', kv: { ...kv, modRevision: main }, bytes });
    },

    read(id, key) {
      const name = nameOf(id.main, id.sub);
      const cached = cache.get(name);
      if (cached !== undefined) return cached;
      const unflushed = waiting.get(name) ?? flushing.get(name);
      if (unflushed?.type === 'put') return unflushed.kv;
      misses++;
      const recordKey = recordKeyOf(id, false);
      const bytes = store.getSync(recordKey);
      if (bytes === undefined) throw damaged(id, 'is missing');
      const content = unseal(recordKey, bytes);
      const kv = keepEncoding(decodeRecord(content, id), content);
      if (kv.key !== key || kv.modRevision !== id.main)
        throw damaged(id, 'is that of another key or revision');
      cache.add(name, kv);
      return kv;
    },

    unflushedSince(from) {
      const changes: RecordedChange[] = [];
      for (const map of [flushing, waiting]) {
        for (const unflushed of map.values()) {
          if (unflushed.main < from) continue;
          const sizeBytes = unflushed.bytes.length + overheadSizeBytes;
          changes.push({ revision: unflushed.main, change: unflushed, sizeBytes });
        }
      }
      return changes;
    },

    listen(next) {
      listener = next;
    },

    beginFlush() {
      const operations: StoreOperation[] = [];
      for (const unflushed of waiting.values()) {
        const key = recordKeyOf(unflushed, unflushed.type === 'delete');
        tally.add(digestOfRecord(key));
        operations.push({ type: 'put', key, value: seal(key, unflushed.bytes) });
      }
      flushing = waiting;
      flushingSizeBytes = waitingSizeBytes;
      waiting = new Map();
      waitingSizeBytes = 0;
      return operations;
    },

    endFlush() {
      flushing = new Map();
      flushingSizeBytes = 0;
    },
  };
}

function nameOf(main: Revision, sub: number): RecordName {
  return sub === 0 ? main : `${main}_${sub}`;
}

function sizeBytesOf({ key, value }: KeyValue): number {
  return key.length + value.length + overheadSizeBytes;
}

/** Reads a record's content; bytes that are none throw `storage-corrupt`, naming the revision. */
export function decodeRecord(bytes: Uint8Array, id: RecordId): KeyValue {
  try {
    return decodeKeyValue(bytes);
  } catch (error) {
    throw damaged(id, 'is malformed', error);
  }
}

export function damaged(id: RecordId, how: string, cause?: unknown): QuorateError {
  const message = `the stored record of revision ${id.main}, change ${id.sub}, ${how}: the disk or its files are damaged`;
  return new QuorateError('storage-corrupt', message, cause === undefined ? undefined : { cause });
}
