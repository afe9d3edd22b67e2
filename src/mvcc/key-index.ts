import { at, createOrderedMap, some } from '../base/index.js';
import type { Key, OrderedMap } from '../base/index.js';
import type { KeyRange, LeaseId, Revision } from './types.js';

/** Names one record: the `sub`-th change (from 0) of the transaction that made revision `main`. */
export interface RecordId {
  readonly main: Revision;
  readonly sub: number;
}

/**
 * What memory holds of a key: its latest record's metadata, and where the older ones are. A class, so that millions of
 * them share one compact shape.
 */
export class KeyEntry {
  main: Revision;
  sub: number;
  /** 0 if the latest record is a tombstone, as are `version` and `lease`. */
  createRevision: Revision = 0;
  version = 0;
  lease: LeaseId = 0n;
  /** Pairs of main revision and 2 × sub revision (+ 1 for a tombstone), ascending. Most keys have none. */
  older: number[] | null = null;

  constructor(main: Revision, sub: number) {
    this.main = main;
    this.sub = sub;
  }

  get alive(): boolean {
    return this.version > 0;
  }
}

/** A stored record as it comes back when a member starts. Version 0: a tombstone. */
export interface RestoredRecord extends RecordId {
  readonly key: Key;
  readonly createRevision: Revision;
  readonly version: number;
  readonly lease: LeaseId;
}

/**
 * All keys in memory, with the revisions that are still there. A key that was deleted stays, apart from those alive,
 * until compaction has forgotten its tombstone: so reads of the latest revision meet and count only what is alive.
 */
export interface KeyIndex {
  /** Keys alive now. */
  readonly aliveCount: number;
  /** The entry of a key that is alive now. The owner may read it until the next change. */
  alive(key: Key): KeyEntry | undefined;
  /** Keys alive now in the range. O(log n). */
  countAlive(range: KeyRange): number;
  /** Keys in the range, whether alive or not. O(log n). */
  count(range: KeyRange): number;
  /** Up to `max` keys alive now from `from` on, in order. */
  aliveChunk(from: Key, range: KeyRange, max: number): KeyChunk;
  /** Up to `max` keys, whether alive or not. */
  chunk(from: Key, range: KeyRange, max: number): KeyChunk;
  /** The record that a read of the key at `revision` finds; null if there was none or it was deleted. */
  find(key: Key, revision: Revision): RecordId | null;
  /** A new value: counts the version on, or begins again at 1. Returns the entry. */
  put(key: Key, id: RecordId, lease: LeaseId): KeyEntry;
  /** A tombstone for a key that is alive. */
  remove(key: Key, id: RecordId): void;
  /** Takes in a record of the store; they must come in revision order. */
  restore(record: RestoredRecord): void;
  /** Forgets what nobody can read at `revision` or later, and tells of each record. */
  compact(key: Key, revision: Revision, dropped: (id: RecordId, tombstone: boolean) => void): void;
}

export interface KeyChunk {
  readonly keys: Key[];
  readonly entries: KeyEntry[];
}

/** The whole key space. */
export const everything: KeyRange = { key: '', rangeEnd: '\0' };

/** Exclusive; null: to the end. */
export function endOf(range: KeyRange): Key | null {
  if (range.rangeEnd === null) return `${range.key}\0`;
  return range.rangeEnd === '\0' ? null : range.rangeEnd;
}

/** The next key after `key`, in byte order. */
export function successorOf(key: Key): Key {
  return `${key}\0`;
}

/** Told when a key goes from one lease to another; 0n: none. */
export type Rebind = (key: Key, before: LeaseId, after: LeaseId) => void;

