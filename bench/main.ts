/**
 * `npm run bench`: the real etcd and Quorate in turn, three members each, on this machine, under the same requests. What
 * counts is the ratio within one run; single figures say more about the machine.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureFailovers } from './failover.js';
import { frame, openRawClient, paths, putBody } from './grpc.js';
import { median, runLoad } from './h2load.js';
import type { LoadResult } from './h2load.js';
import { specials } from './specials.js';
import type { Special } from './specials.js';
import { systemNames, withSystem } from './systems.js';
import type { RunningSystem, SystemName } from './systems.js';
import { ratio, renderTable } from './table.js';
import { benchKey, workloads } from './workloads.js';
import type { Workload } from './workloads.js';

const help = `Usage: npm run bench -- [flags]

  --rounds N     alternating rounds of both systems (default 3); the table shows medians
  --seconds N    measured seconds a workload (default 5)
  --failovers N  leaders killed per system (default 20; 0 leaves this out)
  --only TEXT    only workloads whose name contains TEXT, e.g. "put" or ", 64"
  --quick        one round of two seconds, three failovers

Needs etcd and h2load: apt-get install etcd-server nghttp2-client`;

interface Samples {
  readonly loads: Map<string, LoadResult[]>;
  /** By name of the special: for each round its figures. */
  readonly specials: Map<string, (readonly number[])[]>;
  readonly memory: number[];
}

/** Long enough for compilers, caches and connections of either system; not counted. */
const warmUpSeconds = 3;
const warmUps = workloads.filter(({ connections }) => connections === 64);

