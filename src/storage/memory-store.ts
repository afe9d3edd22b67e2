import { assert, bytesOfKey, compareBytes, keyOf, messageOf, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import type { OrderedStore, StoreEntry, StoreOperation, StoreRange, StoreReader } from './kv.js';
import type { Image } from './memory-image.js';
import type { MemoryWrite, WriteFault } from './memory.js';

/** Unsynced batches that the model holds back at most; then it writes all of them through, as a system does in time. */
const pendingCountMax = 64;
/** Replaced values that are remembered, per store, for a disk that answers with a stale one. */
const previousCountMax = 1_000;

export interface Change {
  readonly key: Key;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
}

export interface Batch {
  readonly number: number;
  readonly changes: readonly Change[];
  readonly durable: boolean;
}

/** One store on the simulated disk: it outlives the process that has it open. */
export interface StoreRecord {
  readonly name: string;
  /** What a reader sees. */
  current: Image;
  /** What surely survives a power cut, before `pending`. Null: the same as `current`. */
  base: Image | null;
  /** Batches since `base`, in order. */
  pending: Batch[];
  /** The value that each key had before, for stale reads. */
  readonly previous: Map<Key, Uint8Array>;
  /** Writes asked for so far, over all processes. */
  writeCount: number;
  /** The write that is on its way to the system. */
  inFlight: Batch | null;
  /** Whoever has it open; a new object each time. */
  holder: object | null;
}

/** What happens to the `write`-th write of a store. */
export type StoreFaults = (store: string, write: number) => WriteFault | null;

export interface MemoryStoreOptions {
  readonly record: StoreRecord;
  readonly faultOf: StoreFaults;
  readonly schedule: (write: MemoryWrite) => Promise<void>;
}

export function openMemoryRecord({ record, faultOf, schedule }: MemoryStoreOptions): OrderedStore {
  const holder = {};
  record.holder = holder;
  let failure: QuorateError | null = null;
  let closed = false;
  let tail: Promise<void> = Promise.resolve();

  function assertReadable(): void {
    if (failure !== null) throw failure;
    if (closed || record.holder !== holder)
      throw new QuorateError('stopped', `store ${record.name} is closed`);
  }

  async function execute(changes: readonly Change[], sync: boolean): Promise<void> {
    if (record.holder !== holder) await never();
    if (failure !== null) throw failure;
    const number = ++record.writeCount;
    const fault = faultOf(record.name, number);
    record.inFlight = { number, changes, durable: false };
    const stallMs = fault?.type === 'stall' ? fault.ms : 0;
    await schedule({ store: record.name, number, sync, sizeBytes: sizeBytesOf(changes), stallMs });
    if (record.holder !== holder) await never();
    record.inFlight = null;
    if (fault?.type === 'fail') {
      if (fault.applied) commit(record, { number, changes, durable: false });
      failure = failureOf(record.name, fault.code);
      throw failure;
    }
    if (fault?.type === 'lose') return;
    const landed = fault?.type === 'misdirect' ? misdirected(record, changes) : changes;
    commit(record, { number, changes: landed, durable: sync && fault?.type !== 'unsynced' });
  }

  return {
    ...readerOf(() => record.current, assertReadable),

    async write(operations, { sync }) {
      if (closed) throw new QuorateError('stopped', `store ${record.name} is closed`);
      const changes = operations.map(changeOf);
      const done = tail.then(async () => execute(changes, sync));
      tail = done.catch(() => undefined);
      return done;
    },

    snapshot() {
      assertReadable();
      const image = record.current.fork();
      let open = true;
      const reader = readerOf(
        () => image,
        () => {
          assertReadable();
          assert(open, 'a snapshot is read before it is closed');
        },
      );
      return {
        ...reader,
        close: async () => {
          open = false;
          return Promise.resolve();
        },
      };
    },

    async sizeBytes() {
      assertReadable();
      return Promise.resolve(record.current.sizeBytes);
    },

    async compact() {
      assertReadable();
      return Promise.resolve();
    },

    async close() {
      if (closed) return;
      closed = true;
      await tail;
      if (record.holder === holder) record.holder = null;
    },
  };
}

/** Applies a batch to what readers see and notes what of it a power cut may take. */
export function commit(record: StoreRecord, batch: Batch): void {
  if (!batch.durable && record.base === null) record.base = record.current.fork();
  for (const { key } of batch.changes) remember(record, key);
  applyTo(record.current, batch.changes);
  if (record.base === null) return;
  record.pending.push(batch);
  const writtenThrough =
    record.pending.length > pendingCountMax || record.pending.every(({ durable }) => durable);
  if (!writtenThrough) return;
  record.base = null;
  record.pending = [];
}

export function applyTo(image: Image, changes: readonly Change[]): void {
  for (const { key, value } of changes) {
    if (value === undefined) image.delete(key);
    else image.set(key, value);
  }
}

function remember(record: StoreRecord, key: Key): void {
  const old = record.current.get(key);
  if (old === undefined) return;
  record.previous.delete(key);
  record.previous.set(key, old);
  for (const oldest of record.previous.keys()) {
    if (record.previous.size <= previousCountMax) break;
    record.previous.delete(oldest);
  }
}

/** The first put of the batch lands on the key that follows its own, as a write to a wrong sector does. */
function misdirected(record: StoreRecord, changes: readonly Change[]): readonly Change[] {
  const place = changes.findIndex(({ value }) => value !== undefined);
  const change = changes[place];
  if (change === undefined) return changes;
  let neighbour: Key | null = null;
  for (const [key] of record.current.walk({ gte: `${change.key}\0` })) {
    neighbour = key;
    break;
  }
  if (neighbour === null)
    for (const [key] of record.current.walk({ lt: change.key, reverse: true })) {
      neighbour = key;
      break;
    }
  return changes.map((other, index) =>
    index === place ? { key: neighbour ?? '\0', value: change.value } : other,
  );
}

function changeOf(operation: StoreOperation): Change {
  const key = keyOf(operation.key);
  // Copied, as LevelDB does: the caller may use its buffer again.
  return { key, value: operation.type === 'put' ? Buffer.from(operation.value) : undefined };
}

function sizeBytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
}

function readerOf(image: () => Image, assertReadable: () => void): StoreReader {
  return {
    getSync(key) {
      assertReadable();
      return image().get(keyOf(key));
    },
    entries: (range) => entriesOf(image, range, assertReadable),
  };
}

async function* entriesOf(
  image: () => Image,
  { gte, lt, reverse, limit = Infinity }: StoreRange,
  assertReadable: () => void,
): AsyncGenerator<StoreEntry> {
  assertReadable();
  const fork = image().fork();
  await Promise.resolve(); // The first entry comes a turn later, as LevelDB's read-ahead makes it.
  if (gte !== undefined && lt !== undefined && compareBytes(gte, lt) >= 0) return;
  let count = 0;
  for (const [key, value] of fork.walk({ gte: gte && keyOf(gte), lt: lt && keyOf(lt), reverse })) {
    if (count++ >= limit) return;
    assertReadable();
    yield [bytesOfKey(key), value];
  }
}

function failureOf(store: string, code: 'EIO' | 'ENOSPC'): QuorateError {
  const cause = new Error(code === 'EIO' ? 'input/output error' : 'no space left on device');
  return new QuorateError('storage-failed', `a write to store ${store} failed: ${messageOf(cause)}`, {
    cause,
  });
}

/** What a dead process gets from its last call. */
async function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
