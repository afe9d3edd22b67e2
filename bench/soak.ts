/**
 * `npm run soak`: nothing grows without bound. Minutes of puts to the same 1,000 keys, with compaction of old revisions
 * and of the log, must leave memory flat; then a member that was away for 100,000 entries must catch up by snapshot
 * while writes go on.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCluster } from '../cluster/index.js';
import type { Cluster, ClusterMember } from '../cluster/index.js';
import { etcdserverpb } from '../src/gen/protos.js';
import { openRawClient, paths, putBody } from './grpc.js';
import type { RawClient } from './grpc.js';
import { median } from './statistics.js';
import { residentBytesOf } from './systems.js';
import { renderTable } from './report/table.js';

const keys = 1000;
const value = Buffer.alloc(256, 's');
const inFlight = 64;
const compactEveryMs = 10_000;
const sampleEveryMs = 5000;
/** Memory is flat when the last third's median is at most this much above the second third's. */
const growthMax = 1.1;
const callTimeoutMs = 10_000;

interface Sample {
  readonly seconds: number;
  readonly puts: number;
  readonly megabytes: readonly number[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      away: { type: 'string', default: '100000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log('Usage: npm run soak -- [--minutes 10] [--away 100000]');
    return 0;
  }
  const dataFolder = await mkdtemp(join(tmpdir(), 'quorate-soak-'));
  const cluster = await createCluster({ dataFolder, size: 3, ports: 'free' });
  try {
    await cluster.start();
    const flat = await soak(cluster, Number(values.minutes) * 60_000);
    const caughtUp = await catchUp(cluster, Number(values.away));
    return flat && caughtUp ? 0 : 1;
  } finally {
    await cluster.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function soak(cluster: Cluster, durationMs: number): Promise<boolean> {
  const leader = await cluster.waitForLeader();
  const client = openRawClient(leader.endpoint);
  const startedAt = Date.now();
  const samples: Sample[] = [];
  const writer = startWriter(client, () => Date.now() - startedAt < durationMs);
  let lastCompaction = Date.now();
  while (Date.now() - startedAt < durationMs) {
    await sleep(sampleEveryMs);
    const megabytes = await Promise.all(
      cluster.members.map(async (m) => (await residentBytesOf(m)) / 1024 / 1024),
    );
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    samples.push({ seconds, puts: writer.count(), megabytes });
    console.error(
      `${seconds} s, ${writer.count()} puts, MiB: ${megabytes.map((each) => each.toFixed(0)).join(' ')}`,
    );
    if (Date.now() - lastCompaction >= compactEveryMs) {
      await compact(client);
      lastCompaction = Date.now();
    }
  }
  await writer.done;
  client.close();
  return judge(samples, cluster);
}

function judge(samples: readonly Sample[], cluster: Cluster): boolean {
  const third = Math.floor(samples.length / 3);
  const rows = cluster.members.map((member, index) => {
    const of = (part: readonly Sample[]): number =>
      median(part.map((sample) => sample.megabytes[index] ?? 0));
    const middle = of(samples.slice(third, 2 * third));
    const end = of(samples.slice(2 * third));
    return { name: member.name, middle, end, flat: end <= middle * growthMax };
  });
  console.log(
    renderTable([
      ['member', 'second third, MiB', 'last third, MiB', ''],
      ...rows.map(({ name, middle, end, flat }) => [
        name,
        middle.toFixed(0),
        end.toFixed(0),
        flat ? 'flat' : 'GROWS',
      ]),
    ]),
  );
  return rows.every((row) => row.flat);
}

/** Takes a follower away until `entries` more are committed, then measures its way back under load. */
async function catchUp(cluster: Cluster, entries: number): Promise<boolean> {
  const leader = await cluster.waitForLeader();
  const away = cluster.members.find((member) => member !== leader);
  if (away === undefined) throw new Error('a cluster of three has followers');
  const client = openRawClient(leader.endpoint);
  await away.kill();
  const target = (await statusOf(client)).raftIndex + entries;
  let writing = true;
  const writer = startWriter(client, () => writing);
  await waitFor(async () => (await statusOf(client)).raftIndex >= target);
  const writtenBefore = writer.count();
  const startedAt = Date.now();
  await away.start();
  const caughtUp = await waitUntilLevel(client, away);
  const seconds = (Date.now() - startedAt) / 1000;
  const during = writer.count() - writtenBefore;
  writing = false;
  await writer.done;
  client.close();
  console.log(
    `a member that was away for ${entries} entries ${caughtUp ? 'was level' : 'WAS NOT LEVEL'} after ` +
      `${seconds.toFixed(1)} s, while ${during} writes were acknowledged`,
  );
  const bySnapshot = (await logOf(away)).includes('installed a snapshot');
  if (!bySnapshot) console.log('but not by snapshot: take it away for longer');
  return caughtUp && bySnapshot && during > 0;
}

async function logOf(member: ClusterMember): Promise<string> {
  return member.logFile === null ? '' : readFile(member.logFile, 'utf8');
}

async function waitUntilLevel(leader: RawClient, away: ClusterMember): Promise<boolean> {
  const client = openRawClient(away.endpoint);
  try {
    return await waitFor(async () => {
      const goal = (await statusOf(leader)).raftIndex;
      return (await statusOf(client)).applied >= goal - inFlight * 10;
    });
  } finally {
    client.close();
  }
}

/** Puts to the same keys, `inFlight` at a time, while `goOn` says so. */
function startWriter(client: RawClient, goOn: () => boolean): { done: Promise<void>; count(): number } {
  let count = 0;
  async function worker(first: number): Promise<void> {
    for (let turn = first; goOn(); turn += inFlight) {
      await client.call(paths.put, putBody(`soak-${turn % keys}`, value), callTimeoutMs);
      count += 1;
    }
  }
  const workers = Array.from({ length: inFlight }, (_, index) => worker(index));
  return { done: Promise.all(workers).then(() => undefined), count: () => count };
}

async function compact(client: RawClient): Promise<void> {
  const answer = etcdserverpb.PutResponse.decode(
    await client.call(paths.put, putBody('soak-0', value), callTimeoutMs),
  );
  const message = etcdserverpb.CompactionRequest.encode({ revision: answer.header?.revision ?? 0 }).finish();
  await client.call('/etcdserverpb.KV/Compact', message, callTimeoutMs);
}

async function statusOf(client: RawClient): Promise<{ raftIndex: number; applied: number }> {
  try {
    const bytes = await client.call('/etcdserverpb.Maintenance/Status', new Uint8Array(0), callTimeoutMs);
    const status = etcdserverpb.StatusResponse.decode(bytes);
    return { raftIndex: Number(status.raftIndex), applied: Number(status.raftAppliedIndex) };
  } catch {
    return { raftIndex: 0, applied: 0 }; // Not up yet.
  }
}

async function waitFor(holds: () => Promise<boolean>): Promise<boolean> {
  const until = Date.now() + 120_000;
  while (Date.now() < until) {
    if (await holds()) return true;
    await sleep(100);
  }
  return false;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.exitCode = await main();