type BySystem<T> = Readonly<Record<SystemName, T>>;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      failovers: { type: 'string', default: '20' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const missing = ['etcd', 'h2load'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
  if (missing.length > 0) {
    console.error(`not installed: ${missing.join(', ')}\n\n${help}`);
    return 2;
  }
  const rounds = values.quick ? 1 : Number(values.rounds);
  const seconds = values.quick ? 2 : Number(values.seconds);
  const failovers = values.quick ? 3 : Number(values.failovers);
  const chosen = workloads.filter((workload) => workload.name.includes(values.only));
  const chosenSpecials = specials.filter((special) => special.name.includes(values.only));

  const samples: BySystem<Samples> = { etcd: newSamples(), quorate: newSamples() };
  for (let round = 1; round <= rounds; round++) {
    for (const name of systemNames) await runRound(name, samples[name], chosen, { round, rounds, seconds });
    for (const special of chosenSpecials) {
      for (const name of systemNames) {
        report(`round ${round}/${rounds}, ${name}: ${special.name}`);
        const figures = await withSystem(name, {}, (system) => special.run(system, seconds));
        const earlier = samples[name].specials.get(special.name) ?? [];
        samples[name].specials.set(special.name, [...earlier, figures]);
      }
    }
  }
  const failoverMs: Record<SystemName, readonly number[]> = { etcd: [], quorate: [] };
  if (failovers > 0) {
    for (const name of systemNames) {
      failoverMs[name] = await measureFailovers(name, failovers, (done) =>
        report(`${name}: failover ${done}/${failovers}`),
      );
    }
  }
  report('');
  if (chosen.length > 0) console.log(`${loadTable(samples, chosen)}\n`);
  if (chosenSpecials.length > 0) console.log(`${specialsTable(samples, chosenSpecials)}\n`);
  console.log(summaryTable(samples, failoverMs));
  save({ samples, failoverMs, rounds, seconds });
  return 0;
}

function newSamples(): Samples {
  return { loads: new Map(), specials: new Map(), memory: [] };
}

async function runRound(
  name: SystemName,
  samples: Samples,
  chosen: readonly Workload[],
  plan: { readonly round: number; readonly rounds: number; readonly seconds: number },
): Promise<void> {
  if (chosen.length === 0) return;
  await withSystem(name, {}, async (system) => {
    report(`round ${plan.round}/${plan.rounds}, ${name}: warming up`);
    for (const workload of warmUps) await measure(system, workload, warmUpSeconds);
    for (const workload of chosen) {
      report(`round ${plan.round}/${plan.rounds}, ${name}: ${workload.name}`);
      const result = await measure(system, workload, plan.seconds);
      samples.loads.set(workload.name, [...(samples.loads.get(workload.name) ?? []), result]);
    }
    samples.memory.push(Math.max(...(await system.residentBytes())));
  });
}

async function measure(system: RunningSystem, workload: Workload, seconds: number): Promise<LoadResult> {
  const client = openRawClient(system.leader.endpoint);
  try {
    await client.call(paths.put, putBody(benchKey, Buffer.alloc(256, 'v')), 5000);
    const before = await system.cluster.leader();
    const result = await runLoad({
      url: system.leader.clientUrl + workload.path,
      body: frame(workload.message),
      connections: workload.connections,
      streams: workload.streams,
      warmUpSeconds: 1,
      seconds,
    });
    if ((await system.cluster.leader()) !== before)
      throw new Error('the leader changed during a measurement');
    return result;
  } finally {
    client.close();
  }
}

function loadTable(samples: BySystem<Samples>, chosen: readonly Workload[]): string {
  const head = [
    'work',
    'etcd req/s',
    'ours req/s',
    'ratio',
    'etcd p50',
    'ours p50',
    'ratio',
    'etcd p99',
    'ours p99',
    'ratio',
  ];
  const rows = chosen.map(({ name }) => {
    const etcd = medians(samples.etcd.loads.get(name) ?? []);
    const ours = medians(samples.quorate.loads.get(name) ?? []);
    return [
      name,
      ...[etcd.rate.toFixed(0), ours.rate.toFixed(0), ratio(ours.rate, etcd.rate)],
      ...[microseconds(etcd.p50), microseconds(ours.p50), ratio(ours.p50, etcd.p50)],
      ...[microseconds(etcd.p99), microseconds(ours.p99), ratio(ours.p99, etcd.p99)],
    ];
  });
  return renderTable([head, ...rows]);
}

function specialsTable(samples: BySystem<Samples>, chosen: readonly Special[]): string {
  const rows = chosen.flatMap(({ name, figures }) =>
    figures.map((figure, index) => {
      const [etcd = Number.NaN, ours = Number.NaN] = systemNames.map((system) =>
        median(
          (samples[system].specials.get(name) ?? []).map((figuresOfRound) => figuresOfRound[index] ?? 0),
        ),
      );
      return [`${name}: ${figure}`, figureText(etcd), figureText(ours), ratio(ours, etcd)];
    }),
  );
  return renderTable([['work', 'etcd', 'ours', 'ratio'], ...rows]);
}

function figureText(value: number): string {
  return value < 100 ? value.toFixed(2) : value.toFixed(0);
}

function summaryTable(samples: BySystem<Samples>, failoverMs: BySystem<readonly number[]>): string {
  const rows = [['', 'etcd', 'ours', 'ratio']];
  if (samples.etcd.memory.length > 0) {
    const memory = systemNames.map((name) => median(samples[name].memory) / 1024 / 1024);
    rows.push(row('memory of the largest member after the loads, MiB', memory));
  }
  if (failoverMs.etcd.length > 0) {
    const worst = systemNames.map((name) => Math.max(...failoverMs[name]));
    rows.push(
      row(
        'failover, ms (median)',
        systemNames.map((name) => median(failoverMs[name])),
      ),
      row('failover, ms (worst)', worst),
    );
  }
  return renderTable(rows);
}

function row(name: string, [etcd = Number.NaN, ours = Number.NaN]: readonly number[]): string[] {
  return [name, etcd.toFixed(0), ours.toFixed(0), ratio(ours, etcd)];
}

function medians(results: readonly LoadResult[]): { rate: number; p50: number; p99: number } {
  return {
    rate: median(results.map((result) => result.requestsPerSecond)),
    p50: median(results.map((result) => result.medianUs)),
    p99: median(results.map((result) => result.p99Us)),
  };
}

function microseconds(value: number): string {
  return value < 10_000 ? `${value.toFixed(0)} µs` : `${(value / 1000).toFixed(1)} ms`;
}

function save(run: {
  readonly samples: BySystem<Samples>;
  readonly failoverMs: BySystem<readonly number[]>;
  readonly rounds: number;
  readonly seconds: number;
}): void {
  const plain = (samples: Samples): object => ({
    loads: Object.fromEntries(samples.loads),
    specials: Object.fromEntries(samples.specials),
    memory: samples.memory,
  });
  const systems = Object.fromEntries(systemNames.map((name) => [name, plain(run.samples[name])]));
  const at = new Date().toISOString();
  const text = JSON.stringify({ at, ...run, samples: systems }, null, 2);
  mkdirSync('bench/results', { recursive: true });
  const file = `bench/results/${at.replaceAll(':', '-')}.json`;
  writeFileSync(file, `${text}\n`);
  console.log(`\nEvery sample: ${file}`);
}

/** One line that the next one replaces; on a pipe, a line each. */
function report(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
  else if (text !== '') process.stderr.write(`${text}\n`);
}

process.exitCode = await main();
