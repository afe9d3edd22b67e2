import { some } from '../../src/base/index.js';
import type { Random } from '../../src/base/index.js';
import type { Workload } from '../workloads/index.js';

/** One run against real processes, decided beforehand. What comes of it also hangs on the machine: the same plan is not the same run. */
export interface LivePlan {
  readonly seed: number;
  readonly members: number;
  readonly workloads: readonly string[];
  /** Client `n` runs the workload at `n` modulo their number. */
  readonly clients: number;
  readonly keys: number;
  /** Of all clients together. */
  readonly actionsPerSecond: number;
  readonly durationMs: number;
  /** Log entries after which members cut their logs. */
  readonly snapshotCount: number;
  /** The machine whose disk can be full; null: none. */
  readonly smallDisk: number | null;
  readonly faults: readonly { readonly atMs: number; readonly fault: LiveFault }[];
}

/** Machines by their position, or by what their members are when the fault comes. */
export type LiveTarget = number | 'leader' | 'follower' | 'majority' | 'all';

/** Each ends by itself after `forMs`, or at once; all of them end with the faults. */
export type LiveFault =
  /** SIGKILL, and started again. */
  | { readonly kind: 'kill'; readonly target: LiveTarget; readonly forMs: number }
  /** SIGSTOP and SIGCONT. */
  | { readonly kind: 'pause'; readonly target: LiveTarget; readonly forMs: number }
  /** Each in turn ends and starts in good order. */
  | { readonly kind: 'rolling-restart' }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number; readonly forMs: number }
  | {
      readonly kind: 'isolate';
      readonly target: LiveTarget;
      /** It hears nobody, or is heard by nobody, or both. */
      readonly direction: 'in' | 'out' | 'both';
      readonly forMs: number;
    }
  /** Links of one machine that come and go. */
  | { readonly kind: 'flap'; readonly target: LiveTarget; readonly periodMs: number; readonly forMs: number }
  /** The first so many, counted from `from`, against the rest. */
  | { readonly kind: 'halves'; readonly from: number; readonly forMs: number }
  /** Each hears a majority, and no two the same. */
  | { readonly kind: 'ring'; readonly forMs: number }
  /** Two halves that only one machine joins. */
  | { readonly kind: 'bridge'; readonly over: number; readonly forMs: number }
  | { readonly kind: 'slow-links'; readonly delayMs: number; readonly forMs: number }
  /** All connections between members break, once. */
  | { readonly kind: 'reset-connections' }
  | { readonly kind: 'full-disk'; readonly forMs: number }
  | { readonly kind: 'slow-disk'; readonly target: number; readonly delayMs: number; readonly forMs: number }
  | { readonly kind: 'wall-clock'; readonly target: number; readonly jumpMs: number }
  | { readonly kind: 'drift'; readonly target: number; readonly permille: number; readonly forMs: number }
  /** A client, not a member: what it believed when it fell asleep it still believes when it wakes. */
  | { readonly kind: 'pause-client'; readonly client: number; readonly forMs: number }
  | { readonly kind: 'move-leader'; readonly to: number }
  /** History up to so many revisions ago. */
  | { readonly kind: 'compact'; readonly back: number };

export type LiveFaultKind = LiveFault['kind'];

/** For the help and for `--nemeses`. */
export const liveFaultKinds: readonly LiveFaultKind[] = [
  'kill',
  'pause',
  'rolling-restart',
  'cut',
  'isolate',
  'flap',
  'halves',
  'ring',
  'bridge',
  'slow-links',
  'reset-connections',
  'full-disk',
  'slow-disk',
  'wall-clock',
  'drift',
  'pause-client',
  'move-leader',
  'compact',
];

export interface LiveDrawOptions {
  readonly seed: number;
  readonly members: number;
  readonly durationMs: number;
  readonly actionsPerSecond: number;
  readonly workloads: readonly Workload[];
  /** All that is asked for is done, and nothing is left to chance but when. */
  readonly isFixed: boolean;
  readonly nemeses: readonly LiveFaultKind[];
}

const workloadsMax = 3;
const clientsMin = 4;
/** Long enough for an election, mostly: members have 1 s to hear from a leader. */
const shortestMs = 300;

