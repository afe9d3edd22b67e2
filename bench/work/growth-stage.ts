import { residentBytesOf, settle } from '../systems.js';
import type { RunningSystem, SystemName } from '../systems.js';
import { latencyFigures, rateFigure } from './figures.js';
import { fillKeys, measureGenerated } from './generated-works.js';
import type { Bench, Stage, WorkInfo } from './types.js';

/** Puts as the number of keys grows: the same system twice, once with few keys and once with very many. */

const fewKeys = 10_000;
const prefix = 'grown-';
const valueBytes = 256;
const startSeconds = 12;
const keysPerSecond = 25_000;
const settleMs = 60_000;

const works: Readonly<Record<SystemName, WorkInfo>> = { etcd: workOf('etcd'), quorate: workOf('quorate') };

function workOf(system: SystemName): WorkInfo {
  return {
    id: system === 'quorate' ? 'growth' : 'growth-etcd',
    name: `growth: puts of ${system}, many keys held, 64 connections`,
    baseline: `${fewKeys.toLocaleString('en')} keys`,
    ours: 'many keys',
    figures: [
      rateFigure(system === 'quorate' ? { atLeast: 0.8 } : null),
      ...latencyFigures(),
      { id: 'rss', name: 'MiB of the leader', goal: null },
      { id: 'bytes', name: 'bytes of memory for each key more', goal: null },
    ],
  };
}

const unlimited = { extraFlags: ['--quota-backend-bytes', String(64 * 2 ** 30)] } as const;

export const growthStage: Stage = {
  id: 'growth',
  isLong: true,
  works: Object.values(works),
  tools: () => [],
  estimateSeconds: ({ systems, grownKeys, rounds, seconds }) =>
    systems.length *
    (startSeconds + grownKeys / keysPerSecond + settleMs / 1000 + rounds * 2 * (seconds + 2)),
  async run(bench, chosen) {
    for (const name of bench.systems.names) {
      if (!chosen.has(works[name].id)) continue;
      bench.progress.step(`growth, ${name}: starting two systems`, startSeconds);
      await bench.systems.withSystem(name, unlimited, (small) =>
        bench.systems.withSystem(name, unlimited, (large) => measureGrowth(bench, works[name], small, large)),
      );
    }
  },
};

async function measureGrowth(
  bench: Bench,
  work: WorkInfo,
  small: RunningSystem,
  large: RunningSystem,
): Promise<void> {
  const { grownKeys, rounds, seconds } = bench.options;
  const sizes = [
    { side: 'baseline', system: small, count: fewKeys },
    { side: 'ours', system: large, count: grownKeys },
  ] as const;
  for (const { system, count } of sizes) {
    const many = count.toLocaleString('en');
    bench.progress.step(`growth, ${system.name}: loading ${many} keys`, count / keysPerSecond);
    await fillKeys(bench, system, { prefix, count, valueBytes });
  }
  bench.progress.step(`growth, ${large.name}: until it has settled`, settleMs / 1000);
  await settle(large, settleMs);
  const residents = await Promise.all(sizes.map(({ system }) => residentBytesOf(system.leader)));
  const [before = 0, after = 0] = residents;
  for (let round = 1; round <= rounds; round++) {
    for (const [index, { side, system, count }] of sizes.entries()) {
      const many = count.toLocaleString('en');
      bench.progress.step(`round ${round}/${rounds}, ${system.name}: puts with ${many} keys`, seconds + 2);
      const { figures, latency } = await measureGenerated(system, bench, work.name, {
        url: system.leader.clientUrl,
        connections: 64,
        streams: 1,
        mix: [{ request: { kind: 'put', valueBytes }, weight: 1 }],
        keys: { kind: 'uniform', count },
        keyPrefix: prefix,
        seed: round,
        warmUpSeconds: 1,
        seconds,
      });
      const memory = {
        rss: (residents[index] ?? 0) / 1024 / 1024,
        ...(side === 'ours' ? { bytes: (after - before) / (grownKeys - fewKeys) } : {}),
      };
      bench.recorder.record(work, side, {
        figures: { ...figures, ...memory },
        ...(latency === undefined ? {} : { latency }),
      });
      await settle(system, 2000);
    }
  }
}
