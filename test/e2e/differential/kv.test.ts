import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openRawClient, paths, rangeBody } from '../../../bench/grpc.js';
import type { RawClient } from '../../../bench/grpc.js';
import { createCluster } from '../../../cluster/index.js';
import type { Cluster } from '../../../cluster/index.js';
import { at } from '../../../src/base/index.js';
import { ask } from './answers.js';
import { encode, mayEndEtcd, plan } from './requests.js';
import type { Plan } from './requests.js';

/**
 * The same random requests, good and bad ones mixed, to the real etcd and to Quorate: equal answers. Meant differences are
 * listed in docs/compatibility.md. More of it: `DIFFERENTIAL_RUNS=2000 npx vitest run … test/e2e/differential`.
 */
const runs = Number(process.env['DIFFERENTIAL_RUNS'] ?? 40);
const requestsPerRun = { minLength: 60, maxLength: 120 };
const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 20261120);

const hasEtcd = spawnSync('etcd', ['--version']).error === undefined;

interface System {
  readonly cluster: Cluster;
  readonly clients: readonly RawClient[];
}

interface Pair {
  readonly etcd: System;
  readonly quorate: System;
  revision: number;
}

let pair: Pair | null = null;
let runCount = 0;
const folders: string[] = [];

async function startSystem(options: {
  readonly size: number;
  readonly program?: readonly string[];
}): Promise<System> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'quorate-differential-'));
  folders.push(dataFolder);
  const cluster = await createCluster({ dataFolder, ports: 'free', ...options });
  await cluster.start();
  return { cluster, clients: cluster.endpoints.map(openRawClient) };
}

async function startPair(): Promise<Pair> {
  const [etcd, quorate] = await Promise.all([
    startSystem({ size: 1, program: ['etcd'] }),
    startSystem({ size: 3 }),
  ]);
  return { etcd, quorate, revision: 1 };
}

async function stopPair(): Promise<void> {
  if (pair === null) return;
  const stopping = [pair.etcd, pair.quorate].map(async ({ cluster, clients }) => {
    for (const client of clients) client.close();
    await cluster.stop();
  });
  pair = null;
  await Promise.all(stopping);
}

/**
 * Sends the plans in order and compares each answer. A run stays with one member, for serializable reads promise nothing
 * about what other members acknowledged; the next run takes another, and begins with a linearizable read.
 */
async function compareRun(plans: readonly Plan[]): Promise<void> {
  pair ??= await startPair();
  const { etcd, quorate } = pair;
  const prefix = `run${runCount}/`;
  const theirClient = at(etcd.clients, 0);
  const ourClient = at(quorate.clients, runCount % quorate.clients.length);
  runCount += 1;
  await ourClient.call(paths.range, rangeBody('any', { serializable: false }), 10_000);
  for (const [index, each] of plans.entries()) {
    const message = encode(each, { prefix, revision: pair.revision });
    const [theirs, ours] = await Promise.all([
      ask(theirClient, each.method, message),
      ask(ourClient, each.method, message),
    ]);
    pair.revision = Math.max(pair.revision, theirs.revision ?? 0);
    expect(ours, `request ${index}: ${JSON.stringify(each)} at revision ${pair.revision}`).toEqual(theirs);
  }
}

const sound = plan.filter((each) => !mayEndEtcd(each));

afterAll(async () => {
  await stopPair();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

describe.skipIf(!hasEtcd)('Quorate answers as etcd does (skipped where etcd is not installed)', () => {
  test('thousands of random requests', { timeout: 220_000 }, async () => {
    let requests = 0;
    const property = fc.asyncProperty(fc.array(sound, requestsPerRun), async (plans) => {
      try {
        requests += plans.length;
        await compareRun(plans);
      } catch (error) {
        await stopPair(); // What follows, shrinking above all, begins with two fresh stores.
        throw error;
      }
    });
    await fc.assert(property, {
      seed,
      numRuns: runs,
      interruptAfterTimeLimit: 200_000,
      markInterruptAsFailure: true,
    });
    console.log(`${requests} requests, equal answers (seed ${seed})`);
    expect(requests).toBeGreaterThanOrEqual(runs * 80);
  });
});
