import { assert, QuorateError, seededRandom } from '../base/index.js';
import type { Key, Random } from '../base/index.js';
import type { Disk, OrderedStore } from './kv.js';
import { createImage } from './memory-image.js';
import type { Image } from './memory-image.js';
import { applyTo, commit, openMemoryRecord } from './memory-store.js';
import type { StoreFaults, StoreRecord } from './memory-store.js';

/** A write on its way to the disk, as the scheduler sees it. */
export interface MemoryWrite {
  readonly store: string;
  /** 1, 2, 3 … of this store, over all processes that had it open. */
  readonly number: number;
  readonly sync: boolean;
  readonly sizeBytes: number;
  /** What a planned stall adds; 0 without one. */
  readonly stallMs: number;
}

/** What happens to the `write`-th write (from 1) of a store. */
export type WriteFault = { readonly store: string; readonly write: number } & (
  | {
      readonly type: 'fail';
      readonly code: 'EIO' | 'ENOSPC';
      /** Done all the same. */ readonly applied: boolean;
    }
  /** The first put of the batch lands on the neighbouring key; success is reported. */
  | { readonly type: 'misdirect' }
  /** Success is reported, nothing happens. */
  | { readonly type: 'lose' }
  /** Success is reported, but it is not synced: an fsync that lies. */
  | { readonly type: 'unsynced' }
  | { readonly type: 'stall'; readonly ms: number }
);

/** What happens to a value at rest. */
export type Damage = { readonly key: Key } &
  /** Bit 0 is the lowest of the first byte. */
  (
    | { readonly type: 'flip-bit'; readonly bit: number }
    /** The version before the last write comes back, also of a key that was deleted. */
    | { readonly type: 'stale' }
    | { readonly type: 'erase' }
  );

export interface MemoryDiskOptions {
  /** Decides what a power cut takes. Default: a generator with a fixed seed. */
  readonly random?: Random;
  readonly faults?: readonly WriteFault[];
  /** Faults that are decided when the write is handed over, where the list has none. */
  readonly faultOf?: (store: string, write: number) => WriteFault | null;
  /** Resolves when the disk is done with the write; it takes effect then. Default: at once, whatever the stall. */
  readonly schedule?: (write: MemoryWrite) => Promise<void>;
}

/** Whether an unsynced batch survives. */
export type Survives = (batch: { readonly store: string; readonly number: number }) => boolean;

/**
 * A disk in memory. It can end the process that uses it in two ways. Both leave that process's stores dead: their
 * writes never settle, their reads throw `stopped`, and the stores can be opened anew.
 */
export interface MemoryDisk extends Disk {
  /** The process is gone; the system keeps all that was handed to it. A write on its way has happened or has not. */
  kill(survives?: Survives): void;
  /** The system is gone: of the unsynced batches each survives or vanishes whole, a later one even without an earlier. */
  powerCut(survives?: Survives): void;
  /** Damages what is stored; false if there is nothing to damage in that way. */
  damage(store: string, damage: Damage): boolean;
  /** All that is stored, to look at and to choose damage from. */
  dump(store: string): readonly (readonly [Key, Uint8Array])[];
  /** Names of all stores, sorted. */
  stores(): readonly string[];
  /** How many writes a store has seen. */
  writeCount(store: string): number;
  /** All that a reader would find now, to be put back later. */
  image(): DiskImage;
  /** Puts back what the disk held then: all that was written since is gone. No process may have a store open. */
  putBack(image: DiskImage): void;
}

/** Stores by name. */
export type DiskImage = ReadonlyMap<string, Image>;

export function createMemoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  const { random = seededRandom(1), schedule = async () => Promise.resolve() } = options;
  const faultOf = faultFinder(options);
  const records = new Map<string, StoreRecord>();
  const coin: Survives = () => random.chance(0.5);

  function settleInFlight(record: StoreRecord, survives: Survives): void {
    const batch = record.inFlight;
    record.inFlight = null;
    record.holder = null;
    if (batch !== null && survives({ store: record.name, number: batch.number })) commit(record, batch);
  }

  return {
    async open(name) {
      const record = records.get(name) ?? newRecord(name);
      if (record.holder !== null) throw new QuorateError('storage-failed', `store ${name} is already open`);
      records.set(name, record);
      record.base = null;
      record.pending = [];
      return Promise.resolve(openMemoryRecord({ record, faultOf, schedule }));
    },

    async remove(name) {
      const record = records.get(name);
      assert(record === undefined || record.holder === null, 'a store is closed before it is removed');
      records.delete(name);
      return Promise.resolve();
    },

    list: async () => Promise.resolve([...records.keys()].sort()),

    kill(survives = coin) {
      for (const record of records.values()) settleInFlight(record, survives);
    },

    powerCut(survives = coin) {
      for (const record of records.values()) {
        settleInFlight(record, survives);
        if (record.base === null) continue;
        const image = record.base;
        for (const batch of record.pending) {
          const kept = batch.durable || survives({ store: record.name, number: batch.number });
          if (kept) applyTo(image, batch.changes);
        }
        record.current = image;
        record.base = null;
        record.pending = [];
      }
    },

    damage(name, damage) {
      const record = records.get(name);
      if (record === undefined) return false;
      const value = damagedValue(record, damage);
      if (value === null) return false;
      for (const image of [record.current, record.base]) {
        if (image !== null) applyTo(image, [{ key: damage.key, value }]);
      }
      return true;
    },

    dump: (name) => [...(records.get(name)?.current.fork().walk({}) ?? [])],
    stores: () => [...records.keys()].sort(),
    writeCount: (name) => records.get(name)?.writeCount ?? 0,
    image: () => new Map([...records].map(([name, { current }]) => [name, current.fork()])),

    putBack(image) {
      for (const { name, holder } of records.values()) assert(holder === null, `store ${name} is closed`);
      records.clear();
      for (const [name, content] of image) records.set(name, { ...newRecord(name), current: content.fork() });
    },
  };
}

/** A store of its own, for whoever needs no disk around it. */
export function createMemoryStore(
  options: MemoryDiskOptions & { readonly name?: string } = {},
): OrderedStore {
  const { schedule = async () => Promise.resolve(), name = 'memory' } = options;
  return openMemoryRecord({ record: newRecord(name), faultOf: faultFinder(options), schedule });
}

function faultFinder({ faults = [], faultOf = () => null }: MemoryDiskOptions): StoreFaults {
  return (store, write) =>
    faults.find((planned) => planned.store === store && planned.write === write) ?? faultOf(store, write);
}

function newRecord(name: string): StoreRecord {
  const current = createImage();
  return {
    name,
    current,
    base: null,
    pending: [],
    previous: new Map(),
    writeCount: 0,
    inFlight: null,
    holder: null,
  };
}

/** The value after the damage; undefined: erased; null: there is nothing to damage. */
function damagedValue(record: StoreRecord, damage: Damage): Uint8Array | undefined | null {
  const old = record.current.get(damage.key);
  switch (damage.type) {
    case 'flip-bit': {
      if (old === undefined || damage.bit >= old.length * 8) return null;
      const copy = Buffer.from(old);
      copy.writeUInt8(copy.readUInt8(damage.bit >>> 3) ^ (1 << (damage.bit & 7)), damage.bit >>> 3);
      return copy;
    }
    case 'stale':
      return record.previous.get(damage.key) ?? null;
    case 'erase':
      return old === undefined ? null : undefined;
  }
}
