/**
 * The main job on real input: this machine's package index, replicated into a cluster whose members are killed
 * meanwhile, then compared byte for byte. `npm run demo:packages -- --help` tells the options.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { connect } from '../../src/client/index.js';
import { createCluster } from '../index.js';
import type { Cluster } from '../index.js';
import { startKilling } from './killer.js';
import type { Kill } from './killer.js';
import { openMeter } from './meter.js';
import { loadRecords } from './records.js';
import type { Records } from './records.js';
import { newProgress, replicate } from './replicate.js';
import { verify } from './verify.js';

const usage = `Replicates this machine's package index (apt-cache dumpavail; without it, the files of node_modules) into a
local cluster, while a random member is killed with SIGKILL every few seconds and started again. Then checks that every
acknowledged record is on every member, byte for byte; kills all members at once, starts them, and checks again.

  npm run demo:packages -- [flags]

  --records N        how many records at most (default: all)
  --nodes N          members (default 5)
  --kill-every-ms N  average time between two kills (default 3000)
  --in-flight N      puts under way at a time (default 256)
  --seed N           of who is killed when (default: random, and printed)
  --keep             keep the data folder
  --help

The exit code is 0 if all was there, 1 if not.
`;

interface Settings {
  readonly recordsMax: number;
  readonly nodes: number;
  readonly killEveryMs: number;
  readonly inFlight: number;
  readonly seed: number;
  readonly keepsData: boolean;
}

async function main(): Promise<number> {
  const settings = readSettings();
  if (settings === null) {
    print(usage);
    return 0;
  }
  const records = await loadRecords(settings.recordsMax);
  const bytes = [...records.values.values()].reduce((sum, value) => sum + value.length, 0);
  print(`${count(records.values.size)} records, ${megabytes(bytes)}, from ${records.source}`);
  for (const remark of records.remarks) print(`  ${remark}`);
  const dataFolder = await mkdtemp(join(tmpdir(), 'quorate-demo-'));
  const interrupted = new Promise<never>((_, reject) => {
    process.once('SIGINT', () => reject(new Error('interrupted')));
  });
  const cluster = await createCluster({ dataFolder, size: settings.nodes, ports: 'free' });
  try {
    const isGood = await Promise.race([runWith(cluster, records, settings), interrupted]);
    print(isGood ? 'good: every acknowledged record is on every member' : 'BAD: see above');
    return isGood ? 0 : 1;
  } finally {
    await cluster.kill();
    if (settings.keepsData) print(`the data is in ${dataFolder}`);
    else await rm(dataFolder, { recursive: true, force: true });
  }
}

async function runWith(cluster: Cluster, records: Records, settings: Settings): Promise<boolean> {
  try {
    const startedAt = performance.now();
    await cluster.start();
    print(
      `${cluster.members.length} members serve after ${seconds(performance.now() - startedAt)}; seed ${settings.seed}`,
    );
    const kills = await replicateUnderFire(cluster, records, settings);
    printKills(kills);
    const isGood = await check(cluster, records, 'all members are up again');
    await cluster.kill();
    const restartedAt = performance.now();
    await cluster.start();
    const tookMs = performance.now() - restartedAt;
    const again = `all ${cluster.members.length} members were killed at once and serve again after ${seconds(tookMs)}`;
    return (await check(cluster, records, again)) && isGood;
  } finally {
    await cluster.stop();
  }
}

async function replicateUnderFire(
  cluster: Cluster,
  records: Records,
  { inFlight, killEveryMs, seed }: Settings,
): Promise<readonly Kill[]> {
  await using client = connect(cluster.endpoints);
  const progress = newProgress();
  const killer = startKilling({
    cluster,
    client,
    random: seededRandom(seed),
    everyMs: killEveryMs,
    onKill: (kill) => meter.note(describeKill(kill)),
  });
  const startedAt = performance.now();
  const meter = openMeter(() => {
    const elapsedMs = performance.now() - startedAt;
    const share = Math.floor((100 * progress.acknowledgedCount) / records.values.size);
    return (
      `${share} %  ${count(progress.acknowledgedCount)} acknowledged, ${rate(progress.acknowledgedCount, elapsedMs)} ` +
      `records/s, ${killer.kills.length} kills, ${count(progress.retryCount)} puts sent again`
    );
  });
  try {
    await replicate(client, records.values, { inFlight, progress });
    const tookMs = performance.now() - startedAt;
    meter.note(
      `${count(progress.acknowledgedCount)} records acknowledged in ${seconds(tookMs)}: ` +
        `${rate(progress.acknowledgedCount, tookMs)} records/s, ` +
        `${megabytes((progress.acknowledgedBytes * 1000) / tookMs)}/s; ${count(progress.retryCount)} puts were sent again, ` +
        `${count(progress.ambiguousCount)} of them because nobody told whether they had happened`,
    );
  } finally {
    meter.close();
    await killer.stop();
  }
  return killer.kills;
}

async function check(cluster: Cluster, records: Records, occasion: string): Promise<boolean> {
  const startedAt = performance.now();
  const { revision, members, isGood } = await verify(cluster, records.values);
  print(`${occasion}; compared at revision ${revision} in ${seconds(performance.now() - startedAt)}:`);
  for (const { member, recordCount, problemCount, problems, hash } of members) {
    const verdict =
      problemCount === 0 ? 'all as acknowledged' : `${problemCount} WRONG: ${problems.join(', ')}`;
    print(
      `  ${member}  ${count(recordCount)} records, ${verdict}, hash ${hash.toString(16).padStart(8, '0')}`,
    );
  }
  if (new Set(members.map(({ hash }) => hash)).size > 1) print('  the hashes DIFFER');
  return isGood;
}

function printKills(kills: readonly Kill[]): void {
  const times = kills.flatMap(({ leaderlessMs }) => (leaderlessMs === null ? [] : [leaderlessMs]));
  times.sort((a, b) => a - b);
  const middle = times.length / 2;
  print(`${kills.length} kills survived, ${times.length} of them of the leader`);
  const [low, high, worst] = [times[Math.ceil(middle) - 1], times[Math.floor(middle)], times.at(-1)];
  if (low === undefined || high === undefined || worst === undefined) return;
  const median = (low + high) / 2;
  print(`time without a leader: median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`);
  print('  (from SIGKILL to the first acknowledgement of a put that was sent after it)');
}

function describeKill({ member, wasLeader, leaderlessMs }: Kill): string {
  if (!wasLeader) return `${member} killed`;
  return `${member} killed, which led; the next write was acknowledged after ${leaderlessMs?.toFixed(0)} ms`;
}

/** Null: help is wanted. Throws for flags that make no sense. */
function readSettings(): Settings | null {
  const { values } = parseArgs({
    options: {
      records: { type: 'string' },
      nodes: { type: 'string' },
      'kill-every-ms': { type: 'string' },
      'in-flight': { type: 'string' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    recordsMax: wholeNumber('records', values.records, Number.MAX_SAFE_INTEGER),
    nodes: wholeNumber('nodes', values.nodes, 5),
    killEveryMs: wholeNumber('kill-every-ms', values['kill-every-ms'], 3_000),
    inFlight: wholeNumber('in-flight', values['in-flight'], 256),
    seed: wholeNumber('seed', values.seed, 1 + Math.floor(Math.random() * 1_000_000)),
    keepsData: values.keep,
  };
}

function wholeNumber(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${flag} needs a whole number of at least 1, not ${text}`);
  return value;
}

/** mulberry32 by Tommy Ettinger: enough to choose victims by. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function rate(done: number, elapsedMs: number): string {
  return count(Math.round((done * 1000) / Math.max(1, elapsedMs)));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo:packages: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1); // Whatever is still under way has lost its purpose.
}
