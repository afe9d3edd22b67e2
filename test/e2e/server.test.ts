import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCluster } from '../../cluster/index.js';
import type { Cluster } from '../../cluster/index.js';
import { at } from '../../src/base/index.js';

/** `quorate server` as a process of its own, started wrongly: it ends with a sentence that helps. */
const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-server-'));
  folders.push(folder);
  return folder;
}

function runServer(
  flags: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, 'server', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}

/** Ends it once it has said so. */
function runServerUntil(said: RegExp, flags: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, 'server', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const gather = (chunk: Buffer): void => {
      output += chunk.toString();
      if (said.test(output)) child.kill('SIGTERM');
    };
    child.stdout.on('data', gather);
    child.stderr.on('data', gather);
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe('flags that cannot be right', () => {
  test.each([
    [
      ['--election-timeout', '100'],
      /--election-timeout \(100 ms\) must be at least five times --heartbeat-interval/,
    ],
    [['--listen-client-urls', '127.0.0.1:2379'], /--listen-client-urls needs URLs such as http:/],
    [['--initial-cluster', 'a=http://127.0.0.1:1'], /--name default is not in --initial-cluster \(a\)/],
    [['--initial-cluster', 'http://127.0.0.1:1'], /--initial-cluster needs NAME=URL/],
    [['--heartbeat-intervall', '100'], /did you mean --heartbeat-interval\?/],
  ])('%j', async (flags, sentence) => {
    const { code, output } = await runServer(flags);
    expect(output).toMatch(sentence);
    expect(code).toBe(2);
  });
});

describe('beside a running cluster', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await createCluster({ dataFolder: await newFolder(), size: 1, ports: 'free' });
    await cluster.start();
  });
  afterAll(() => cluster.stop());

  test('a folder with the data of another cluster is named, with both clusters', async () => {
    const member = at(cluster.members, 0);
    await cluster.waitForLeader();
    await member.stop();
    const { peerUrl, clientUrl } = member;
    const flags = ['--name', 'n1', '--data-dir', member.dataFolder, '--initial-cluster-token', 'another'];
    const addresses = ['--listen-peer-urls', peerUrl, '--listen-client-urls', clientUrl];
    const output = await runServerUntil(/serving clients/, [...flags, ...addresses]);
    expect(output).toMatch(
      /belongs to another member or cluster .*cluster=[0-9a-f]{16} .*clusterOfFlags=[0-9a-f]{16}/,
    );
    await member.start();
    await member.waitUntilServing();
  });

  test('a client port that is taken is named', async () => {
    const { clientUrl } = at(cluster.members, 0);
    const flags = ['--data-dir', await newFolder(), '--listen-client-urls', clientUrl];
    const peerFlags = ['--listen-peer-urls', 'http://127.0.0.1:0'];
    const { code, output } = await runServer([...flags, ...peerFlags]);
    expect(output).toContain(new URL(clientUrl).port);
    expect(output).toMatch(/already in use/);
    expect(code).toBe(2);
  });

  test('a newcomer that nobody has added is told so', async () => {
    const { peerUrl } = at(cluster.members, 0);
    const members = `n1=${peerUrl},newcomer=http://127.0.0.1:9`;
    const flags = ['--name', 'newcomer', '--data-dir', await newFolder(), '--initial-cluster', members];
    const { code, output } = await runServer([
      ...flags,
      ...['--listen-peer-urls', 'http://127.0.0.1:9', '--initial-cluster-state', 'existing'],
    ]);
    expect(output).toMatch(/has no member with the peer URLs http:\/\/127\.0\.0\.1:9: add this member/);
    expect(code).toBe(2);
  });
});
