import type { OrderedStore, StoreOperation } from '../storage/index.js';
import { digestOfRecord } from './inventory.js';
import type { Tally } from './inventory.js';
import { encodeMeta, metaKey } from './meta.js';
import type { StateMeta } from './types.js';

/** All writes to the state store: one after another, each with the description of what the store holds once it is done. */
export interface Batches {
  /** From now on the store says this of itself: begins with the next batch. */
  describe(meta: StateMeta): void;
  /** Synced. Once a batch has failed no later one is written. */
  write(operations: readonly StoreOperation[]): Promise<void>;
  /** Takes records away. */
  remove(recordKeys: readonly Uint8Array[]): Promise<void>;
}

export function createBatches(store: OrderedStore, first: StateMeta, tally: Tally): Batches {
  let meta = { ...first };
  let tail: Promise<void> = Promise.resolve();

  async function write(operations: readonly StoreOperation[]): Promise<void> {
    const value = encodeMeta(meta, tally.inventory);
    const done = tail.then(() =>
      store.write([...operations, { type: 'put', key: metaKey, value }], { sync: true }),
    );
    tail = done;
    tail.catch(() => undefined); // Whoever asked for it is told.
    return done;
  }

  return {
    describe: (next) => void (meta = { ...next }),
    write,
    async remove(recordKeys) {
      for (const key of recordKeys) tally.remove(digestOfRecord(key));
      return write(recordKeys.map((key) => ({ type: 'del', key })));
    },
  };
}
