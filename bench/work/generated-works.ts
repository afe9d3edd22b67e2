import type { LoadPlan } from '../load/generator.js';
import { generateLoad } from '../load/generator.js';
import type { WeightedRequest } from '../load/jobs.js';
import type { KeyPattern } from '../load/key-choice.js';
import type { RunningSystem } from '../systems.js';
import { latencyFigures, latencyValues, processorMeter, rateFigure } from './figures.js';
import type { Bench, Goal, RoundWork, Sample } from './types.js';

/** Loads of our own generator: varied keys, transactions, followers, mixes. */

const warmUpSeconds = 0.5;
const besideSeconds = 0.5;
/** Of one process of the generator: above it, the generator may be what is measured. */
const busyMax = 0.9;
const valueBytes = 256;
const largeValueBytes = 1024;
export const smallKeys = 10_000;
export const smallPrefix = 'bench-';
export const mixedPrefix = 'mixed-';

interface GeneratedWork {
  readonly id: string;
  readonly name: string;
  readonly mix: readonly WeightedRequest[];
  readonly keys: (bench: Bench) => KeyPattern;
  readonly keyPrefix: string;
  readonly target: 'leader' | 'follower';
  readonly goal: Goal | null;
}

const fewKeys = (): KeyPattern => ({ kind: 'uniform', count: smallKeys });
const one = <T extends WeightedRequest['request']>(request: T): readonly WeightedRequest[] => [
  { request, weight: 1 },
];
const put = { kind: 'put', valueBytes } as const;
const get = { kind: 'get', serializable: false } as const;
const largePut = { kind: 'put', valueBytes: largeValueBytes } as const;

const small = { keys: fewKeys, keyPrefix: smallPrefix } as const;
const mixed = {
  keys: ({ options }: Bench): KeyPattern => ({ kind: 'zipfian', count: options.keys }),
  keyPrefix: mixedPrefix,
  target: 'leader',
  goal: { atLeast: 1.3 },
} as const;

export const generatedWorks: readonly RoundWork[] = [
  {
    id: 'put-varied-64',
    name: 'put 256 B to 10,000 keys, 64 connections',
    mix: one(put),
    ...small,
    target: 'leader',
    goal: null,
  } as const,
  {
    id: 'txn-64',
    name: 'transaction (compare, put, get), 64 connections',
    mix: one({ kind: 'txn', valueBytes } as const),
    ...small,
    target: 'leader',
    goal: { atLeast: 1.5 },
  } as const,
  {
    id: 'follower-put-64',
    name: 'put through a follower, 64 connections',
    mix: one(put),
    ...small,
    target: 'follower',
    goal: { atLeast: 1.5 },
  } as const,
  {
    id: 'follower-get-64',
    name: 'linearizable get through a follower, 64 connections',
    mix: one(get),
    ...small,
    target: 'follower',
    goal: { atLeast: 1.5 },
  } as const,
].map(workOf);

export const mixedWorks: readonly RoundWork[] = [
  {
    id: 'mixed-50-50',
    name: 'half puts, half gets: zipfian, 1 KiB, 64 connections',
    mix: [
      { request: get, weight: 50 },
      { request: largePut, weight: 50 },
    ],
    ...mixed,
  } as const,
  {
    id: 'mixed-95-5',
    name: '95 gets to 5 puts: zipfian, 1 KiB, 64 connections',
    mix: [
      { request: get, weight: 95 },
      { request: largePut, weight: 5 },
    ],
    ...mixed,
  } as const,
].map(workOf);

function workOf(work: GeneratedWork): RoundWork {
  return {
    id: work.id,
    name: work.name,
    figures: [rateFigure(work.goal), ...latencyFigures()],
    estimateSeconds: ({ seconds }) => warmUpSeconds + seconds + besideSeconds,
    measure: (system, bench, round) =>
      measureGenerated(system, bench, work.name, {
        url: system[work.target].clientUrl,
        connections: 64,
        streams: 1,
        mix: work.mix,
        keys: work.keys(bench),
        keyPrefix: work.keyPrefix,
        seed: round,
        warmUpSeconds,
        seconds: bench.options.seconds,
      }),
  };
}

/** A closed loop, as a sample. */
export async function measureGenerated(
  system: RunningSystem,
  bench: Bench,
  name: string,
  plan: LoadPlan,
): Promise<Sample> {
  const meter = await processorMeter(system);
  const outcome = await generateLoad(bench.processes, plan);
  const processor = await meter.usPerRequest(outcome.requestsPerSecond * (plan.warmUpSeconds + plan.seconds));
  noteIfBusy(bench, name, outcome.busy);
  return {
    figures: { rate: outcome.requestsPerSecond, ...latencyValues(outcome.latency), processor },
    latency: outcome.latency,
  };
}

export function noteIfBusy(bench: Bench, name: string, busy: number): void {
  if (busy < busyMax) return;
  bench.recorder.note(
    `${name}: a process of the load generator was busy ${Math.round(busy * 100)} % of the time; it may be the limit`,
  );
}

/** Puts `count` keys with random values of so many bytes, as fast as transactions can. */
export async function fillKeys(
  bench: Bench,
  system: RunningSystem,
  keys: { readonly prefix: string; readonly count: number; readonly valueBytes: number },
): Promise<void> {
  const parts = 2;
  // Transactions of at most 128 operations are allowed, and requests that fit into a fresh stream's window.
  const keysPerRequest = Math.min(100, Math.floor(48_000 / (keys.valueBytes + 64)));
  await Promise.all(
    Array.from({ length: parts }, (_, part) =>
      bench.processes.ask(part, {
        type: 'fill',
        job: {
          url: system.leader.clientUrl,
          connections: 4,
          streams: 4,
          keyPrefix: keys.prefix,
          fromKey: Math.floor((keys.count * part) / parts),
          toKey: Math.floor((keys.count * (part + 1)) / parts),
          keysPerRequest,
          valueBytes: keys.valueBytes,
          seed: part + 1,
        },
      }),
    ),
  );
}
