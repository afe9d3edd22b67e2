import { asBuffer, crc32c } from '../base/index.js';

/**
 * What the state store has to hold beside its description, as a number of entries and a sum over them. It is written with every
 * batch, so that an entry that vanished, came back, or is an older version of itself is missed at the next start: a disk may lose a
 * write without an error (Bairavasundaram and others, FAST 2008), and LevelDB drops what it cannot read in its own log.
 */
export interface Inventory {
  readonly count: number;
  /** Of 32-bit digests, modulo 2^32. */
  readonly sum: number;
}

export const emptyInventory: Inventory = { count: 0, sum: 0 };

export interface Tally {
  add(digest: number): void;
  remove(digest: number): void;
  readonly inventory: Inventory;
}

export function createTally(start: Inventory = emptyInventory): Tally {
  let { count, sum } = start;
  return {
    add(digest) {
      count += 1;
      sum = (sum + digest) >>> 0;
    },
    remove(digest) {
      count -= 1;
      sum = (sum - digest) >>> 0;
    },
    get inventory() {
      return { count, sum };
    },
  };
}

/** Of a record: they never change, and their checksums hold their keys. */
export function digestOfRecord(recordKey: Uint8Array): number {
  return scatter(crc32c(recordKey));
}

/** Of a row, which changes: `value` with its checksum. */
export function digestOfRow(rowKey: Uint8Array, value: Uint8Array): number {
  return scatter(crc32c(rowKey) ^ asBuffer(value).readUInt32BE(value.length - 4));
}

/** CRCs are linear, and their sums would cancel out too easily (the finalizer of MurmurHash3). */
function scatter(crc: number): number {
  let hash = crc;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
