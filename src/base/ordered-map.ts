import { assert, at } from './assert.js';
import type { Key } from './bytes.js';

/**
 * Keys in order with a value each: a B+ tree that also counts, for up to tens of millions of keys. `get`, `set`,
 * `delete` and `rank` are O(log n); walking is O(1) a key after the first.
 */
export interface OrderedMap<V extends object | string | number> {
  readonly size: number;
  get(key: Key): V | undefined;
  set(key: Key, value: V): void;
  /** False if it was not there. */
  delete(key: Key): boolean;
  /** Keys below `key`. */
  rank(key: Key): number;
  /** Keys in [from, to); to the end when `to` is null. */
  countBetween(from: Key, to: Key | null): number;
  /** Visits keys in [from, to) in order until `visit` returns false. The map must not change meanwhile. */
  walk(from: Key, to: Key | null, visit: (key: Key, value: V) => boolean): void;
  /** The last key that is not above `key`, if any. */
  floor(key: Key): { readonly key: Key; readonly value: V } | null;
}

/** Entries of a leaf and children of an inner node, at most. */
const fanOutMax = 64;
/** A node that falls below is joined with a neighbour if the two then leave room to grow. */
const fanOutMin = fanOutMax / 4;
const joinedMax = (fanOutMax * 3) / 4;

interface Leaf<V> {
  readonly inner: false;
  keys: Key[];
  values: V[];
}

/** All keys of `children[i]` are ≥ keys[i − 1] and < keys[i]. */
interface Inner<V> {
  readonly inner: true;
  keys: Key[];
  children: Node<V>[];
  /** Keys in all leaves below. */
  count: number;
}

type Node<V> = Leaf<V> | Inner<V>;

export function createOrderedMap<V extends object | string | number>(): OrderedMap<V> {
  let root: Node<V> = newLeaf([], []);

  return {
    get size() {
      return countOf(root);
    },

    get(key) {
      const leaf = leafOf(root, key);
      const index = lowerBound(leaf.keys, key);
      return leaf.keys[index] === key ? leaf.values[index] : undefined;
    },

    set(key, value) {
      const outcome = put(root, key, value);
      if (typeof outcome === 'string') return;
      const count = countOf(root) + countOf(outcome.right);
      root = { inner: true, keys: [outcome.separator], children: [root, outcome.right], count };
    },

    delete(key) {
      if (!remove(root, key)) return false;
      while (root.inner && root.children.length === 1) root = at(root.children, 0);
      return true;
    },

    rank: (key) => rankIn(root, key),

    countBetween(from, to) {
      if (to === null) return countOf(root) - rankIn(root, from);
      return from < to ? rankIn(root, to) - rankIn(root, from) : 0;
    },

    walk(from, to, visit) {
      if (to === null || from < to) walkNode(root, from, to, visit);
    },

    floor(key) {
      // The last of the first `rank + 1` keys, found by position.
      let position = rankIn(root, key) - 1;
      const leaf = leafOf(root, key);
      const index = lowerBound(leaf.keys, key);
      if (leaf.keys[index] === key) return { key, value: at(leaf.values, index) };
      if (position < 0) return null;
      let node = root;
      while (node.inner) {
        let child = 0;
        while (position >= countOf(at(node.children, child))) {
          position -= countOf(at(node.children, child));
          child++;
        }
        node = at(node.children, child);
      }
      return { key: at(node.keys, position), value: at(node.values, position) };
    },
  };
}

function newLeaf<V>(keys: Key[], values: V[]): Leaf<V> {
  return { inner: false, keys, values };
}

function countOf<V>(node: Node<V>): number {
  return node.inner ? node.count : node.keys.length;
}

