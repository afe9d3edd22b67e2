import { emptyBytes, equalBytes, InvariantError, QuorateError } from '../../base/index.js';
import type { OrderedStore } from '../kv.js';
import { logCorrupt } from './damage.js';
import { blockKey, decodeBlock, fillerKey } from './format.js';
import type { Block } from './format.js';
import { gatherAppend, gatherCompaction, nothingGathered } from './gather.js';
import type { Outlook, Waiter } from './gather.js';
import { headOperation, lastIndexOf, planBatch } from './plan.js';
import type { BlockReference, StoredLog } from './plan.js';
import type { Wal, WalIdentity } from './types.js';

/** Blocks deleted in one go: a few milliseconds at most. */
const garbageCountMax = 1_000;

/**
 * As long as one of the 32 KiB blocks that LevelDB's own log consists of. LevelDB checks its records when it opens,
 * and where a checksum fails it drops, without a word, everything up to the end of that block, and goes on with the
 * next. If the last batches of our log are lost so, then their heads are lost with them, and the log before them looks
 * whole. Hence `settle` writes this filler, which ends in another block of LevelDB's log than all that stands before
 * it, and after it the head once more: a head that damage to the block before does not reach, and that no longer fits
 * what is left. See docs/durability.md for what this does not find.
 */
const filler: Uint8Array = Buffer.alloc(32 * 1024);

export interface WriterOptions {
  readonly store: OrderedStore;
  readonly identity: WalIdentity;
  /** What the store holds. The writer's own from now on. */
  readonly log: StoredLog;
  /** Blocks that an earlier process cut off and did not get to delete. */
  readonly garbage: readonly number[];
}

/**
 * The only writer of the log. It has at most one batch under way; what comes meanwhile gathers into the next. It
 * deletes cut-off blocks and settles only while there is nothing else to write.
 */
export function createWriter({ store, identity, log, garbage: leftovers }: WriterOptions): Wal {
  const outlook: Outlook = {
    hardState: log.hardState,
    snapshotIndex: log.snapshot.meta.index,
    last: lastIndexOf(log),
  };
  let pending = nothingGathered(log.hardState);
  let inFlight = pending;
  let garbage = [...leftovers];
  let settlers: Waiter[] = [];
  let settled = true;
  /** The last head was written without a sync: a call that asks for one needs a write, also when it brings nothing new. */
  let headUnsynced = false;
  let failure: Error | null = null;
  let closed = false;
  let running = false;

  function readBlock({ first, digest }: BlockReference): Block {
    const decoded = decodeBlock(store.getSync(blockKey(first)) ?? emptyBytes);
    if (decoded.ok && equalBytes(decoded.value.digest, digest)) return decoded.value;
    throw logCorrupt(identity, first, 'a block changed after it was written');
  }

  async function writePending(): Promise<void> {
    inFlight = pending;
    pending = nothingGathered(outlook.hardState);
    if (inFlight.dirty || (inFlight.sync && headUnsynced)) {
      const plan = planBatch(log, inFlight, readBlock);
      await store.write(plan.operations, { sync: inFlight.sync });
      for (const first of plan.garbage) garbage.push(first);
      headUnsynced = !inFlight.sync;
      if (inFlight.sync) settled = false;
    }
    const { waiters } = inFlight;
    inFlight = nothingGathered(log.hardState);
    for (const { resolve } of waiters) resolve();
  }

  async function writeGarbage(): Promise<void> {
    const part = garbage.slice(0, garbageCountMax);
    garbage = garbage.slice(garbageCountMax);
    const deletions = part.map((first) => ({ type: 'del' as const, key: blockKey(first) }));
    // Not synced: a block below the first of the chain is not read, and is found again when the log is opened.
    await store.write([...deletions, headOperation(log)], { sync: false });
  }

  async function writeSettled(): Promise<void> {
    if (!settled) {
      // In two writes, or LevelDB would make one record of them.
      await store.write([{ type: 'put', key: fillerKey, value: filler }], { sync: false });
      await store.write([headOperation(log)], { sync: false });
      settled = true;
    }
    const waiters = settlers;
    settlers = [];
    for (const { resolve } of waiters) resolve();
  }

  async function run(): Promise<void> {
    try {
      while (failure === null) {
        if (pending.waiters.length > 0) await writePending();
        else if (garbage.length > 0) await writeGarbage();
        else if (settlers.length > 0) await writeSettled();
        else break;
      }
    } catch (error) {
      fail(error);
    }
    running = false;
  }

  function fail(error: unknown): void {
    failure ??= error instanceof Error ? error : new InvariantError('what is thrown is an error');
    const waiters = [...inFlight.waiters, ...pending.waiters, ...settlers];
    settlers = [];
    inFlight = pending = nothingGathered(log.hardState);
    for (const { reject } of waiters) reject(failure);
  }

  function start(): void {
    if (running) return;
    running = true;
    run().catch(fail);
  }

  async function submit(accept: () => void): Promise<void> {
    if (failure !== null) throw failure;
    if (closed) throw new QuorateError('stopped', 'the log is closed');
    try {
      accept();
    } catch (error) {
      fail(error);
      throw error;
    }
    const done = new Promise<void>((resolve, reject) => pending.waiters.push({ resolve, reject }));
    start();
    return done;
  }

  async function settle(): Promise<void> {
    if (failure !== null) throw failure;
    const done = new Promise<void>((resolve, reject) => settlers.push({ resolve, reject }));
    start();
    return done;
  }

  return {
    append: async (append) => submit(() => gatherAppend(pending, outlook, append)),
    compact: async (meta) => submit(() => gatherCompaction(pending, outlook, meta)),
    settle,
    get queuedSizeBytes() {
      return pending.sizeBytes + inFlight.sizeBytes;
    },
    async close() {
      if (closed) return;
      closed = true;
      try {
        if (failure === null) await settle();
      } finally {
        await store.close();
      }
    },
  };
}
