import { createHistogram } from '../load/histogram.js';
import type { WatchReport } from '../load/jobs.js';
import { keyOfPut } from '../load/run-stamp.js';
import type { RunningSystem } from '../systems.js';
import { noteIfBusy } from './generated-works.js';
import type { Bench, RoundWork, Sample } from './types.js';

/** One who writes, and many who watch it, in two processes so that the watching is not the limit. */
interface WatchPlan {
  readonly id: string;
  readonly name: string;
  readonly keys: number;
  readonly watchers: number;
  /** Puts of the run that measures throughput, and how many of them are on their way at a time. */
  readonly puts: number;
  readonly inFlight: number;
  /** The run that measures delays: a rate that both systems can keep up with. */
  readonly pacedPutsPerSecond: number;
}

const plans: readonly WatchPlan[] = [
  {
    id: 'watch-fan-out',
    name: 'watch: 1,000 watchers of one key',
    keys: 1,
    watchers: 1000,
    puts: 1000,
    inFlight: 4,
    pacedPutsPerSecond: 20,
  },
  {
    id: 'watch-many-keys',
    name: 'watch: 10,000 watchers of 10,000 keys',
    keys: 10_000,
    watchers: 10_000,
    puts: 20_000,
    inFlight: 64,
    pacedPutsPerSecond: 500,
  },
];

const watching = [0, 1] as const;
const writing = 2;
const connectionsEach = 5;
const valueBytes = 256;
const pacedSeconds = 3;
const usualSeconds = 4;

export const watchWorks: readonly RoundWork[] = plans.map((plan) => ({
  id: plan.id,
  name: plan.name,
  figures: [
    { id: 'rate', name: 'events/s', goal: null },
    { id: 'p50', name: 'median delay, µs', goal: null },
    { id: 'p99', name: 'p99 delay, µs', goal: null },
  ],
  estimateSeconds: () => pacedSeconds + usualSeconds,
  measure: (system, bench, round) => measureWatches(system, bench, plan, round),
}));

async function measureWatches(
  system: RunningSystem,
  bench: Bench,
  plan: WatchPlan,
  round: number,
): Promise<Sample> {
  const { processes } = bench;
  const keyPrefix = `watched-${round}-`;
  const isShared = plan.keys < watching.length;
  const keysEach = isShared ? plan.keys : plan.keys / watching.length;
  const pacedPuts = plan.pacedPutsPerSecond * pacedSeconds;
  const url = system.leader.clientUrl;
  const stamp = { url, keyPrefix, keys: plan.keys, valueBytes };
  try {
    await Promise.all(
      watching.map((process) =>
        processes.ask(process, {
          type: 'watch-open',
          job: {
            url,
            connections: connectionsEach,
            keyPrefix,
            keys: keysEach,
            firstKey: isShared ? 0 : process * keysEach,
            watches: plan.watchers / watching.length,
          },
        }),
      ),
    );
    const awaitAll = (events: readonly number[]): Promise<WatchReport[]> =>
      Promise.all(
        watching.map((process) =>
          processes.ask(process, { type: 'watch-await', events: events[process] ?? 0 }),
        ),
      );
    await awaitAll([0, 0]);
    const before = watching.map((process) => eventsDue(plan, plan.puts, process));
    const { startedMs } = await processes.ask(writing, {
      type: 'stamp',
      job: { ...stamp, puts: plan.puts, inFlight: plan.inFlight },
    });
    const fast = await awaitAll(before);
    const lastMs = Math.max(...fast.map(({ lastEventMs }) => lastEventMs));
    const events = fast.reduce((sum, report) => sum + report.events, 0);
    noteIfBusy(bench, plan.name, Math.max(...fast.map(({ busy }) => busy)));
    await processes.ask(writing, {
      type: 'stamp',
      job: { ...stamp, puts: pacedPuts, inFlight: pacedPuts, putsPerSecond: plan.pacedPutsPerSecond },
    });
    const slow = await awaitAll(before.map((count, process) => count + eventsDue(plan, pacedPuts, process)));
    const latency = createHistogram();
    for (const { delay } of slow) latency.merge(createHistogram(delay));
    return {
      figures: {
        rate: (events / (lastMs - startedMs)) * 1000,
        p50: latency.quantileUs(0.5),
        p99: latency.quantileUs(0.99),
      },
      latency,
    };
  } finally {
    await Promise.all(watching.map((process) => processes.ask(process, { type: 'watch-close' })));
  }
}

/** With one key both processes watch it; with many, each has half of them, and each key has as many watchers. */
function eventsDue(plan: WatchPlan, puts: number, process: number): number {
  if (plan.keys < watching.length) return puts * (plan.watchers / watching.length);
  const keysEach = plan.keys / watching.length;
  let due = 0;
  for (let index = 0; index < puts; index++) {
    if (Math.floor(keyOfPut(index, plan.keys) / keysEach) === process) due++;
  }
  return due * (plan.watchers / plan.keys);
}