/** The first index whose key is not below `key`. */
function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(keys, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which child holds `key`: as many as there are separators ≤ key. */
function childIndex(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(keys, middle) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function leafOf<V>(root: Node<V>, key: Key): Leaf<V> {
  let node = root;
  while (node.inner) node = at(node.children, childIndex(node.keys, key));
  return node;
}

function rankIn<V>(root: Node<V>, key: Key): number {
  let before = 0;
  let node = root;
  while (node.inner) {
    const index = childIndex(node.keys, key);
    for (let i = 0; i < index; i++) before += countOf(at(node.children, i));
    node = at(node.children, index);
  }
  return before + lowerBound(node.keys, key);
}

interface Split<V> {
  readonly separator: Key;
  readonly right: Node<V>;
}

/** Adds or replaces. A split names the new right neighbour of the node. */
function put<V>(node: Node<V>, key: Key, value: V): 'replaced' | 'added' | Split<V> {
  if (!node.inner) return putInLeaf(node, key, value);
  const index = childIndex(node.keys, key);
  const outcome = put(at(node.children, index), key, value);
  if (outcome === 'replaced') return outcome;
  node.count++;
  if (outcome === 'added') return outcome;
  node.keys.splice(index, 0, outcome.separator);
  node.children.splice(index + 1, 0, outcome.right);
  return node.children.length > fanOutMax ? splitInner(node, index + 1) : 'added';
}

function putInLeaf<V>(leaf: Leaf<V>, key: Key, value: V): 'replaced' | 'added' | Split<V> {
  const index = lowerBound(leaf.keys, key);
  if (leaf.keys[index] === key) {
    leaf.values[index] = value;
    return 'replaced';
  }
  leaf.keys.splice(index, 0, key);
  leaf.values.splice(index, 0, value);
  return leaf.keys.length > fanOutMax ? splitLeaf(leaf, index) : 'added';
}

/** Keys that come in ascending order leave full nodes behind: a split at the end moves only what is new. */
function splitPoint(length: number, inserted: number): number {
  return inserted === length - 1 ? length - 1 : length >>> 1;
}

function splitLeaf<V>(leaf: Leaf<V>, inserted: number): Split<V> {
  const middle = splitPoint(leaf.keys.length, inserted);
  const right = newLeaf(leaf.keys.slice(middle), leaf.values.slice(middle));
  leaf.keys = leaf.keys.slice(0, middle);
  leaf.values = leaf.values.slice(0, middle);
  return { separator: at(right.keys, 0), right };
}

function splitInner<V>(node: Inner<V>, inserted: number): Split<V> {
  const middle = splitPoint(node.children.length, inserted);
  const separator = at(node.keys, middle - 1);
  const right: Inner<V> = {
    inner: true,
    keys: node.keys.slice(middle),
    children: node.children.slice(middle),
    count: 0,
  };
  for (const child of right.children) right.count += countOf(child);
  node.keys = node.keys.slice(0, middle - 1);
  node.children = node.children.slice(0, middle);
  node.count -= right.count;
  return { separator, right };
}

function remove<V>(node: Node<V>, key: Key): boolean {
  if (!node.inner) {
    const index = lowerBound(node.keys, key);
    if (node.keys[index] !== key) return false;
    node.keys.splice(index, 1);
    node.values.splice(index, 1);
    return true;
  }
  const index = childIndex(node.keys, key);
  const child = at(node.children, index);
  if (!remove(child, key)) return false;
  node.count--;
  if (widthOf(child) < fanOutMin && node.children.length > 1) joinSmall(node, index);
  return true;
}

function widthOf<V>(node: Node<V>): number {
  return node.inner ? node.children.length : node.keys.length;
}

/** Joins the child with the neighbour before or after it if they fit; an empty child always does. */
function joinSmall<V>(parent: Inner<V>, index: number): void {
  for (const left of [index - 1, index]) {
    const first = parent.children[left];
    const second = parent.children[left + 1];
    if (first === undefined || second === undefined) continue;
    const empty = widthOf(first) === 0 || widthOf(second) === 0;
    if (!empty && widthOf(first) + widthOf(second) > joinedMax) continue;
    join(first, second, at(parent.keys, left));
    parent.children.splice(left + 1, 1);
    parent.keys.splice(left, 1);
    return;
  }
}

function join<V>(first: Node<V>, second: Node<V>, separator: Key): void {
  if (first.inner && second.inner) {
    first.keys.push(separator, ...second.keys);
    first.children.push(...second.children);
    first.count += second.count;
    return;
  }
  assert(!first.inner && !second.inner, 'neighbours are on one level');
  first.keys.push(...second.keys);
  first.values.push(...second.values);
}

function walkNode<V>(
  node: Node<V>,
  from: Key,
  to: Key | null,
  visit: (key: Key, value: V) => boolean,
): boolean {
  if (node.inner) {
    for (let i = childIndex(node.keys, from); i < node.children.length; i++) {
      if (!walkNode(at(node.children, i), from, to, visit)) return false;
    }
    return true;
  }
  for (let i = lowerBound(node.keys, from); i < node.keys.length; i++) {
    const key = at(node.keys, i);
    if (to !== null && key >= to) return false;
    if (!visit(key, at(node.values, i))) return false;
  }
  return true;
}
