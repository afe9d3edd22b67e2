import { assert, at } from '../base/index.js';
import type { Key } from '../base/index.js';

/** Entries in one leaf; a full one is split in two. */
const leafCountMax = 128;

interface Leaf {
  /** The image that may change this leaf in place; any other copies it first. */
  owner: object;
  readonly keys: Key[];
  readonly values: Uint8Array[];
}

export interface ImageRange {
  /** Inclusive. */
  readonly gte?: Key | undefined;
  /** Exclusive. */
  readonly lt?: Key | undefined;
  readonly reverse?: boolean | undefined;
}

/**
 * An ordered map from key to value that forks cheaply: a fork shares all leaves with its origin, and whichever of the
 * two changes a leaf first copies it. So a snapshot, an iterator and a durable image each cost a short array.
 */
export interface Image {
  get(key: Key): Uint8Array | undefined;
  set(key: Key, value: Uint8Array): void;
  delete(key: Key): void;
  /** The same content from now on apart. */
  fork(): Image;
  /** In order. The image must not change while it is walked: walk a fork. */
  walk(range: ImageRange): Generator<readonly [Key, Uint8Array]>;
  /** Keys and values together. */
  readonly sizeBytes: number;
  readonly count: number;
}

export function createImage(): Image {
  return imageOf([], { sizeBytes: 0, count: 0 });
}

function imageOf(leaves: Leaf[], totals: { sizeBytes: number; count: number }): Image {
  let owner = {};
  let { sizeBytes, count } = totals;

  /** The last leaf that begins at or before the key, else the first. */
  function leafIndexOf(key: Key): number {
    let low = 0;
    let high = leaves.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (at(at(leaves, middle).keys, 0) <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  function writableLeaf(index: number): Leaf {
    const leaf = at(leaves, index);
    if (leaf.owner === owner) return leaf;
    const copy = { owner, keys: leaf.keys.slice(), values: leaf.values.slice() };
    leaves[index] = copy;
    return copy;
  }

  function split(index: number): void {
    const leaf = at(leaves, index);
    const middle = leaf.keys.length >>> 1;
    const upper = { owner, keys: leaf.keys.splice(middle), values: leaf.values.splice(middle) };
    leaves.splice(index + 1, 0, upper);
  }

  return {
    get(key) {
      const leaf = leaves[leafIndexOf(key)];
      if (leaf === undefined) return undefined;
      const place = placeOf(leaf.keys, key);
      return leaf.keys[place] === key ? leaf.values[place] : undefined;
    },

    set(key, value) {
      if (leaves.length === 0) leaves.push({ owner, keys: [], values: [] });
      const index = leaves.length === 1 && at(leaves, 0).keys.length === 0 ? 0 : leafIndexOf(key);
      const leaf = writableLeaf(index);
      const place = placeOf(leaf.keys, key);
      const old = leaf.keys[place] === key ? leaf.values[place] : undefined;
      if (old === undefined) {
        leaf.keys.splice(place, 0, key);
        leaf.values.splice(place, 0, value);
        count += 1;
        sizeBytes += key.length + value.length;
      } else {
        leaf.values[place] = value;
        sizeBytes += value.length - old.length;
      }
      if (leaf.keys.length > leafCountMax) split(index);
    },

    delete(key) {
      const index = leafIndexOf(key);
      const found = leaves[index];
      if (found === undefined) return;
      const place = placeOf(found.keys, key);
      if (found.keys[place] !== key) return;
      const leaf = writableLeaf(index);
      sizeBytes -= key.length + at(leaf.values, place).length;
      count -= 1;
      leaf.keys.splice(place, 1);
      leaf.values.splice(place, 1);
      if (leaf.keys.length === 0) leaves.splice(index, 1);
    },

    fork() {
      owner = {};
      return imageOf(leaves.slice(), { sizeBytes, count });
    },

    *walk({ gte, lt, reverse = false }) {
      if (leaves.length === 0) return;
      const step = reverse ? -1 : 1;
      const bound = reverse ? lt : gte;
      let index = bound === undefined ? (reverse ? leaves.length - 1 : 0) : leafIndexOf(bound);
      let place = bound === undefined ? (reverse ? Infinity : 0) : placeOf(at(leaves, index).keys, bound);
      if (reverse) place -= 1;
      for (; index >= 0 && index < leaves.length; index += step) {
        const { keys, values } = at(leaves, index);
        if (place > keys.length - 1 && reverse) place = keys.length - 1;
        for (; place >= 0 && place < keys.length; place += step) {
          const key = at(keys, place);
          if (reverse ? gte !== undefined && key < gte : lt !== undefined && key >= lt) return;
          yield [key, at(values, place)];
        }
        place = reverse ? Infinity : 0;
      }
    },

    get sizeBytes() {
      assert(sizeBytes >= 0, 'the size of an image is not negative');
      return sizeBytes;
    },
    get count() {
      return count;
    },
  };
}

/** The place of the key in the sorted list, or where it would be. */
function placeOf(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(keys, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
