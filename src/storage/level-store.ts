import { Level } from 'level';
import { messageOf } from '../base/index.js';
import type { QuorateError } from '../base/index.js';
import { sizeOfFolder } from './folders.js';
import type { OrderedStore, StoreEntry, StoreOperation, StoreRange } from './kv.js';
import { corrupt, storageError } from './level-errors.js';

/** What an iterator reads ahead: entries and, whichever comes first, bytes. */
const chunkCountMax = 1_000;
const chunkSizeBytesMax = 256 * 1024;

/** In Node `level` is classic-level; what only that has is missing from the shared type. */
type Database = Level<Uint8Array, Uint8Array> & {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
};

type Snapshot = ReturnType<Database['snapshot']>;

/** One database. Opens or creates it in `folder`, which exists. Throws what LevelDB throws (see storageError). */
export async function openLevelStore(folder: string): Promise<OrderedStore> {
  const database = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  }) as Database;
  try {
    await database.open();
  } catch (error) {
    throw openingError(folder, error);
  }
  return storeOf(database, folder);
}

function storeOf(database: Database, folder: string): OrderedStore {
  let failure: QuorateError | null = null;
  let tail: Promise<void> = Promise.resolve();

  function assertUsable(): void {
    if (failure !== null) throw failure;
  }

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    assertUsable();
    try {
      return await work();
    } catch (error) {
      throw storageError(folder, error);
    }
  }

  function attemptSync<T>(work: () => T): T {
    assertUsable();
    try {
      return work();
    } catch (error) {
      throw storageError(folder, error);
    }
  }

  async function* entries(range: StoreRange, snapshot?: Snapshot): AsyncGenerator<StoreEntry> {
    assertUsable();
    try {
      const iterator = database.iterator(iteratorOptions(range, snapshot));
      try {
        for (;;) {
          const chunk = await iterator.nextv(chunkCountMax);
          if (chunk.length === 0) return;
          for (const entry of chunk) yield entry;
        }
      } finally {
        await iterator.close();
      }
    } catch (error) {
      throw storageError(folder, error);
    }
  }

  return {
    getSync: (key) => attemptSync(() => database.getSync(key)),
    entries: (range) => entries(range),

    async write(operations, options) {
      // Built at once, not when its turn comes: the caller may use its buffers again.
      const batch = attemptSync(() => batchOf(database, operations));
      // One after the other: two under way would race to LevelDB from different threads, and their order be lost.
      const done = tail.then(async () => {
        assertUsable();
        try {
          await batch.write(options);
        } catch (error) {
          const translated = storageError(folder, error);
          if (translated.code !== 'stopped') failure = translated;
          throw translated;
        }
      });
      tail = done.catch(() => undefined);
      return done;
    },

    snapshot() {
      const snapshot = attemptSync(() => database.snapshot());
      return {
        getSync: (key) => attemptSync(() => database.getSync(key, { snapshot })),
        entries: (range) => entries(range, snapshot),
        close: async () => snapshot.close(),
      };
    },

    sizeBytes: async () => attempt(async () => sizeOfFolder(folder)),
    compact: async ({ gte, lt }) => attempt(async () => database.compactRange(gte, lt)),

    async close() {
      await tail;
      await database.close();
    },
  };
}

function batchOf(database: Database, operations: readonly StoreOperation[]) {
  const batch = database.batch();
  for (const operation of operations) {
    if (operation.type === 'put') batch.put(operation.key, operation.value);
    else batch.del(operation.key);
  }
  return batch;
}

/** The folder is there, so what LevelDB does not find while it opens is a file of its own. */
function openingError(folder: string, thrown: unknown): QuorateError {
  const error = storageError(folder, thrown);
  const missing = error.code === 'storage-failed' && /no such file or directory/i.test(error.message);
  return missing ? corrupt(folder, messageOf(error), { cause: thrown }) : error;
}

function iteratorOptions(
  { gte, lt, reverse = false, limit = -1 }: StoreRange,
  snapshot: Snapshot | undefined,
) {
  return {
    ...(gte !== undefined && { gte }),
    ...(lt !== undefined && { lt }),
    ...(snapshot !== undefined && { snapshot }),
    reverse,
    limit,
    highWaterMarkBytes: chunkSizeBytesMax,
  };
}
