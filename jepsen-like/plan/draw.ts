import { some } from '../../src/base/index.js';
import type { Random } from '../../src/base/index.js';
import type { Workload } from '../workloads/types.js';
import type { Fault, FaultKind, Plan, Step, Target } from './types.js';

export interface DrawOptions {
  readonly workloads: readonly Workload[];
  readonly seed: number;
  /** Default: as the seed has it. */
  readonly durationMs?: number;
  readonly actionsPerSecond?: number;
}

const defaultDurationMs = 20_000;
const defaultActionsPerSecond = 100;

/**
 * A plan by chance. Each switches off a random half of the faults and of the workloads, and skews what is left (swarm testing,
 * Groce et al. 2012): a run that does everything at once rarely does one thing to its end.
 */
export function drawPlan(random: Random, options: DrawOptions): Plan {
  const { workloads, seed, durationMs = defaultDurationMs } = options;
  const { actionsPerSecond = defaultActionsPerSecond } = options;
  const chosen = compatible(chooseSome(random, workloads, 3));
  const members = random.chance(0.75) ? 3 : random.chance(0.8) ? 5 : 1;
  const clients = Math.max(chosen.length, 2 + random.below(7));
  const keys = 1 + random.below(6);
  const electionTimeoutMs = 500 + 250 * random.below(4);
  const steps: Step[] = [];
  const everyMs = 1000 / actionsPerSecond;
  const burst = random.chance(0.5) ? 1 : 2 + random.below(10);
  let nth = 0;
  const pauseMs = (): number => everyMs * 2 * (random.below(1000) / 1000);
  for (let atMs = 0; atMs < durationMs; atMs += nth % burst === 0 ? burst * pauseMs() : 0) {
    const client = random.below(clients);
    const workload = some(chosen[client % chosen.length], 'a workload for every client');
    nth += 1;
    const action = workload.draw({ random, client, clients, nth, keys });
    steps.push({ type: 'action', atMs: Math.round(atMs), client, action });
  }
  steps.push(...drawFaults(random, { members, durationMs, electionTimeoutMs }));
  steps.sort((a, b) => a.atMs - b.atMs);
  return {
    seed,
    members,
    heartbeatIntervalMs: electionTimeoutMs / 10,
    electionTimeoutMs,
    ...drawLogLimits(random),
    diskFactor: random.chance(0.5) ? 1 : 2 + random.below(40),
    workloads: chosen.map(({ name }) => name),
    clients,
    keys,
    durationMs,
    lastCuts: random.chance(0.4) ? drawLastCuts(random, members) : [],
    steps,
  };
}

/** In half of the runs logs stay whole; in most of the others whoever was away for a moment needs a snapshot. */
function drawLogLimits(random: Random): Pick<Plan, 'snapshotCount' | 'catchUpEntries'> {
  const isShort = random.chance(0.5);
  return {
    snapshotCount: isShort ? 20 + random.below(200) : 10_000,
    catchUpEntries: random.chance(isShort ? 0.8 : 0.2) ? random.below(50) : 5000,
  };
}

function drawLastCuts(random: Random, members: number): Plan['lastCuts'] {
  const places = Array.from({ length: members }, (_, place) => place);
  const pairs = places.flatMap((from) => places.filter((to) => to !== from).map((to) => [from, to] as const));
  return pairs.filter(() => random.chance(0.3));
}

interface FaultContext {
  readonly members: number;
  readonly durationMs: number;
  readonly electionTimeoutMs: number;
}

const kinds: readonly FaultKind[] = [
  'kill',
  'power-cut',
  'kill-in-election',
  'power-cut-all',
  'restart',
  'pause',
  'cut',
  'isolate',
  'flap',
  'bad-network',
  'slow-disk',
  'full-disk',
  'failed-write',
  'damage',
  'old-disk',
  'wall-clock',
  'drift',
  'move-leader',
];

