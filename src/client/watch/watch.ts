import { messageOf } from '../../base/index.js';
import { etcdserverpb } from '../../gen/protos.js';
import { createDeferred } from '../deferred.js';
import { ClientError } from '../errors.js';
import { wireKeys } from '../keys.js';
import type { Keys } from '../keys.js';
import type { Keyspace } from '../keyspace.js';
import type { KeyValueStore } from '../kv.js';
import { revisionOf } from '../operations.js';
import { createWatchBuffer } from './buffer.js';
import type { ChangeEvent, ProgressEvent, StateEvent, WatchBatch, WatchEvent } from './events.js';
import type { WatchHub } from './hub.js';
import { createRevisionAssembler } from './revisions.js';
import type { Subscriber } from './session.js';
import { readState } from './state.js';

export interface WatchOptions {
  /** The first revision wanted, in the past or the future. Default: what comes after the watch has begun. */
  readonly fromRevision?: number | undefined;
  /** Also tell what keys were before each change. */
  readonly previous?: boolean | undefined;
  readonly only?: 'puts' | 'deletes' | undefined;
  /**
   * Begin with a `state` event that holds all keys as they are (unless `fromRevision` is given), and send another one
   * should history be compacted before it was seen: what a program needs to keep a copy that is never wrong.
   */
  readonly withState?: boolean | undefined;
  /** Also give `progress` events: each says that up to its revision there is nothing more to come. */
  readonly progress?: boolean | undefined;
  /**
   * Most that is kept for a reader that is slow; about, and at least one revision. Default 4 MiB. More stays on the
   * member and is fetched when the reader has caught up.
   */
  readonly bufferBytesMax?: number | undefined;
  /** Aborting ends the loop with `canceled`. */
  readonly signal?: AbortSignal | undefined;
}

/** The events that a watch with these options gives. */
export type EventOf<Options extends WatchOptions> =
  | ChangeEvent
  | (Options extends { readonly withState?: infer Wish } ? IfMaybe<Wish, StateEvent> : never)
  | (Options extends { readonly progress?: infer Wish } ? IfMaybe<Wish, ProgressEvent> : never);

type IfMaybe<Wish, Event> = unknown extends Wish ? never : true extends Wish ? Event : never;

/**
 * Changes as they happen, in order, each exactly once, whatever becomes of connections and members in the meantime.
 * It begins with the first call of `ready`, or of a loop, of which there is one; leaving the loop ends the watch.
 */
export interface Watch<Event = ChangeEvent> extends AsyncIterable<Event>, AsyncDisposable {
  /** Event by event. Throws ClientError `compacted`, `permission-denied`, `canceled`; not because a member fails. */
  [Symbol.asyncIterator](): AsyncIterator<Event, undefined>;
  /** Revision by revision: all that one transaction did at once. */
  batches(): AsyncIterable<WatchBatch<Event>>;
  /** Resolves with the first revision that it will see once a member has begun to watch. */
  ready(): Promise<number>;
  /** All events up to this one were handed to the loop; 0 at first. A later watch goes on from the next one. */
  readonly revision: number;
  /** Ends it: the loop ends without an error. */
  close(): void;
}

/** What a watch needs of its client. */
export interface WatchSource {
  readonly hub: WatchHub;
  readonly keyspace: Keyspace;
  readonly store: Pick<KeyValueStore, 'range'>;
}

const bufferBytesMaxDefault = 4 * 1024 * 1024;
const { FilterType } = etcdserverpb.WatchCreateRequest;

export function createWatch<const Options extends WatchOptions>(
  source: WatchSource,
  keys: Keys,
  options: Options,
): Watch<EventOf<Options>> {
  const watch: Watch<WatchEvent> = startableWatch(source, keys, options);
  return watch as Watch<EventOf<Options>>; // It gives no events that were not asked for.
}

