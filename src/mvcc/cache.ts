/** Remembers what was used lately, up to a size. */
export interface Cache<K, V> {
  get(key: K): V | undefined;
  add(key: K, value: V, sizeBytes: number): void;
}

interface Slot<V> {
  readonly value: V;
  readonly sizeBytes: number;
}

/**
 * Two generations: what is added or used goes to the young one; when that holds half of the size, it becomes the old
 * one and the old one is dropped whole. Nearly least-recently-used, at the cost of one lookup for what is hot.
 */
export function createCache<K, V>(sizeBytesMax: number): Cache<K, V> {
  let young = new Map<K, Slot<V>>();
  let youngSizeBytes = 0;
  let old = new Map<K, Slot<V>>();

  function addSlot(key: K, slot: Slot<V>): void {
    if (slot.sizeBytes > sizeBytesMax / 2) return;
    if (youngSizeBytes + slot.sizeBytes > sizeBytesMax / 2) {
      old = young;
      young = new Map();
      youngSizeBytes = 0;
    }
    const before = young.get(key);
    young.set(key, slot);
    youngSizeBytes += slot.sizeBytes - (before?.sizeBytes ?? 0);
  }

  return {
    get(key) {
      const slot = young.get(key);
      if (slot !== undefined) return slot.value;
      const aged = old.get(key);
      if (aged === undefined) return undefined;
      old.delete(key);
      addSlot(key, aged);
      return aged.value;
    },
    add: (key, value, sizeBytes) => addSlot(key, { value, sizeBytes }),
  };
}
