import type { Anomaly } from '../types.js';
import { componentsOf, shortestPath } from './graph.js';
import type { Edge, EdgeFilter, Graph, PathLimits, Step } from './graph.js';

interface CycleClass {
  readonly name: string;
  /** What its cycles are made of … */
  readonly within: EdgeFilter;
  /** … with one edge of this kind … */
  readonly with: EdgeFilter;
  /** … and all others of these. */
  readonly rest: EdgeFilter;
}

const isWrite: EdgeFilter = ({ kind }) => kind === 'ww';
const isInformation: EdgeFilter = ({ kind }) => kind === 'ww' || kind === 'wr';
const isDependency: EdgeFilter = ({ kind }) => kind !== 'realtime';
const isRead: EdgeFilter = ({ kind }) => kind === 'rw';

/** From the worst on. A cycle of a later class may go over more kinds of edges. */
const classes: readonly CycleClass[] = [
  { name: 'G0', within: isWrite, with: isWrite, rest: isWrite },
  { name: 'G1c', within: isInformation, with: ({ kind }) => kind === 'wr', rest: isInformation },
  { name: 'G-single', within: isDependency, with: isRead, rest: isInformation },
  { name: 'G2-item', within: isDependency, with: isRead, rest: isDependency },
];

/** Looks that one class may cost: enough for all but the most broken of histories, in which any cycle will do. */
const looksMax = 3_000_000;

/** The shortest cycle of each class that holds without clocks; if there is none, of each that holds with them. */
export function anomaliesOfCycles(graph: Graph): readonly Anomaly[] {
  const timeless = cyclesOf(graph, false);
  const cycles = timeless.length > 0 ? timeless : cyclesOf(graph, true);
  return cycles.map(({ name, steps }) => anomalyOfCycle(name, steps));
}

interface Cycle {
  readonly name: string;
  readonly steps: readonly Step[];
}

function cyclesOf(graph: Graph, withTime: boolean): readonly Cycle[] {
  const allow =
    (filter: EdgeFilter): EdgeFilter =>
    (edge) =>
      withTime ? edge.kind === 'realtime' || filter(edge) : !edge.isTimed && filter(edge);
  const components = componentsOf(graph, allow(isDependency));
  if (components.length === 0) return [];
  const cycles: Cycle[] = [];
  for (const each of classes) {
    const inner = each.within === isDependency ? components : componentsOf(graph, allow(each.within));
    const required: EdgeFilter = (edge) => (withTime || !edge.isTimed) && each.with(edge);
    const steps = shortestCycle(graph, inner, { with: required, rest: allow(each.rest) });
    if (steps === null) continue;
    // What has two such edges where one would do was told as that.
    if (each.name === 'G2-item' && steps.filter(({ edge }) => isRead(edge)).length < 2) continue;
    cycles.push({ name: nameOf(each.name, steps), steps });
  }
  if (cycles.length > 0) return cycles;
  // The search was cut short, or the cycle is of time alone: clocks that go backwards.
  const [first] = components;
  const any = first === undefined ? null : anyCycle(graph, first, allow(isDependency));
  return any === null ? [] : [{ name: nameOf('cycle', any), steps: any }];
}

function shortestCycle(
  graph: Graph,
  components: readonly ReadonlySet<number>[],
  filters: { readonly with: EdgeFilter; readonly rest: EdgeFilter },
): readonly Step[] | null {
  const limits: PathLimits = { lengthMax: Infinity, looksLeft: looksMax };
  let best: readonly Step[] | null = null;
  for (const component of components) {
    for (const from of component) {
      for (const edge of graph.edges.get(from) ?? []) {
        if (!filters.with(edge) || !component.has(edge.to)) continue;
        const back = shortestPath(graph, { from: edge.to, to: from }, component, filters.rest, limits);
        if (back === null) continue;
        best = [{ from, edge }, ...back];
        limits.lengthMax = back.length - 1;
        if (limits.lengthMax < 1) return best;
      }
    }
  }
  return best;
}

/** One that is there for sure: from a node along the component until a node comes again. */
function anyCycle(graph: Graph, component: ReadonlySet<number>, filter: EdgeFilter): readonly Step[] | null {
  const [start] = component;
  if (start === undefined) return null;
  const unlimited = { lengthMax: Infinity, looksLeft: Infinity };
  for (const edge of graph.edges.get(start) ?? []) {
    if (!filter(edge) || !component.has(edge.to)) continue;
    const back = shortestPath(graph, { from: edge.to, to: start }, component, filter, unlimited);
    if (back !== null) return [{ from: start, edge }, ...back];
  }
  return null;
}

function nameOf(base: string, steps: readonly Step[]): string {
  const isTimed = steps.some(({ edge }) => edge.isTimed);
  const name = isTimed ? `${base}-realtime` : base;
  const special = specialName(steps.map(({ edge }) => edge));
  return special === null ? name : `${name} (${special})`;
}

/** Two that are known by other names. */
function specialName(edges: readonly Edge[]): string | null {
  const [first, second] = edges;
  if (edges.length !== 2 || first === undefined || second === undefined) return null;
  const kinds = [first.kind, second.kind].sort().join();
  if (kinds === 'realtime,rw') return 'stale read';
  return first.key === second.key && (kinds === 'rw,ww' || kinds === 'rw,rw') ? 'lost update' : null;
}

function anomalyOfCycle(name: string, steps: readonly Step[]): Anomaly {
  const edges = steps.map(({ from, edge: { to, kind, why } }) => ({ from, to, kind, why }));
  return {
    name,
    explanation: edges.map(({ from, to, kind, why }) => `${from} → ${to} (${kind}: ${why})`).join(', '),
    operations: edges.map(({ from }) => from),
    calls: [],
    watches: [],
    drawing: { type: 'cycle', edges },
  };
}
