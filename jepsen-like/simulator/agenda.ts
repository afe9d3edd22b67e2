/** Something that is going to happen. */
export interface Due {
  readonly atUs: number;
  cancel(): void;
}

interface Entry extends Due {
  readonly order: number;
  /** Null: canceled. */
  action: (() => void) | null;
}

/** What is going to happen in a simulated world, by time; what comes due at the same time in the order of its planning. */
export interface Agenda {
  readonly nowUs: number;
  /** Never before now. */
  at(atUs: number, action: () => void): Due;
  /** At this very time, before anything that is planned; what is at hand comes first. */
  soon(action: () => void): void;
  /** When the next thing happens; infinite when there is none. */
  readonly nextUs: number;
  /** Lets everything happen that was to happen soon, and what follows from it at once; false if there was nothing. */
  runSoon(): boolean;
  /** Goes to the next thing and lets it happen; false if there is none. */
  runNext(): boolean;
}

/** A binary heap. */
export function createAgenda(): Agenda {
  const heap: Entry[] = [];
  let nowUs = 0;
  let order = 0;
  let soon: (() => void)[] = [];

  function isBefore(a: Entry, b: Entry): boolean {
    return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
  }

  function push(entry: Entry): void {
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = entry;
  }

  function pop(): Entry | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = last;
    return first;
  }

  /** Canceled ones stay where they are until they reach the top. */
  function dropCanceled(): void {
    while (heap[0] !== undefined && heap[0].action === null) pop();
  }

  return {
    get nowUs() {
      return nowUs;
    },
    at(atUs, action) {
      const entry: Entry = {
        atUs: Math.max(atUs, nowUs),
        order: order++,
        action,
        cancel: () => (entry.action = null),
      };
      push(entry);
      return entry;
    },
    soon: (action) => void soon.push(action),
    runSoon() {
      if (soon.length === 0) return false;
      while (soon.length > 0) {
        const actions = soon;
        soon = [];
        for (const action of actions) action();
      }
      return true;
    },
    get nextUs() {
      dropCanceled();
      return heap[0]?.atUs ?? Infinity;
    },
    runNext() {
      dropCanceled();
      const next = pop();
      if (next === undefined) return false;
      nowUs = next.atUs;
      const { action } = next;
      next.action = null;
      action?.();
      return true;
    },
  };
}
