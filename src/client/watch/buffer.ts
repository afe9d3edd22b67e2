import type { ClientError } from '../errors.js';
import { sizeBytesOf } from './events.js';
import type { WatchBatch, WatchEvent } from './events.js';

/** What has come and was not taken yet, for one reader that takes single events, or whole batches. */
export interface WatchBuffer {
  /** Takes no more until some of it was taken. What is pushed all the same is kept. */
  readonly isFull: boolean;
  /** All events up to this revision were handed out. */
  readonly revision: number;
  push(batch: WatchBatch<WatchEvent>): void;
  /** Nothing up to this revision will be pushed any more. */
  advance(revision: number): void;
  /** What is there is still handed out; then comes the error, or the end. */
  end(error: ClientError | undefined): void;
  /** What is there is thrown away. */
  endAtOnce(error: ClientError | undefined): void;
  nextEvent(): Promise<IteratorResult<WatchEvent, undefined>>;
  nextBatch(): Promise<IteratorResult<WatchBatch<WatchEvent>, undefined>>;
}

/** `onRoom` is called when what is there falls to half of the bound after it was full. */
export function createWatchBuffer(sizeBytesMax: number, onRoom: () => void): WatchBuffer {
  let batches: WatchBatch<WatchEvent>[] = [];
  /** Index of the first event of the first batch that was not taken. */
  let taken = 0;
  let sizeBytes = 0;
  let wasFull = false;
  let revision = 0;
  let isEnded = false;
  let failure: ClientError | undefined;
  let waiting: (() => void)[] = [];

  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  }

  function drop(batch: WatchBatch<WatchEvent>): void {
    batches.shift();
    taken = 0;
    revision = Math.max(revision, batch.revision);
    sizeBytes -= sizeOf(batch);
    if (!wasFull || sizeBytes > sizeBytesMax / 2) return;
    wasFull = false;
    onRoom();
  }

  function takeEvent(): WatchEvent | undefined {
    for (let [batch] = batches; batch !== undefined; [batch] = batches) {
      const event = batch.events[taken];
      taken++;
      if (taken >= batch.events.length) drop(batch);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  function takeBatch(): WatchBatch<WatchEvent> | undefined {
    for (let [batch] = batches; batch !== undefined; [batch] = batches) {
      const events = taken === 0 ? batch.events : batch.events.slice(taken);
      drop(batch);
      if (events.length > 0) return { revision: batch.revision, events };
    }
    return undefined;
  }

  async function waitFor<Item>(take: () => Item | undefined): Promise<IteratorResult<Item, undefined>> {
    for (;;) {
      const value = take();
      if (value !== undefined) return { done: false, value };
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        throw error;
      }
      if (isEnded) return { done: true, value: undefined };
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  return {
    get isFull() {
      return sizeBytes >= sizeBytesMax;
    },
    get revision() {
      return revision;
    },
    push(batch) {
      if (isEnded) return;
      batches.push(batch);
      sizeBytes += sizeOf(batch);
      wasFull ||= sizeBytes >= sizeBytesMax;
      wake();
    },
    advance(to) {
      const last = batches.at(-1);
      if (last === undefined) revision = Math.max(revision, to);
      else if (last.events.length === 0) batches[batches.length - 1] = { revision: to, events: [] };
      else batches.push({ revision: to, events: [] });
    },
    end(error) {
      if (isEnded) return;
      isEnded = true;
      failure = error;
      wake();
    },
    endAtOnce(error) {
      batches = [];
      if (!isEnded) failure = error;
      else if (error === undefined) failure = undefined;
      isEnded = true;
      wake();
    },
    nextEvent: () => waitFor(takeEvent),
    nextBatch: () => waitFor(takeBatch),
  };
}

function sizeOf(batch: WatchBatch<WatchEvent>): number {
  return batch.events.reduce((sum, event) => sum + sizeBytesOf(event), 0);
}