function startableWatch(source: WatchSource, keys: Keys, options: WatchOptions): Watch<WatchEvent> {
  const { hub, keyspace, store } = source;
  const { withState = false, progress = false, signal } = options;
  const asked = keyspace.outward({ ...wireKeys(keys) });
  const filters =
    options.only === undefined ? [] : [options.only === 'puts' ? FilterType.NODELETE : FilterType.NOPUT];
  const assembler = createRevisionAssembler(keyspace);
  const buffer = createWatchBuffer(options.bufferBytesMax ?? bufferBytesMaxDefault, goOn);
  const beginning = createDeferred<number>();
  const ending = new AbortController();
  /** The first revision that is not in the buffer yet; 0: not known before the member has begun. */
  let next = options.fromRevision ?? 0;
  let state: 'new' | 'running' | 'parked' | 'over' = 'new';

  const subscriber: Subscriber = {
    request: () => ({ ...asked, startRevision: next, prevKv: options.previous ?? false, filters }),
    created(revision) {
      if (next === 0) next = revision + 1;
      beginning.resolve(next);
    },
    received(response) {
      const batches = assembler.take(response);
      for (const batch of batches) {
        if (batch.revision < next) continue;
        buffer.push(batch);
        next = batch.revision + 1;
        if (!buffer.isFull) continue;
        park();
        return;
      }
      const isProgress = response.events?.length === 0;
      if (isProgress) progressTo(revisionOf(response.header));
    },
    interrupted: () => assembler.reset(),
    compacted(compactRevision) {
      if (withState) {
        begin().catch(fail);
        return;
      }
      const message = `watch: history up to revision ${compactRevision} is compacted, and ${next} was to come next`;
      end(new ClientError('compacted', message, { compactRevision }));
    },
    failed: end,
  };

  function progressTo(revision: number): void {
    if (revision < next) return;
    next = revision + 1;
    if (progress) buffer.push({ revision, events: [{ type: 'progress', revision }] });
    else buffer.advance(revision);
  }

  /** The reader is slow: the member keeps the rest, as its history. */
  function park(): void {
    state = 'parked';
    assembler.reset();
    hub.remove(subscriber);
  }

  function goOn(): void {
    if (state !== 'parked') return;
    state = 'running';
    hub.add(subscriber);
  }

  async function begin(): Promise<void> {
    const event = await readState(store, keys, ending.signal);
    if (event === undefined) return;
    const { revision } = event;
    buffer.push({ revision, events: [event] });
    next = revision + 1;
    state = 'parked';
    if (!buffer.isFull) goOn();
  }

  function start(): void {
    if (state !== 'new') return;
    state = 'running';
    if (signal?.aborted === true) abort();
    else {
      signal?.addEventListener('abort', abort);
      if (withState && next === 0) begin().catch(fail);
      else hub.add(subscriber);
    }
  }

  function abort(): void {
    const error = new ClientError('canceled', 'watch: aborted', { cause: signal?.reason });
    stop(error);
    buffer.endAtOnce(error);
  }

  function fail(error: unknown): void {
    if (ending.signal.aborted) return;
    const isOurs = error instanceof ClientError;
    end(isOurs ? error : new ClientError('internal', `watch: ${messageOf(error)}`, { cause: error }));
  }

  function end(error: ClientError): void {
    stop(error);
    buffer.end(error);
  }

  function stop(reason: ClientError): void {
    state = 'over';
    signal?.removeEventListener('abort', abort);
    ending.abort();
    hub.remove(subscriber);
    beginning.reject(reason);
  }

  function close(): void {
    stop(new ClientError('canceled', 'watch: closed'));
    buffer.endAtOnce(undefined);
  }

  function iterate<Item>(
    take: () => Promise<IteratorResult<Item, undefined>>,
  ): AsyncIterableIterator<Item, undefined> {
    return {
      next() {
        start();
        return take();
      },
      return() {
        close();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  return {
    [Symbol.asyncIterator]: () => iterate(() => buffer.nextEvent()),
    batches: () => iterate(() => buffer.nextBatch()),
    ready() {
      start();
      return beginning.promise;
    },
    get revision() {
      return buffer.revision;
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
}
