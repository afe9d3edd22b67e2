import type { PageId } from './format.js';
import { elementSizeBytes, elementsMax } from './format.js';

/** Pages of one level, in order: the least key of each and its id. A few bytes a page, packed. */
export interface NodeList {
  readonly length: number;
  add(firstKey: Uint8Array, page: PageId): void;
  key(index: number): Buffer;
  page(index: number): PageId;
  /**
   * Which ones share a branch page whose content has this room: as many as fit, but never one alone, for bbolt does not
   * know what to do with an only child. To be asked of two at least.
   */
  groups(roomSizeBytes: number): Iterable<{ readonly from: number; readonly to: number }>;
}

export function createNodeList(): NodeList {
  let keys = Buffer.allocUnsafe(1024);
  /** Where each key ends in `keys`. */
  let ends = new Float64Array(32);
  let pages = new Float64Array(32);
  let length = 0;

  function start(index: number): number {
    return index === 0 ? 0 : (ends[index - 1] ?? 0);
  }

  function elementSize(index: number): number {
    return elementSizeBytes + (ends[index] ?? 0) - start(index);
  }

  return {
    get length() {
      return length;
    },
    add(firstKey, page) {
      const begin = start(length);
      const end = begin + firstKey.length;
      if (end > keys.length) keys = grown(keys, Math.max(end, 2 * keys.length));
      if (length === ends.length) {
        ends = doubled(ends);
        pages = doubled(pages);
      }
      keys.set(firstKey, begin);
      ends[length] = end;
      pages[length] = page;
      length++;
    },
    key: (index) => keys.subarray(start(index), ends[index] ?? 0),
    page: (index) => pages[index] ?? 0,
    *groups(roomSizeBytes) {
      for (let from = 0; from < length;) {
        let to = from;
        let sizeBytes = 0;
        while (to < length && to - from < elementsMax) {
          sizeBytes += elementSize(to);
          if (sizeBytes > roomSizeBytes && to - from >= 2) break;
          to++;
        }
        if (to === length - 1) to = to - from > 2 ? to - 1 : length;
        yield { from, to };
        from = to;
      }
    },
  };
}

function grown(bytes: Buffer, sizeBytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(sizeBytes);
  bytes.copy(larger);
  return larger;
}

function doubled(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
