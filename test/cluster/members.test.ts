import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { watchCluster } from '../../cluster/index.js';
import type { ClusterOptions } from '../../cluster/index.js';
import { splitPackages } from '../../cluster/demo/records.js';
import { newProgress, replicate } from '../../cluster/demo/replicate.js';
import { verify } from '../../cluster/demo/verify.js';
import { connect } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import {
  built,
  freeBase,
  isAlive,
  newCluster,
  realProgram,
  temporaryFolder,
  waitMs,
  waitUntilGone,
} from './fixture.js';

async function realOptions(): Promise<ClusterOptions> {
  return {
    dataFolder: await temporaryFolder(),
    ports: 'free',
    heartbeatIntervalMs: 50,
    electionTimeoutMs: 500,
    ...realProgram,
  };
}

function newClient(endpoints: readonly string[]): Client {
  const client = connect(endpoints);
  onTestFinished(() => client.close());
  return client;
}

async function putUntilAcknowledged(client: Client, key: string, value: string): Promise<void> {
  await vi.waitFor(() => client.put(key, value, { timeoutMs: 2_000 }), { timeout: waitMs });
}

describe('a cluster of real members', () => {
  test('goes on when its leader is killed, and takes it back', async () => {
    const { cluster } = await newCluster(await realOptions());
    await cluster.start();
    const client = newClient(cluster.endpoints);
    await client.put('before', 'kill');
    const leader = await cluster.waitForLeader();
    await leader.kill();
    await putUntilAcknowledged(client, 'after', 'kill');
    const next = await cluster.waitForLeader();
    expect(next.name).not.toBe(leader.name);
    await leader.start();
    await leader.waitUntilServing();
    const own = newClient([leader.endpoint]);
    expect((await own.get('before'))?.text).toBe('kill');
    expect((await own.get('after'))?.text).toBe('kill');
  });

  test('goes on when its leader is paused, and takes it back', async () => {
    const { cluster } = await newCluster(await realOptions());
    await cluster.start();
    const leader = await cluster.waitForLeader();
    const others = cluster.members.filter((member) => member !== leader);
    const client = newClient(others.map(({ endpoint }) => endpoint));
    leader.pause();
    await putUntilAcknowledged(client, 'while', 'paused');
    leader.resume();
    await leader.waitUntilServing();
    expect((await newClient([leader.endpoint]).get('while'))?.text).toBe('paused');
  });

  test('a restart from the same folder has the data, after an orderly end and after SIGKILL for all', async () => {
    const options = await realOptions();
    const { cluster } = await newCluster(options);
    await cluster.start();
    const client = newClient(cluster.endpoints);
    await client.put('greeting', 'hello');
    await cluster.stop();
    const { cluster: second } = await newCluster(options);
    await second.start();
    expect((await client.get('greeting', { timeoutMs: waitMs }))?.text).toBe('hello');
    await client.put('greeting', 'hello again');
    await second.kill();
    const { cluster: third } = await newCluster(options);
    await third.start();
    expect((await client.get('greeting', { timeoutMs: waitMs }))?.text).toBe('hello again');
  });

  test('a view tells who leads, where each member stands, and how much it writes', async () => {
    const { cluster } = await newCluster({ ...(await realOptions()), size: 3 });
    await cluster.start();
    const watcher = watchCluster(cluster);
    onTestFinished(() => watcher.close());
    await watcher.look();
    const client = newClient(cluster.endpoints);
    for (let i = 0; i < 10; i++) await client.put('key', String(i));
    await cluster.member('n3').kill();
    const leader = await cluster.waitForLeader();
    const view = await watcher.look();
    expect(view.leader?.name).toBe(leader.name);
    const [n1, , n3] = view.members;
    expect(n1).toMatchObject({
      name: 'n1',
      state: 'running',
      restartCount: 0,
      pid: cluster.member('n1').pid,
    });
    expect(n1?.status?.revision).toBe(11);
    expect(n1?.writesPerSecond).toBeGreaterThan(0);
    expect(n3).toMatchObject({ state: 'stopped', status: null, lag: null, writesPerSecond: null, pid: null });
  });
});

describe('quorate cluster', () => {
  async function run(...flags: string[]) {
    const folder = await temporaryFolder();
    const flagsOfAll = ['cluster', '--data-dir', folder, '--base-port', String(await freeBase(6)), ...flags];
    const child = spawn(process.execPath, [built('../../src/cli/main.js'), ...flagsOfAll], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL')); // Its members go with it.
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
    }
    const ended = once(child, 'close');
    const waitForLine = (pattern: RegExp): Promise<RegExpExecArray> =>
      vi.waitUntil(() => pattern.exec(printed), { timeout: waitMs });
    return { child, ended, waitForLine };
  }

  test('restarts a member that is killed, says so, and stops all at Ctrl-C', async () => {
    const { child, ended, waitForLine } = await run();
    await waitForLine(/n\d leads term \d/);
    const [, pid] = await waitForLine(/n2 started as process (\d+)/);
    process.kill(Number(pid), 'SIGKILL');
    await waitForLine(/n2 \(process \d+\) was ended by SIGKILL/);
    const [, again] = await waitForLine(/was ended by SIGKILL[^]*n2 started as process (\d+)/);
    const pids = [Number(again)];
    for (const name of ['n1', 'n3'])
      pids.push(Number((await waitForLine(new RegExp(`${name} .*process (\\d+)`)))[1]));
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await waitForLine(/stopped; the data is in/);
    expect(pids.some(isAlive)).toBe(false);
  });

  test('a second Ctrl-C ends all at once', async () => {
    const { child, ended, waitForLine } = await run('--nodes', '1');
    const [, pid] = await waitForLine(/n1 started as process (\d+)/);
    child.kill('SIGINT');
    child.kill('SIGTERM');
    await ended;
    await waitUntilGone([Number(pid)]);
  });
});

describe('the demo', () => {
  test('takes a package index apart: one key a name, the last record of it counts', () => {
    const index = 'Package: a\nVersion: 1\n\nPackage: b\nDescription: x\n y\n\nPackage: a\nVersion: 2\n';
    const { values, remarks } = splitPackages(Buffer.from(index), 10);
    expect([...values].map(([name, value]) => [name, value.toString()])).toEqual([
      ['a', 'Package: a\nVersion: 2\n'],
      ['b', 'Package: b\nDescription: x\n y\n'],
    ]);
    expect(remarks).toEqual(['1 records had a name seen before: the last one counts']);
  });

  test('finds a record that is missing, one that differs, and one that should not be there', async () => {
    const { cluster } = await newCluster(await realOptions());
    await cluster.start();
    const client = newClient(cluster.endpoints);
    const records = new Map(Array.from({ length: 700 }, (_, i) => [`key ${i}`, Buffer.from(`value ${i}`)]));
    const progress = newProgress();
    await replicate(client, records, { inFlight: 64, progress });
    expect(progress.acknowledgedCount).toBe(700);
    expect(await verify(cluster, records)).toMatchObject({ isGood: true, revision: 701 });
    const expected = new Map(records).set('key 1', Buffer.from('else')).set('missing', Buffer.from('x'));
    expected.delete('key 2');
    const { isGood, members } = await verify(cluster, expected);
    expect(isGood).toBe(false);
    for (const { problems } of members) {
      expect(problems).toEqual([
        'key 1 has another value',
        'key 2 should not be there',
        'missing is missing',
      ]);
    }
  });
});
