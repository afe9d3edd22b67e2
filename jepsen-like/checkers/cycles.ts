import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import type { Anomaly, Checker } from './types.js';

type Append = Extract<Operation, { readonly kind: 'append' }>;
type EdgeKind = 'ww' | 'wr' | 'rw' | 'realtime';

interface Edge {
  readonly to: number;
  readonly kind: EdgeKind;
  readonly why: string;
}

/**
 * Transactions over lists (Elle, Kingsbury and Alvaro 2020): values are appended once, so a list tells the order of those who wrote it,
 * and with it who must have come before whom. A cycle is an order that cannot be.
 */
export const cycles: Checker = {
  name: 'cycles',
  check({ operations }: History) {
    const all = operations.filter((each): each is Append => each.kind === 'append');
    if (all.length === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    const writers = writersOf(all);
    const orders = ordersOf(all, anomalies);
    const edges = edgesOf(all, writers, orders, anomalies);
    addRealTime(all, edges);
    const cycle = shortestCycle(edges);
    if (cycle !== null) anomalies.push(anomalyOfCycle(cycle, edges));
    return verdictOf(anomalies);
  },
};

const nameOf = (key: string, value: number): string => `${key} ${value}`;

/** Who appended each value. One that was surely refused counts only if a later try was not. */
function writersOf(all: readonly Append[]): ReadonlyMap<string, Append> {
  const writers = new Map<string, Append>();
  for (const transaction of all) {
    for (const step of transaction.steps) {
      if (step.type !== 'append') continue;
      const name = nameOf(step.key, step.value);
      if (transaction.outcome.type !== 'failed' || !writers.has(name)) writers.set(name, transaction);
    }
  }
  return writers;
}

interface Read {
  readonly by: Append;
  readonly key: string;
  readonly values: readonly number[];
}

function readsOf(transaction: Append): readonly Read[] {
  if (transaction.outcome.type !== 'ok') return [];
  const { reads } = transaction.outcome.value;
  const own = new Set<string>();
  return transaction.steps.flatMap((step, place) => {
    if (step.type === 'append') {
      own.add(nameOf(step.key, step.value));
      return [];
    }
    // What it has appended itself before says nothing about others.
    const values = (reads[place] ?? []).filter((value) => !own.has(nameOf(step.key, value)));
    return [{ by: transaction, key: step.key, values }];
  });
}

/** The longest list of each key; every other one has to be its beginning. */
function ordersOf(all: readonly Append[], anomalies: Anomaly[]): ReadonlyMap<string, Read> {
  const longest = new Map<string, Read>();
  const reads = all.flatMap(readsOf);
  for (const read of reads) {
    if (read.values.length > (longest.get(read.key)?.values.length ?? -1)) longest.set(read.key, read);
  }
  for (const read of reads) {
    const order = longest.get(read.key);
    if (order === undefined) continue;
    const isBeginning = read.values.every((value, place) => order.values[place] === value);
    if (!isBeginning) {
      const what = `list ${read.key} was read as ${read.values.join()} and as ${order.values.join()}`;
      anomalies.push(anomalyOf('incompatible orders', what, { operations: [read.by.id, order.by.id] }));
    }
    if (new Set(read.values).size < read.values.length)
      anomalies.push(
        anomalyOf('duplicate elements', `list ${read.key} has a value twice`, { operations: [read.by.id] }),
      );
  }
  return longest;
}

function edgesOf(
  all: readonly Append[],
  writers: ReadonlyMap<string, Append>,
  orders: ReadonlyMap<string, Read>,
  anomalies: Anomaly[],
): Map<number, Edge[]> {
  const edges = new Map<number, Edge[]>();
  const add = (from: number, to: number, kind: EdgeKind, why: string): void => {
    if (from === to) return;
    const known = edges.get(from);
    if (known === undefined) edges.set(from, [{ to, kind, why }]);
    else known.push({ to, kind, why });
  };
  for (const [key, { values }] of orders) {
    for (let place = 1; place < values.length; place++) {
      const before = writers.get(nameOf(key, values[place - 1] ?? 0));
      const after = writers.get(nameOf(key, values[place] ?? 0));
      if (before !== undefined && after !== undefined)
        add(before.id, after.id, 'ww', `${values[place] ?? ''} follows ${values[place - 1] ?? ''} in ${key}`);
    }
  }
  for (const { by, key, values } of all.flatMap(readsOf)) {
    const last = values.at(-1);
    if (last !== undefined) {
      const writer = writers.get(nameOf(key, last));
      if (writer === undefined || writer.outcome.type === 'failed') {
        const what = `${last} was read in ${key}, and nobody has written it`;
        anomalies.push(anomalyOf('G1a (aborted read)', what, { operations: [by.id] }));
      } else add(writer.id, by.id, 'wr', `${last} in ${key} was read`);
    }
    const next = orders.get(key)?.values[values.length];
    const overwriter = next === undefined ? undefined : writers.get(nameOf(key, next));
    if (overwriter !== undefined)
      add(by.id, overwriter.id, 'rw', `${next ?? ''} in ${key} was not yet there`);
  }
  return edges;
}

/** What ended before another began comes before it; those in between carry the rest. */
function addRealTime(all: readonly Append[], edges: Map<number, Edge[]>): void {
  const done = all
    .filter(({ outcome }) => outcome.type === 'ok')
    .sort((a, b) => (a.completedUs ?? Infinity) - (b.completedUs ?? Infinity));
  /** Those that ended last: nobody that began after one of them has ended yet. */
  let border: Append[] = [];
  let next = 0;
  for (const transaction of all) {
    if (transaction.outcome.type === 'failed') continue;
    for (
      let end = done[next];
      end !== undefined && (end.completedUs ?? Infinity) < transaction.invokedUs;
      end = done[++next]
    ) {
      const latest = end;
      border = [...border.filter(({ completedUs }) => (completedUs ?? 0) >= latest.invokedUs), latest];
    }
    for (const { id } of border) {
      const known = edges.get(id);
      const edge: Edge = { to: transaction.id, kind: 'realtime', why: 'ended before the other began' };
      if (known === undefined) edges.set(id, [edge]);
      else known.push(edge);
    }
  }
}

/** Null: there is none. Otherwise its nodes, in order. */
function shortestCycle(edges: ReadonlyMap<number, readonly Edge[]>): readonly number[] | null {
  let best: readonly number[] | null = null;
  for (const component of componentsOf(edges)) {
    for (const start of component) {
      const found = cycleFrom(start, component, edges);
      if (found !== null && (best === null || found.length < best.length)) best = found;
    }
  }
  return best;
}

/** Strongly connected ones of more than one node (Tarjan 1972), without recursion: histories are long. */
function componentsOf(edges: ReadonlyMap<number, readonly Edge[]>): readonly ReadonlySet<number>[] {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const found: Set<number>[] = [];
  for (const root of edges.keys()) {
    if (index.has(root)) continue;
    const path: { readonly node: number; next: number }[] = [{ node: root, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      if (top.next === 0) {
        index.set(node, index.size);
        low.set(node, index.get(node) ?? 0);
        stack.push(node);
        onStack.add(node);
      }
      const edge = edges.get(node)?.[top.next++];
      if (edge !== undefined) {
        if (!index.has(edge.to)) path.push({ node: edge.to, next: 0 });
        else if (onStack.has(edge.to)) low.set(node, Math.min(low.get(node) ?? 0, index.get(edge.to) ?? 0));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low.set(parent.node, Math.min(low.get(parent.node) ?? 0, low.get(node) ?? 0));
      if (low.get(node) !== index.get(node)) continue;
      const component = new Set<number>();
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        onStack.delete(member);
        component.add(member);
        if (member === node) break;
      }
      if (component.size > 1) found.push(component);
    }
  }
  return found;
}

/** The shortest way back to the start, breadth first. */
function cycleFrom(
  start: number,
  within: ReadonlySet<number>,
  edges: ReadonlyMap<number, readonly Edge[]>,
): readonly number[] | null {
  const cameFrom = new Map<number, number>();
  let front = [start];
  while (front.length > 0) {
    const next: number[] = [];
    for (const node of front) {
      for (const { to } of edges.get(node) ?? []) {
        if (to === start) {
          const cycle = [node];
          for (let at = cameFrom.get(node); at !== undefined; at = cameFrom.get(at)) cycle.unshift(at);
          return cycle[0] === start ? cycle : [start, ...cycle];
        }
        if (!within.has(to) || cameFrom.has(to)) continue;
        cameFrom.set(to, node);
        next.push(to);
      }
    }
    front = next;
  }
  return null;
}

const strength: Readonly<Record<EdgeKind, number>> = { ww: 0, wr: 1, rw: 2, realtime: 3 };

function anomalyOfCycle(cycle: readonly number[], edges: ReadonlyMap<number, readonly Edge[]>): Anomaly {
  const drawn = cycle.map((from, place) => {
    const to = cycle[(place + 1) % cycle.length] ?? from;
    const candidates = (edges.get(from) ?? []).filter((edge) => edge.to === to);
    const edge = candidates.sort((a, b) => strength[a.kind] - strength[b.kind])[0];
    return { from, to, kind: edge?.kind ?? 'ww', why: edge?.why ?? '' };
  });
  const count = (kind: EdgeKind): number => drawn.filter((edge) => edge.kind === kind).length;
  const base = count('rw') > 1 ? 'G2-item' : count('rw') === 1 ? 'G-single' : count('wr') > 0 ? 'G1c' : 'G0';
  const name = count('realtime') > 0 ? `${base}-realtime` : base;
  const explanation = drawn.map(({ from, to, kind, why }) => `${from} → ${to} (${kind}: ${why})`).join(', ');
  return {
    name,
    explanation,
    operations: cycle,
    calls: [],
    watches: [],
    drawing: { type: 'cycle', edges: drawn },
  };
}
