/**
 * Why one transaction comes after another (Adya 1999): it wrote over what the other wrote (ww), read what the other wrote (wr), wrote over
 * what the other read (rw), or began when the other was over.
 */
export type EdgeKind = 'ww' | 'wr' | 'rw' | 'realtime';

export interface Edge {
  readonly to: number;
  readonly kind: EdgeKind;
  /** Whether it is known only because one ended before another began. */
  readonly isTimed: boolean;
  readonly key: string;
  readonly why: string;
}

/** Transactions by their ids, and what of their order is known. */
export interface Graph {
  readonly edges: ReadonlyMap<number, readonly Edge[]>;
  add(from: number, edge: Edge): void;
}

export function createGraph(): Graph {
  const edges = new Map<number, Edge[]>();
  return {
    edges,
    add(from, edge) {
      if (from === edge.to) return;
      const known = edges.get(from);
      if (known === undefined) edges.set(from, [edge]);
      else known.push(edge);
    },
  };
}

export type EdgeFilter = (edge: Edge) => boolean;

interface Visit {
  readonly node: number;
  next: number;
}

/** Strongly connected ones of more than one node (Tarjan 1972), without recursion: histories are long. */
export function componentsOf({ edges }: Graph, isIncluded: EdgeFilter): readonly ReadonlySet<number>[] {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const found: Set<number>[] = [];
  const lowOf = (node: number): number => low.get(node) ?? 0;

  function enter(node: number): Visit {
    low.set(node, index.size);
    index.set(node, index.size);
    stack.push(node);
    onStack.add(node);
    return { node, next: 0 };
  }

  function leave(node: number): void {
    if (low.get(node) !== index.get(node)) return;
    const component = new Set<number>();
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      onStack.delete(member);
      component.add(member);
      if (member === node) break;
    }
    if (component.size > 1) found.push(component);
  }

  for (const root of edges.keys()) {
    if (index.has(root)) continue;
    const path = [enter(root)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const edge = edges.get(node)?.[top.next++];
      if (edge !== undefined) {
        if (!isIncluded(edge)) continue;
        const { to } = edge;
        if (!index.has(to)) path.push(enter(to));
        else if (onStack.has(to)) low.set(node, Math.min(lowOf(node), index.get(to) ?? 0));
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low.set(parent.node, Math.min(lowOf(parent.node), lowOf(node)));
      leave(node);
    }
  }
  return found;
}

export interface Step {
  readonly from: number;
  readonly edge: Edge;
}

export interface PathLimits {
  /** The path has at most so many edges. */
  lengthMax: number;
  /** Edges that may still be looked at; counted down. */
  looksLeft: number;
}

/** The shortest way over these edges, within these nodes, breadth first; null: there is none, or none within the limits. */
export function shortestPath(
  { edges }: Graph,
  ends: { readonly from: number; readonly to: number },
  within: ReadonlySet<number>,
  isIncluded: EdgeFilter,
  limits: PathLimits,
): readonly Step[] | null {
  const cameBy = new Map<number, Step>();
  let front = [ends.from];
  for (let length = 1; front.length > 0 && length <= limits.lengthMax; length++) {
    const next: number[] = [];
    for (const node of front) {
      for (const edge of edges.get(node) ?? []) {
        if (--limits.looksLeft < 0) return null;
        const { to } = edge;
        if (!isIncluded(edge) || !within.has(to) || to === ends.from || cameBy.has(to)) continue;
        cameBy.set(to, { from: node, edge });
        if (to === ends.to) return pathTo(to, cameBy);
        next.push(to);
      }
    }
    front = next;
  }
  return null;
}

function pathTo(end: number, cameBy: ReadonlyMap<number, Step>): readonly Step[] {
  const path: Step[] = [];
  for (let step = cameBy.get(end); step !== undefined; step = cameBy.get(step.from)) path.unshift(step);
  return path;
}
