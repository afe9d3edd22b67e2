import { etcdserverpb } from '../../src/gen/protos.js';
import { openRawClient, paths } from '../grpc.js';
import { monotonicMs } from '../load/clock.js';
import { startLoad } from '../load/generator.js';
import { timelineSteps } from '../report/results.js';
import type { TimelineResult } from '../report/results.js';
import type { RunningSystem } from '../systems.js';
import { latencyValues, rateFigure } from './figures.js';
import { fillKeys } from './generated-works.js';
import { stallsOf } from './stalls.js';
import type { Bench, Stage, WorkInfo } from './types.js';
import { sideOf } from './types.js';

/** Minutes of the same load, half puts and half gets, with old revisions compacted once a minute as users of etcd do. */

const work: WorkInfo = {
  id: 'sustained',
  name: 'sustained load: 1,500 puts and 1,500 gets a second',
  figures: [
    rateFigure(),
    { id: 'p50', name: 'median, µs', goal: null },
    { id: 'p99', name: 'p99, µs', goal: null },
    { id: 'p9999', name: '99.99th percentile, µs', goal: null },
    { id: 'worst', name: 'worst, µs', goal: null },
    { id: 'stalls', name: 'stalls over 100 ms', goal: null },
    { id: 'own', name: "of these neither the disk's nor the machine's", goal: null },
  ],
};

const keys = 100_000;
const prefix = 'sustained-';
const valueBytes = 256;
const requestsPerSecond = 3000;
const connections = 32;
const warmUpSeconds = 10;
const slowMs = 100;
/** What of the disk and the machine is noted: half of what a stall is. */
const probeSlowMs = 50;
const stepMs = 1000;
const compactEveryMs = 60_000;
const startSeconds = 20;
const probeProcess = 3;
const callTimeoutMs = 30_000;

export const sustainedStage: Stage = {
  id: 'sustained',
  isLong: true,
  works: [work],
  tools: () => [],
  estimateSeconds: ({ systems, minutes }) => systems.length * (startSeconds + warmUpSeconds + minutes * 60),
  async run(bench) {
    for (const name of bench.systems.names) {
      bench.progress.step(`sustained, ${name}: starting and loading`, startSeconds);
      await bench.systems.withSystem(name, {}, (system) => sustain(bench, system));
    }
  },
};

async function sustain(bench: Bench, system: RunningSystem): Promise<void> {
  const { minutes } = bench.options;
  await fillKeys(bench, system, { prefix, count: keys, valueBytes });
  bench.progress.step(`sustained, ${system.name}: ${minutes} minutes`, warmUpSeconds + minutes * 60);
  const folder = bench.systems.folder;
  await bench.processes.ask(probeProcess, { type: 'probe-start', folder, slowMs: probeSlowMs });
  const load = startLoad(bench.processes, {
    url: system.leader.clientUrl,
    connections,
    streams: 4,
    mix: [
      { request: { kind: 'put', valueBytes }, weight: 1 },
      { request: { kind: 'get', serializable: false }, weight: 1 },
    ],
    keys: { kind: 'uniform', count: keys },
    keyPrefix: prefix,
    seed: 1,
    requestsPerSecond,
    warmUpSeconds,
    seconds: minutes * 60,
    timelineStepMs: stepMs,
    slowMs,
  });
  const compactions = compactNowAndThen(system);
  try {
    const outcome = await load.outcome;
    const probe = await bench.processes.ask(probeProcess, { type: 'probe-stop' });
    const stalls = stallsOf(outcome.slow, probe, outcome.fromMs);
    const own = stalls.filter(({ cause }) => cause === 'system');
    bench.recorder.record(work, sideOf[system.name], {
      figures: {
        rate: outcome.requestsPerSecond,
        ...latencyValues(outcome.latency),
        p9999: outcome.latency.quantileUs(0.9999),
        worst: outcome.latency.maxUs,
        stalls: stalls.length,
        own: own.length,
      },
      latency: outcome.latency,
    });
    const events = compactions.timesMs
      .map((timeMs) => ({ atMs: timeMs - outcome.fromMs, text: 'compaction' }))
      .filter(({ atMs }) => atMs >= 0);
    const timeline: TimelineResult = {
      title: `${system.name}: ${work.name}`,
      side: sideOf[system.name],
      stepMs,
      steps: timelineSteps(outcome.timeline),
      stalls,
      events,
    };
    bench.recorder.timeline(timeline);
    if (outcome.slowUnlisted > 0)
      bench.recorder.note(
        `sustained, ${system.name}: ${outcome.slowUnlisted} more slow requests are not listed`,
      );
  } finally {
    await compactions.stop();
  }
}

interface Compactions {
  readonly timesMs: readonly number[];
  /** Rejects when one failed. */
  stop(): Promise<void>;
}

function compactNowAndThen(system: RunningSystem): Compactions {
  const client = openRawClient(system.leader.endpoint);
  const timesMs: number[] = [];
  let last: Promise<void> = Promise.resolve();
  const compact = async (): Promise<void> => {
    const status = await client.call(paths.status, new Uint8Array(0), callTimeoutMs);
    const revision = etcdserverpb.StatusResponse.decode(status).header?.revision ?? 0;
    timesMs.push(monotonicMs());
    const request = etcdserverpb.CompactionRequest.encode({ revision }).finish();
    await client.call(paths.compact, request, callTimeoutMs);
  };
  const timer = setInterval(() => {
    last = last.then(compact);
    last.catch(() => undefined); // `stop` tells.
  }, compactEveryMs);
  return {
    timesMs,
    async stop() {
      clearInterval(timer);
      try {
        await last;
      } finally {
        client.close();
      }
    },
  };
}
