import type { LeaseId } from '../../mvcc/index.js';

/**
 * When each lease is due next: a heap with one entry for each lease. Putting a lease off, which every renewal does, only
 * notes the later time; its entry finds out when it comes to the top.
 */
export interface Schedule {
  set(id: LeaseId, atMs: number): void;
  delete(id: LeaseId): void;
  /** Takes out what is due, earliest first, at most `countMax`. */
  takeDue(nowMs: number, countMax: number): LeaseId[];
  clear(): void;
  readonly size: number;
  /** With what is left of leases that are gone. */
  readonly heapSize: number;
}

const leftoversMax = 1000;

interface Entry {
  readonly id: LeaseId;
  /** Where it stands in the heap. */
  readonly placedAtMs: number;
  dueAtMs: number;
}

export function createSchedule(): Schedule {
  /** Of entries that are not in `byId` any more there is something left in the heap until its time comes. */
  let heap: Entry[] = [];
  const byId = new Map<LeaseId, Entry>();

  function place(id: LeaseId, atMs: number): void {
    const entry = { id, placedAtMs: atMs, dueAtMs: atMs };
    byId.set(id, entry);
    heap.push(entry);
    siftUp(heap, heap.length - 1);
  }

  /** Leases that end long before their time, as sessions do, must not fill the heap with what is left of them. */
  function sweep(): void {
    if (heap.length <= 2 * byId.size + leftoversMax) return;
    heap = [...byId.values()].sort((a, b) => a.placedAtMs - b.placedAtMs); // What is sorted is a heap.
  }

  return {
    set(id, atMs) {
      const entry = byId.get(id);
      if (entry !== undefined && atMs >= entry.placedAtMs) entry.dueAtMs = atMs;
      else {
        place(id, atMs);
        sweep();
      }
    },
    delete(id) {
      byId.delete(id);
      sweep();
    },
    takeDue(nowMs, countMax) {
      const due: LeaseId[] = [];
      for (;;) {
        const [top] = heap;
        if (top === undefined || top.placedAtMs > nowMs || due.length >= countMax) return due;
        removeTop(heap);
        if (byId.get(top.id) !== top) continue;
        if (top.dueAtMs > nowMs) {
          place(top.id, top.dueAtMs);
        } else {
          byId.delete(top.id);
          due.push(top.id);
        }
      }
    },
    clear() {
      heap = [];
      byId.clear();
    },
    get size() {
      return byId.size;
    },
    get heapSize() {
      return heap.length;
    },
  };
}

function siftUp(heap: Entry[], start: number): void {
  let child = start;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!swapIfEarlier(heap, child, parent)) return;
    child = parent;
  }
}

function removeTop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  let parent = 0;
  for (;;) {
    const left = 2 * parent + 1;
    const right = left + 1;
    const child = isEarlier(heap[right], heap[left]) ? right : left;
    if (!swapIfEarlier(heap, child, parent)) return;
    parent = child;
  }
}

function swapIfEarlier(heap: Entry[], child: number, parent: number): boolean {
  const a = heap[child];
  const b = heap[parent];
  if (a === undefined || b === undefined || !isEarlier(a, b)) return false;
  heap[parent] = a;
  heap[child] = b;
  return true;
}

function isEarlier(a: Entry | undefined, b: Entry | undefined): boolean {
  return a !== undefined && (b === undefined || a.placedAtMs < b.placedAtMs);
}
