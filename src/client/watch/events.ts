import { mvccpb } from '../../gen/protos.js';
import { entryOf } from '../entry.js';
import type { Entry } from '../entry.js';
import type { Keyspace } from '../keyspace.js';
import { asBuffer, emptyBytes } from '../../base/index.js';

/** A key was written. */
export interface PutEvent {
  readonly type: 'put';
  readonly revision: number;
  readonly key: Uint8Array;
  readonly keyText: string;
  /** What the key became. `entry.version` is 1 if it was not there before. */
  readonly entry: Entry;
  /** What it was before: only if asked for, and only if it was there and is not compacted. */
  readonly previous: Entry | undefined;
}

/** A key was deleted, or its lease ended. */
export interface DeleteEvent {
  readonly type: 'delete';
  readonly revision: number;
  readonly key: Uint8Array;
  readonly keyText: string;
  /** What it was before: only if asked for, and not compacted. */
  readonly previous: Entry | undefined;
}

/** With `withState`: all there is at a revision, in the order of the keys. It replaces all that was known before. */
export interface StateEvent {
  readonly type: 'state';
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/** With `progress`: there is nothing more to be seen up to this revision. */
export interface ProgressEvent {
  readonly type: 'progress';
  readonly revision: number;
}

export type ChangeEvent = PutEvent | DeleteEvent;
export type WatchEvent = ChangeEvent | StateEvent | ProgressEvent;

/** All of one revision: a transaction's events come together or not at all. */
export interface WatchBatch<Event = ChangeEvent> {
  readonly revision: number;
  readonly events: readonly Event[];
}

const { EventType } = mvccpb.Event;

export function eventOf(wire: mvccpb.Event.$Properties, keyspace: Keyspace): ChangeEvent {
  const kv = keyspace.inward(wire.kv ?? {});
  const previous = wire.prevKv ? entryOf(keyspace.inward(wire.prevKv)) : undefined;
  const entry = entryOf(kv);
  return wire.type === EventType.DELETE ? new Deleted(entry, previous) : new Put(entry, previous);
}

/** Classes, because there may be many: the accessors live on the prototypes. */
class Put implements PutEvent {
  readonly type = 'put';
  readonly entry: Entry;
  readonly previous: Entry | undefined;

  constructor(entry: Entry, previous: Entry | undefined) {
    this.entry = entry;
    this.previous = previous;
  }

  get revision(): number {
    return this.entry.modRevision;
  }

  get key(): Uint8Array {
    return this.entry.key;
  }

  get keyText(): string {
    return this.entry.keyText;
  }
}

class Deleted implements DeleteEvent {
  readonly type = 'delete';
  readonly revision: number;
  readonly key: Uint8Array;
  readonly previous: Entry | undefined;

  constructor(tombstone: Entry, previous: Entry | undefined) {
    this.revision = tombstone.modRevision;
    this.key = tombstone.key;
    this.previous = previous;
  }

  get keyText(): string {
    return asBuffer(this.key).toString('utf8');
  }
}

const perEventBytes = 200;

/** Roughly what an event takes in memory. */
export function sizeBytesOf(event: WatchEvent): number {
  if (event.type === 'progress') return perEventBytes;
  if (event.type === 'state') return event.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  const value = event.type === 'put' ? event.entry.value : emptyBytes;
  return event.key.length + value.length + (event.previous ? entryBytes(event.previous) : 0) + perEventBytes;
}

function entryBytes(entry: Entry): number {
  return entry.key.length + entry.value.length + perEventBytes;
}
