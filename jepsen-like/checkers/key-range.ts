/** Keys are UTF-8 to the store, and in the order of their bytes. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  // Order by code units is order by bytes unless there are characters beyond the basic plane.
  if (!/[\ud800-\uffff]/.test(a) && !/[\ud800-\uffff]/.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export interface KeyRange {
  readonly key: string;
  /** '' is the one key; otherwise keys in [key, rangeEnd), and '\0' all from `key` on. */
  readonly rangeEnd: string;
}

export function covers({ key, rangeEnd }: KeyRange, other: string): boolean {
  if (rangeEnd === '') return other === key;
  return compareKeys(other, key) >= 0 && (rangeEnd === '\0' || compareKeys(other, rangeEnd) < 0);
}
