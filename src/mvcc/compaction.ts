import { at, messageOf, QuorateError } from '../base/index.js';
import type { Batches } from './batches.js';
import { everything, successorOf } from './key-index.js';
import type { KeyIndex } from './key-index.js';
import type { Pins } from './pins.js';
import { recordKeyOf } from './record-key.js';
import type { Revision } from './types.js';

/** Keys looked at between two turns of the event loop. */
const chunkLength = 500;
/** Deletions of one synced batch. */
const batchLengthMax = 1_000;

/**
 * Removes what a compaction has made unreadable, from memory and from the store, in the background. It may only begin
 * once the compaction itself is durable: otherwise a member that restarts could find revisions gone that its state still
 * promises. It needs no record of its progress: a member that restarts goes over everything once more.
 */
export interface Compaction {
  /** The compaction at this revision is durable. */
  begin(revision: Revision): void;
  /** Resolves when all up to it is gone; rejects when it cannot be: with the store's error, or `stopped`. */
  finished(revision: Revision): Promise<void>;
  /** What ended it, if something did. */
  readonly failure: Error | undefined;
  close(): Promise<void>;
}

export interface CompactionOptions {
  readonly batches: Batches;
  readonly index: KeyIndex;
  readonly pins: Pins;
  readonly yieldToLoop: () => Promise<void>;
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createCompaction({ batches, index, pins, yieldToLoop }: CompactionOptions): Compaction {
  let target: Revision = -1;
  let done: Revision = -1;
  let closing = false;
  let failure: Error | undefined;
  let running: Promise<void> | null = null;
  let waiters: Waiter[] = [];

  function settle(): void {
    const ended = failure ?? (closing ? new QuorateError('stopped', 'the member is stopping') : undefined);
    const settled = waiters.filter((waiter) => ended !== undefined || waiter.revision <= done);
    waiters = waiters.filter((waiter) => !settled.includes(waiter));
    for (const waiter of settled) {
      if (waiter.revision <= done) waiter.resolve();
      else waiter.reject(ended);
    }
  }

  async function run(): Promise<void> {
    try {
      while (done < target && !closing) {
        const revision = target;
        await pins.drained(revision);
        if (await sweep(revision)) done = revision;
        settle();
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(messageOf(error));
      settle();
    }
    running = null;
  }

  /** Goes over all keys once. False: it was told to stop. */
  async function sweep(revision: Revision): Promise<boolean> {
    let deletions: Uint8Array[] = [];
    for (let from: string | null = everything.key; from !== null;) {
      if (closing) return false;
      const { keys } = index.chunk(from, everything, chunkLength);
      for (const key of keys) {
        index.compact(key, revision, (id, tombstone) => {
          deletions.push(recordKeyOf(id, tombstone));
        });
      }
      while (deletions.length >= batchLengthMax) {
        await batches.remove(deletions.slice(0, batchLengthMax));
        deletions = deletions.slice(batchLengthMax);
      }
      from = keys.length < chunkLength ? null : successorOf(at(keys, keys.length - 1));
      await yieldToLoop();
    }
    if (deletions.length > 0) await batches.remove(deletions);
    return true;
  }

  return {
    get failure() {
      return failure;
    },
    begin(revision) {
      target = Math.max(target, revision);
      // Only with work to do: a run that ends before its first wait would leave `running` set for good.
      if (done < target && !closing && failure === undefined) running ??= run();
    },
    async finished(revision) {
      if (revision <= done) return;
      await new Promise<void>((resolve, reject) => {
        waiters.push({ revision, resolve, reject });
        settle();
      });
    },
    async close() {
      closing = true;
      settle();
      await running;
    },
  };
}