export function createKeyIndex(rebind: Rebind): KeyIndex {
  const living = createOrderedMap<KeyEntry>();
  const dead = createOrderedMap<KeyEntry>();

  /** The entry to change, with the state it had remembered among the older ones. */
  function advance(entry: KeyEntry, id: RecordId): void {
    entry.older ??= [];
    entry.older.push(entry.main, entry.sub * 2 + (entry.alive ? 0 : 1));
    entry.main = id.main;
    entry.sub = id.sub;
  }

  function putAs(key: Key, id: RecordId): KeyEntry {
    let entry = living.get(key);
    if (entry !== undefined) {
      advance(entry, id);
      return entry;
    }
    entry = dead.size === 0 ? undefined : dead.get(key);
    if (entry === undefined) {
      entry = new KeyEntry(id.main, id.sub);
    } else {
      dead.delete(key);
      advance(entry, id);
    }
    living.set(key, entry);
    return entry;
  }

  function setLease(key: Key, entry: KeyEntry, lease: LeaseId): void {
    if (entry.lease === lease) return;
    rebind(key, entry.lease, lease);
    entry.lease = lease;
  }

  function remove(key: Key, id: RecordId): void {
    const entry = some(living.get(key), 'only a key that is alive is deleted');
    advance(entry, id);
    setLease(key, entry, 0n);
    bury(entry);
    living.delete(key);
    dead.set(key, entry);
  }

  return {
    get aliveCount() {
      return living.size;
    },
    alive: (key) => living.get(key),

    countAlive(range) {
      if (range.rangeEnd === null) return living.get(range.key) === undefined ? 0 : 1;
      return living.countBetween(range.key, endOf(range));
    },

    count: (range) =>
      living.countBetween(range.key, endOf(range)) + dead.countBetween(range.key, endOf(range)),

    aliveChunk: (from, range, max) => slice(living, from, endOf(range), max),

    chunk(from, range, max) {
      const to = endOf(range);
      const chunk = slice(living, from, to, max);
      if (dead.size === 0) return chunk;
      return merge(chunk, slice(dead, from, to, max), max);
    },

    find(key, revision) {
      const entry = living.get(key) ?? dead.get(key);
      return entry === undefined ? null : findIn(entry, revision);
    },

    put(key, id, lease) {
      const entry = putAs(key, id);
      if (!entry.alive) entry.createRevision = id.main;
      entry.version++;
      setLease(key, entry, lease);
      return entry;
    },

    remove,

    restore(record) {
      if (record.version === 0) {
        if (living.get(record.key) !== undefined) {
          remove(record.key, record);
          return;
        }
        const entry = dead.get(record.key);
        if (entry === undefined) dead.set(record.key, new KeyEntry(record.main, record.sub));
        else advance(entry, record);
        return;
      }
      const entry = putAs(record.key, record);
      entry.createRevision = record.createRevision;
      entry.version = record.version;
      setLease(record.key, entry, record.lease);
    },

    compact(key, revision, dropped) {
      const entry = living.get(key) ?? dead.get(key);
      if (entry === undefined) return;
      if (!entry.alive && entry.main < revision) {
        dropOlder(entry, (entry.older ?? []).length, dropped);
        dropped(entry, true);
        dead.delete(key);
      } else {
        dropOlder(entry, obsoleteCount(entry, revision), dropped);
      }
    },
  };
}

/** The record of this key that is current at `revision`; null: none, or a tombstone. */
export function findIn(entry: KeyEntry, revision: Revision): RecordId | null {
  if (entry.main <= revision) return entry.alive ? entry : null;
  const { older } = entry;
  if (older === null) return null;
  const pair = olderCount(older, revision) - 1;
  if (pair < 0) return null;
  const sub = at(older, pair * 2 + 1);
  return sub % 2 === 1 ? null : { main: at(older, pair * 2), sub: sub / 2 };
}

/** How many of the older records are at or below the revision. */
function olderCount(older: readonly number[], revision: Revision): number {
  let low = 0;
  let high = older.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(older, middle * 2) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bury(entry: KeyEntry): void {
  entry.createRevision = 0;
  entry.version = 0;
}

/**
 * Length of the prefix of `older` that compaction at `revision` makes unreadable: all below the latest record at or
 * before the revision, and that one too if it is a tombstone from before it. A tombstone *at* the revision stays: who
 * watches from there on must still see the deletion (etcd issue 18089).
 */
function obsoleteCount(entry: KeyEntry, revision: Revision): number {
  const { older } = entry;
  if (older === null) return 0;
  if (entry.main <= revision) return older.length;
  const pair = olderCount(older, revision) - 1;
  if (pair < 0) return 0;
  const tombstone = at(older, pair * 2 + 1) % 2 === 1 && at(older, pair * 2) < revision;
  return pair * 2 + (tombstone ? 2 : 0);
}

function dropOlder(
  entry: KeyEntry,
  length: number,
  dropped: (id: RecordId, tombstone: boolean) => void,
): void {
  if (entry.older === null || length === 0) return;
  for (let i = 0; i < length; i += 2) {
    const sub = at(entry.older, i + 1);
    dropped({ main: at(entry.older, i), sub: Math.floor(sub / 2) }, sub % 2 === 1);
  }
  entry.older = length === entry.older.length ? null : entry.older.slice(length);
}

function slice(map: OrderedMap<KeyEntry>, from: Key, to: Key | null, max: number): KeyChunk {
  const keys: Key[] = [];
  const entries: KeyEntry[] = [];
  if (max <= 0) return { keys, entries };
  map.walk(from, to, (key, entry) => {
    keys.push(key);
    entries.push(entry);
    return keys.length < max;
  });
  return { keys, entries };
}

function merge(a: KeyChunk, b: KeyChunk, max: number): KeyChunk {
  if (b.keys.length === 0) return a;
  const keys: Key[] = [];
  const entries: KeyEntry[] = [];
  for (let i = 0, j = 0; keys.length < max;) {
    const left = a.keys[i];
    const right = b.keys[j];
    if (left === undefined && right === undefined) break;
    const takeLeft = right === undefined || (left !== undefined && left < right);
    const chunk = takeLeft ? a : b;
    const index = takeLeft ? i++ : j++;
    keys.push(at(chunk.keys, index));
    entries.push(at(chunk.entries, index));
  }
  return { keys, entries };
}
