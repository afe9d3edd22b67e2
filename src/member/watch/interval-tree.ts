import type { Key } from '../../base/index.js';

/** Keys in [start, end); null: to the end of all keys. */
export interface Interval {
  readonly start: Key;
  readonly end: Key | null;
}

/** Intervals with values, asked which of them contain a key. Each operation takes O(log n), and what it answers. */
export interface IntervalTree<T> {
  add(interval: Interval, value: T): void;
  /** The value must be there, once, under an equal interval. */
  remove(interval: Interval, value: T): void;
  stab(key: Key, visit: (value: T) => void): void;
  readonly size: number;
}

interface Node<T> {
  readonly interval: Interval;
  readonly value: T;
  readonly priority: number;
  left: Node<T> | null;
  right: Node<T> | null;
  /** The largest end in this subtree; null: to the end of all keys. */
  reach: Key | null;
}

/** A treap (Seidel, Aragon 1989), each node with the reach of its subtree. Equal intervals may stand side by side. */
export function createIntervalTree<T>(): IntervalTree<T> {
  let root: Node<T> | null = null;
  let size = 0;
  let seed = 0x9e37_79b9;

  /** Priorities only have to be unlike the order of the keys: xorshift (Marsaglia 2003). */
  function nextPriority(): number {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return seed >>> 0;
  }

  return {
    get size() {
      return size;
    },
    add(interval, value) {
      const node = {
        interval,
        value,
        priority: nextPriority(),
        left: null,
        right: null,
        reach: interval.end,
      };
      root = insert(root, node);
      size++;
    },
    remove(interval, value) {
      root = removeFrom(root, interval, value);
      size--;
    },
    stab: (key, visit) => stab(root, key, visit),
  };
}

function stab<T>(node: Node<T> | null, key: Key, visit: (value: T) => void): void {
  if (node === null || (node.reach !== null && node.reach <= key)) return;
  stab(node.left, key, visit);
  const { start, end } = node.interval;
  if (key < start) return;
  if (end === null || key < end) visit(node.value);
  stab(node.right, key, visit);
}

function insert<T>(node: Node<T> | null, added: Node<T>): Node<T> {
  if (node === null) return added;
  if (added.priority > node.priority) {
    const [left, right] = split(node, added.interval.start);
    added.left = left;
    added.right = right;
    return measured(added);
  }
  if (added.interval.start < node.interval.start) node.left = insert(node.left, added);
  else node.right = insert(node.right, added);
  return measured(node);
}

/** What starts before `start`, and the rest. */
function split<T>(node: Node<T> | null, start: Key): [Node<T> | null, Node<T> | null] {
  if (node === null) return [null, null];
  if (node.interval.start < start) {
    const [left, right] = split(node.right, start);
    node.right = left;
    return [measured(node), right];
  }
  const [left, right] = split(node.left, start);
  node.left = right;
  return [left, measured(node)];
}

function merge<T>(left: Node<T> | null, right: Node<T> | null): Node<T> | null {
  if (left === null) return right;
  if (right === null) return left;
  if (left.priority > right.priority) {
    left.right = merge(left.right, right);
    return measured(left);
  }
  right.left = merge(left, right.left);
  return measured(right);
}

function removeFrom<T>(node: Node<T> | null, interval: Interval, value: T): Node<T> | null {
  if (node === null) return null;
  if (node.value === value) return merge(node.left, node.right);
  // Intervals of one start may stand on either side.
  if (interval.start <= node.interval.start) node.left = removeFrom(node.left, interval, value);
  if (interval.start >= node.interval.start) node.right = removeFrom(node.right, interval, value);
  return measured(node);
}

function measured<T>(node: Node<T>): Node<T> {
  node.reach = furthest(node.interval.end, furthest(reachOf(node.left), reachOf(node.right)));
  return node;
}

/** '' is before every key: nothing is reached. */
function reachOf<T>(node: Node<T> | null): Key | null {
  return node === null ? '' : node.reach;
}

function furthest(a: Key | null, b: Key | null): Key | null {
  return a === null || b === null ? null : a > b ? a : b;
}