/** As in simulation, each run leaves out half of the faults and most of the workloads (swarm testing). */
export function drawLivePlan(random: Random, options: LiveDrawOptions): LivePlan {
  const { seed, members, durationMs, actionsPerSecond, isFixed } = options;
  const workloads = isFixed ? options.workloads : chooseWorkloads(random, options.workloads);
  const clients = Math.max(clientsMin, 2 * workloads.length);
  const kinds = isFixed ? options.nemeses : options.nemeses.filter(() => random.chance(0.5));
  const meanMs = 400 + random.below(2500);
  const faults: { atMs: number; fault: LiveFault }[] = [];
  if (kinds.length > 0) {
    for (let atMs = random.below(meanMs); atMs < durationMs; atMs += 1 + random.below(2 * meanMs)) {
      const kind = some(kinds[random.below(kinds.length)], 'one of the kinds');
      faults.push({ atMs, fault: drawFault(random, kind, members, clients) });
    }
  }
  return {
    seed,
    members,
    workloads: workloads.map(({ name }) => name),
    clients,
    keys: 1 + random.below(5),
    actionsPerSecond,
    durationMs,
    snapshotCount: random.chance(0.3) ? 10_000 : 50 + random.below(500),
    smallDisk: kinds.includes('full-disk') ? random.below(members) : null,
    faults,
  };
}

function chooseWorkloads(random: Random, all: readonly Workload[]): readonly Workload[] {
  const left = [...all];
  const first = some(left.splice(random.below(left.length), 1)[0], 'a workload');
  if (first.isAlone === true) return [first];
  const others = left.filter(({ isAlone }) => isAlone !== true);
  const count = Math.min(others.length, random.below(workloadsMax));
  const chosen = Array.from({ length: count }, () =>
    some(others.splice(random.below(others.length), 1)[0], 'one that is left'),
  );
  return [first, ...chosen];
}

function drawFault(random: Random, kind: LiveFaultKind, members: number, clients: number): LiveFault {
  const forMs = shortestMs + random.below(random.chance(0.25) ? 8000 : 2500);
  const place = (): number => random.below(members);
  const oneOf = (): LiveTarget => (random.chance(0.5) ? 'leader' : random.chance(0.3) ? 'follower' : place());
  const oneOrMore = (): LiveTarget =>
    random.chance(0.15) ? 'majority' : random.chance(0.1) ? 'all' : oneOf();
  switch (kind) {
    case 'kill':
    case 'pause':
      return { kind, target: oneOrMore(), forMs };
    case 'rolling-restart':
    case 'reset-connections':
      return { kind };
    case 'cut':
      return { kind, from: place(), to: place(), forMs };
    case 'isolate': {
      const direction = (['in', 'out', 'both'] as const)[random.below(3)] ?? 'both';
      return { kind, target: oneOf(), direction, forMs };
    }
    case 'flap':
      return { kind, target: oneOf(), periodMs: 100 + random.below(1200), forMs: 2 * forMs };
    case 'halves':
      return { kind, from: place(), forMs };
    case 'ring':
      return { kind, forMs };
    case 'bridge':
      return { kind, over: place(), forMs };
    case 'slow-links':
      return { kind, delayMs: 5 + random.below(random.chance(0.5) ? 50 : 800), forMs };
    case 'full-disk':
      return { kind, forMs };
    case 'slow-disk':
      return { kind, target: place(), delayMs: 10 + random.below(1000), forMs };
    case 'wall-clock':
      return { kind, target: place(), jumpMs: (random.chance(0.5) ? 1 : -1) * random.below(100_000_000) };
    case 'drift':
      return { kind, target: place(), permille: random.below(200) - 100, forMs: forMs * 3 };
    case 'pause-client':
      return { kind, client: random.below(clients), forMs: 1000 + 2 * forMs };
    case 'move-leader':
      return { kind, to: place() };
    case 'compact':
      return { kind, back: random.below(1000) };
  }
}

/** For the report and for eyes, in the form of the plans of simulations. */
export function printLivePlan({ faults, ...settings }: LivePlan): string {
  const lines = faults.map(
    ({ atMs, fault }) => `${(atMs / 1000).toFixed(3)}s fault: ${JSON.stringify(fault)}`,
  );
  return `${[`plan ${JSON.stringify(settings)}`, ...lines].join('\n')}\n`;
}
