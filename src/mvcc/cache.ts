/** Remembers what was used lately, up to a size. */
export interface Cache<K, V> {
  get(key: K): V | undefined;
  add(key: K, value: V): void;
}

/**
 * Two generations: what is added or used goes to the young one; when that holds half of the size, it becomes the old
 * one and the old one is dropped whole. Nearly least-recently-used, at the cost of one lookup for what is hot.
 */
export function createCache<K, V>(sizeBytesMax: number, sizeBytesOf: (value: V) => number): Cache<K, V> {
  const generationSizeBytesMax = sizeBytesMax / 2;
  let young = new Map<K, V>();
  let youngSizeBytes = 0;
  let old = new Map<K, V>();

  function add(key: K, value: V): void {
    const sizeBytes = sizeBytesOf(value);
    if (sizeBytes > generationSizeBytesMax) return;
    if (youngSizeBytes + sizeBytes > generationSizeBytesMax) {
      old = young;
      young = new Map();
      youngSizeBytes = 0;
    }
    young.set(key, value);
    youngSizeBytes += sizeBytes;
  }

  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const aged = old.get(key);
      if (aged === undefined) return undefined;
      old.delete(key);
      add(key, aged);
      return aged;
    },
    /** A key is added once: what it stands for does not change. */
    add,
  };
}
