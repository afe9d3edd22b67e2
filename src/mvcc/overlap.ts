import { createOrderedMap } from '../base/index.js';
import type { Key, OrderedMap } from '../base/index.js';
import type { TxnOperation } from './types.js';

/** What the operations of a branch may write. */
interface Writes {
  readonly puts: Set<Key>;
  readonly deletes: IntervalSet;
}

/**
 * Whether a branch puts a key twice, or puts one that it also deletes. Then and else of a nested transaction exclude
 * each other; deletes may overlap deletes.
 *
 * Two gaps are etcd 3.4's (checkIntervals), kept so that the same transactions are accepted: a delete within a nested
 * transaction is not held against the puts of nested transactions before it, and a delete up to `\0`, which means
 * "to the end" when it runs, counts as an empty interval here.
 */
export function hasOverlap(operations: readonly TxnOperation[]): boolean {
  return writesOf(operations) === null;
}

/** Null: they overlap. */
function writesOf(operations: readonly TxnOperation[]): Writes | null {
  const puts = new Set<Key>();
  const deletes = createIntervalSet();
  for (const operation of operations) {
    if (operation.type !== 'delete-range') continue;
    deletes.add(operation.key, operation.rangeEnd ?? `${operation.key}\0`);
  }
  for (const operation of operations) {
    if (operation.type !== 'txn') continue;
    const success = writesOf(operation.success);
    const failure = writesOf(operation.failure);
    if (success === null || failure === null) return null;
    for (const key of union(success.puts, failure.puts)) {
      if (puts.has(key) || deletes.has(key)) return null;
      puts.add(key);
    }
    deletes.addAll(success.deletes);
    deletes.addAll(failure.deletes);
  }
  for (const operation of operations) {
    if (operation.type !== 'put') continue;
    if (puts.has(operation.key) || deletes.has(operation.key)) return null;
    puts.add(operation.key);
  }
  return { puts, deletes };
}

function union(a: Set<Key>, b: Set<Key>): Set<Key> {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const key of small) large.add(key);
  return large;
}

/** Disjoint intervals [start, end), joined where they touch, so that a lookup is one search. */
interface IntervalSet {
  readonly ends: OrderedMap<Key>;
  /** Nothing if end ≤ start. */
  add(start: Key, end: Key): void;
  addAll(other: IntervalSet): void;
  has(key: Key): boolean;
}

function createIntervalSet(): IntervalSet {
  const ends = createOrderedMap<Key>();

  function add(start: Key, end: Key): void {
    if (end <= start) return;
    const before = ends.floor(start);
    let first = start;
    let last = end;
    if (before !== null && before.value >= start) {
      first = before.key;
      if (before.value > last) last = before.value;
    }
    const swallowed: Key[] = [];
    ends.walk(first, `${end}\0`, (key, value) => {
      swallowed.push(key);
      if (value > last) last = value;
      return true;
    });
    for (const key of swallowed) ends.delete(key);
    ends.set(first, last);
  }

  return {
    ends,
    add,
    addAll(other) {
      other.ends.walk('', null, (start, end) => {
        add(start, end);
        return true;
      });
    },
    has(key) {
      const before = ends.floor(key);
      return before !== null && key < before.value;
    },
  };
}
