import { generateLoad } from '../load/generator.js';
import { withLimitServer } from '../limits/run.js';
import { frame } from '../grpc.js';
import { runH2load } from '../h2load.js';
import type { Options } from '../options.js';
import type { RunningSystem } from '../systems.js';
import { fillKeys, generatedWorks, smallKeys, smallPrefix } from './generated-works.js';
import { h2loadWorks, kinds, warmUpSeconds } from './h2load-works.js';
import { leaseWorks } from './lease-works.js';
import { rangeWorks } from './range-works.js';
import { chosenOf, estimateRounds, runRound } from './rounds.js';
import type { Bench, FigureInfo, RoundWork, Stage, WorkInfo } from './types.js';
import { sideOf } from './types.js';
import { watchWorks } from './watch-works.js';

/** Works on little data: fresh clusters in each round, warmed up. */

const works: readonly RoundWork[] = [
  ...h2loadWorks,
  ...generatedWorks,
  ...rangeWorks,
  ...watchWorks,
  ...leaseWorks,
];

const memoryWork: WorkInfo = {
  id: 'memory-small',
  name: 'memory of the largest member after a round of these loads',
  figures: [{ id: 'rss', name: 'MiB', goal: null }],
};

const limitName = 'an empty grpc-js handler';
const ofLimit = (atLeast: number): FigureInfo => ({ id: 'rate', name: 'requests/s', goal: { atLeast } });
/** The same work of ours, against what a server that does nothing answers. */
const limitWorks = [
  {
    id: 'limit-put',
    name: 'put, 64 connections, against the limit',
    baseline: limitName,
    figures: [ofLimit(0.65)],
    sameAs: 'put-64',
    kind: 'put',
  },
  {
    id: 'limit-get',
    name: 'linearizable get, 64 connections, against the limit',
    baseline: limitName,
    figures: [ofLimit(0.85)],
    sameAs: 'get-64',
    kind: 'get',
  },
] as const;

const generatorWorks = [
  { connections: 64, streams: 1 },
  { connections: 100, streams: 10 },
].map((shape) => ({
  id: `generator-${shape.connections}`,
  name: `our generator, ${shape.connections} × ${shape.streams}, against h2load, at a server that does nothing`,
  baseline: 'h2load',
  ours: 'our generator',
  figures: [{ id: 'rate', name: 'requests/s', goal: null }],
  shape,
}));

const startSeconds = 6;
const warmSecondsMax = 3;
/** Twice, of puts and of gets; short runs are no more than a look anyway. */
function warmSecondsOf({ seconds }: Options): number {
  return Math.min(warmSecondsMax, 2 * seconds);
}

export const smallStage: Stage = {
  id: 'small',
  isLong: false,
  tools: (chosen) => {
    const users = chosenOf([...h2loadWorks, ...limitWorks, ...generatorWorks], chosen);
    return users.length > 0 ? ['h2load'] : [];
  },
  works: [...works, memoryWork, ...limitWorks, ...generatorWorks],
  estimateSeconds(options, chosen) {
    const each = (startSeconds + 2 * warmSecondsOf(options) * options.systems.length) * options.rounds;
    const isWanted = chosenOf(works, chosen).length > 0;
    const limits = chosenOf([...limitWorks, ...generatorWorks], chosen).length;
    return (
      (isWanted ? each : 0) +
      estimateRounds(options, chosenOf(works, chosen)) +
      limits * options.rounds * (options.seconds + 2)
    );
  },
  async run(bench, chosen) {
    const wanted = chosenOf(works, chosen);
    for (let round = 1; round <= bench.options.rounds; round++) {
      if (wanted.length > 0) {
        bench.progress.step(`round ${round}/${bench.options.rounds}: starting the systems`, startSeconds);
        await bench.systems.withSystems({}, async (systems) => {
          for (const system of systems) await warmUp(bench, system);
          await runRound(bench, systems, wanted, round);
          if (chosen.has(memoryWork.id)) await recordMemory(bench, systems);
        });
      }
      await measureLimits(bench, chosen, round);
    }
  },
};

/** Long enough for compilers, caches and connections of either system; not counted. */
async function warmUp(bench: Bench, system: RunningSystem): Promise<void> {
  const seconds = warmSecondsOf(bench.options);
  bench.progress.step(`${system.name}: warming up`, 2 * seconds);
  await fillKeys(bench, system, { prefix: smallPrefix, count: smallKeys, valueBytes: 256 });
  for (const request of [
    { kind: 'put', valueBytes: 256 },
    { kind: 'get', serializable: false },
  ] as const) {
    await generateLoad(bench.processes, {
      url: system.leader.clientUrl,
      connections: 64,
      streams: 1,
      mix: [{ request, weight: 1 }],
      keys: { kind: 'uniform', count: smallKeys },
      keyPrefix: smallPrefix,
      seed: 1,
      warmUpSeconds: 0,
      seconds,
    });
  }
}

async function recordMemory(bench: Bench, systems: readonly RunningSystem[]): Promise<void> {
  for (const system of systems) {
    const largest = Math.max(...(await system.residentBytes()));
    bench.recorder.record(memoryWork, sideOf[system.name], { figures: { rss: largest / 1024 / 1024 } });
  }
}

async function measureLimits(bench: Bench, chosen: ReadonlySet<string>, round: number): Promise<void> {
  const { seconds, rounds } = bench.options;
  const limits = chosenOf(limitWorks, chosen);
  if (limits.length > 0) {
    await withLimitServer('empty-server', async (url) => {
      for (const work of limits) {
        bench.progress.step(`round ${round}/${rounds}: the limit, ${work.kind}`, seconds + 2);
        const kind = kinds.find(({ id }) => id === work.kind);
        if (kind === undefined) continue;
        const load = { connections: 64, streams: 1, warmUpSeconds: 1.5, seconds };
        const limit = await runH2load({ ...load, url: url + kind.path, body: frame(kind.message) });
        bench.recorder.record(work, 'baseline', { figures: { rate: limit.requestsPerSecond } });
        const ours = bench.recorder.samplesOf(work.sameAs, 'ours', 'rate').at(-1);
        if (ours !== undefined) bench.recorder.record(work, 'ours', { figures: { rate: ours } });
      }
    });
  }
  const ceilings = chosenOf(generatorWorks, chosen);
  if (ceilings.length === 0) return;
  await withLimitServer('bare-server', async (url) => {
    for (const work of ceilings) {
      bench.progress.step(`round ${round}/${rounds}: ${work.name}`, seconds + 2);
      await measureCeiling(bench, work, url);
    }
  });
}

async function measureCeiling(
  bench: Bench,
  work: (typeof generatorWorks)[number],
  url: string,
): Promise<void> {
  const put = kinds.find(({ id }) => id === 'put');
  if (put === undefined) return;
  const seconds = bench.options.seconds / 2;
  const theirs = await runH2load({
    ...work.shape,
    url: url + put.path,
    body: frame(put.message),
    warmUpSeconds,
    seconds,
  });
  const ours = await generateLoad(bench.processes, {
    ...work.shape,
    url,
    mix: [{ request: { kind: 'put', valueBytes: 256 }, weight: 1 }],
    keys: { kind: 'uniform', count: smallKeys },
    keyPrefix: smallPrefix,
    seed: 1,
    warmUpSeconds,
    seconds,
  });
  bench.recorder.record(work, 'baseline', { figures: { rate: theirs.requestsPerSecond } });
  bench.recorder.record(work, 'ours', { figures: { rate: ours.requestsPerSecond } });
}