function drawFaults(random: Random, context: FaultContext): readonly Step[] {
  const { members, durationMs } = context;
  const enabled = kinds
    .filter(() => random.chance(0.5))
    .map((kind) => ({ kind, weight: 1 + random.below(4) }));
  if (enabled.length === 0 || random.chance(0.05)) return [];
  const totalWeight = enabled.reduce((sum, { weight }) => sum + weight, 0);
  const everyMs = 300 + random.below(4000);
  const damaged = random.below(members);
  const steps: Step[] = [];
  for (let atMs = random.below(everyMs); atMs < durationMs; atMs += 1 + random.below(2 * everyMs)) {
    let ticket = random.below(totalWeight);
    const { kind } = some(
      enabled.find(({ weight }) => (ticket -= weight) < 0),
      'a ticket of one of the kinds',
    );
    steps.push({ type: 'fault', atMs, fault: drawFault(random, kind, context, damaged) });
  }
  return steps;
}

function drawFault(random: Random, kind: FaultKind, context: FaultContext, damaged: number): Fault {
  const { members, electionTimeoutMs } = context;
  const target: Target = random.chance(0.4)
    ? 'leader'
    : random.chance(0.2)
      ? 'follower'
      : random.below(members);
  const other: Target = random.chance(0.3) ? 'leader' : random.below(members);
  /** Mostly about as long as an election takes: shorter hardly matters, longer is only more of the same. */
  const forMs = Math.round((electionTimeoutMs * (1 + random.below(random.chance(0.2) ? 80 : 25))) / 10);
  switch (kind) {
    case 'kill':
    case 'power-cut':
      // One that is back at once still finds under way what it took part in.
      return { kind, target, forMs: random.chance(0.3) ? 1 + random.below(30) : forMs };
    case 'kill-in-election':
      return { kind, afterMs: random.below(20), forMs: 1 + random.below(50) };
    case 'power-cut-all':
      return { kind, forMs };
    case 'restart':
      return { kind, target };
    case 'pause':
      return { kind, target, forMs };
    case 'cut':
      return { kind, from: target, to: other, both: random.chance(0.5), forMs };
    case 'isolate':
      return {
        kind,
        target,
        direction: (['in', 'out', 'both'] as const)[random.below(3)] ?? 'both',
        clients: random.chance(0.3),
        forMs,
      };
    case 'flap':
      return { kind, from: target, to: other, periodMs: 50 + random.below(1000), forMs: forMs * 2 };
    case 'bad-network':
      return {
        kind,
        lossPermille: random.chance(0.5) ? random.below(300) : 0,
        duplicatePermille: random.chance(0.5) ? random.below(300) : 0,
        spreadMs: random.chance(0.5) ? random.below(electionTimeoutMs) : random.below(30),
        reorders: random.chance(0.5),
        forMs,
      };
    case 'slow-disk':
      return { kind, target, factor: 5 + random.below(500), forMs };
    case 'full-disk':
      return { kind, target, forMs };
    case 'failed-write':
      return {
        kind,
        target,
        when: (['next', 'store-made', 'store-removed'] as const)[random.below(3)] ?? 'next',
        restartAfterMs: forMs,
      };
    case 'damage':
      return {
        kind,
        target: damaged,
        how:
          (['flip-bit', 'stale', 'erase', 'misdirect', 'lose', 'unsynced'] as const)[random.below(6)] ??
          'flip-bit',
        pick: random.below(1_000_000),
        count: random.chance(0.5) ? 1 : 2 + random.below(30),
      };
    case 'old-disk':
      return {
        kind,
        target: damaged,
        afterMs: 200 + random.below(6000),
        forMs: electionTimeoutMs * (2 + random.below(6)),
      };
    case 'wall-clock':
      return { kind, target, jumpMs: (random.chance(0.5) ? 1 : -1) * random.below(100_000_000) };
    case 'drift':
      return { kind, target, permille: random.below(200) - 100, forMs: forMs * 4 };
    case 'move-leader':
      return { kind, to: random.below(members) };
  }
}

/** The first decides: those that need to be alone are. */
function compatible(chosen: readonly Workload[]): readonly Workload[] {
  const [first] = chosen;
  return first?.isAlone === true ? [first] : chosen.filter(({ isAlone }) => isAlone !== true);
}

/** At least one, at most `countMax`. */
function chooseSome<T>(random: Random, all: readonly T[], countMax: number): readonly T[] {
  const count = 1 + random.below(Math.min(countMax, all.length));
  const left = [...all];
  return Array.from({ length: count }, () =>
    some(left.splice(random.below(left.length), 1)[0], 'one that is left'),
  );
}
