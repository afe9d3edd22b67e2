import { generateLoad } from '../load/generator.js';
import type { LoadPlan } from '../load/generator.js';
import type { RunningSystem } from '../systems.js';
import { latencyValues, processorMeter, rateFigure } from './figures.js';
import { noteIfBusy, smallKeys, smallPrefix } from './generated-works.js';
import type { Bench, RoundWork, Sample } from './types.js';

/** Ranges of many keys, and puts of somebody else beside them: who reads much must not hold up others. */

const warmUpSeconds = 0.5;
const readers = 4;
const valueBytes = 256;
/** A rate that both systems can keep up with, so that puts stand beside the same load. */
const pacedRangesPerSecond = 200;
/** Puts come evenly, few enough to be no load themselves; latency counts from when each was due. */
const putsPerSecond = 200;
const putConnections = 4;

const rangeRate = (name: string): ReturnType<typeof rateFigure> => rateFigure(null, name);
const putP99 = { id: 'put-p99', name: 'p99 of a put beside, µs' } as const;
const putWorst = { id: 'put-worst', name: 'worst put beside, µs', goal: null } as const;
const noWorse = { atMost: 1 } as const;

export const rangeWorks: readonly RoundWork[] = [
  {
    id: 'range-1000',
    name: 'range of 1,000 keys, 4 readers, puts beside',
    figures: [
      { ...rangeRate('ranges/s'), goal: { atLeast: 1 } },
      { id: 'p50', name: 'median of a range, µs', goal: null },
      { id: 'p99', name: 'p99 of a range, µs', goal: null },
      { ...putP99, goal: noWorse },
      putWorst,
      { id: 'processor', name: 'processor µs a range', goal: null },
    ],
    estimateSeconds: ({ seconds }) => warmUpSeconds + seconds + 0.5,
    measure: (system, bench, round) => measureBeside(system, bench, { round, keys: 1000 }),
  },
  {
    id: 'range-1000-paced',
    name: `range of 1,000 keys, ${pacedRangesPerSecond} a second, puts beside`,
    figures: [rangeRate('ranges/s'), { ...putP99, goal: noWorse }, putWorst],
    estimateSeconds: ({ seconds }) => warmUpSeconds + seconds + 0.5,
    measure: (system, bench, round) =>
      measureBeside(system, bench, { round, keys: 1000, rangesPerSecond: pacedRangesPerSecond }),
  },
  {
    id: 'range-10000',
    name: 'range of 10,000 keys, 4 readers, puts beside',
    figures: [
      rangeRate('ranges/s'),
      { ...putP99, goal: null },
      putWorst,
      { id: 'processor', name: 'processor µs a range', goal: null },
    ],
    estimateSeconds: ({ seconds }) => warmUpSeconds + seconds + 0.5,
    measure: (system, bench, round) => measureBeside(system, bench, { round, keys: smallKeys }),
  },
];

async function measureBeside(
  system: RunningSystem,
  bench: Bench,
  work: { readonly round: number; readonly keys: number; readonly rangesPerSecond?: number },
): Promise<Sample> {
  const { seconds } = bench.options;
  const common = { url: system.leader.clientUrl, warmUpSeconds, seconds, seed: work.round } as const;
  const starts = Math.max(1, smallKeys - work.keys);
  const ranges: LoadPlan = {
    ...common,
    connections: readers,
    streams: 1,
    mix: [{ request: { kind: 'range', keys: work.keys }, weight: 1 }],
    keys: { kind: 'uniform', count: starts },
    keyPrefix: smallPrefix,
    ...(work.rangesPerSecond === undefined ? {} : { requestsPerSecond: work.rangesPerSecond }),
  };
  const puts: LoadPlan = {
    ...common,
    connections: putConnections,
    streams: 4,
    mix: [{ request: { kind: 'put', valueBytes }, weight: 1 }],
    keys: { kind: 'uniform', count: 100 },
    keyPrefix: 'beside-',
    requestsPerSecond: putsPerSecond,
    processes: 1,
    firstProcess: 2,
  };
  const meter = await processorMeter(system);
  const [read, written] = await Promise.all([
    generateLoad(bench.processes, ranges),
    generateLoad(bench.processes, puts),
  ]);
  const rangeCount = read.requestsPerSecond * (seconds + warmUpSeconds);
  const processor = await meter.usPerRequest(rangeCount);
  noteIfBusy(bench, `range of ${work.keys} keys`, read.busy);
  const expected = read.latency.count * work.keys * valueBytes;
  if (read.answerBytes < expected * 0.9) throw new Error(`${system.name}: ranges that are not whole`);
  return {
    figures: {
      rate: read.requestsPerSecond,
      ...latencyValues(read.latency),
      'put-p99': written.latency.quantileUs(0.99),
      'put-worst': written.latency.maxUs,
      processor,
    },
    latency: written.latency,
  };
}
