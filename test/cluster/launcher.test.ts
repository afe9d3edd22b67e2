import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { createCluster } from '../../cluster/index.js';
import type { ClusterOptions } from '../../cluster/index.js';
import {
  built,
  fakeProgram,
  freeBase,
  isAlive,
  listenOn,
  newCluster,
  pidsOf,
  temporaryFolder,
  textLike,
  waitMs,
  waitUntilGone,
} from './fixture.js';

/** Options for members that do nothing but answer health checks. */
async function fakeOptions(): Promise<ClusterOptions> {
  return { dataFolder: await temporaryFolder(), ports: 'free', program: fakeProgram };
}

function program(source: string): readonly string[] {
  return [process.execPath, '-e', source, '--'];
}

describe('members as processes', () => {
  test('start, stop and start again', async () => {
    const { cluster, events } = await newCluster(await fakeOptions());
    await cluster.start();
    const pids = pidsOf(cluster);
    expect(pids).toHaveLength(3);
    expect(cluster.members.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    await cluster.stop();
    expect(pids.some(isAlive)).toBe(false);
    expect(pidsOf(cluster)).toEqual([]);
    const ends = events.filter(({ type }) => type === 'exited');
    expect(ends).toHaveLength(3);
    for (const end of ends) expect(end).toMatchObject({ isExpected: true, lastLines: ['listening'] });
    await cluster.start();
    expect(cluster.members.map(({ startCount }) => startCount)).toEqual([2, 2, 2]);
  });

  test('one that ignores SIGTERM is killed after the grace period', async () => {
    const { cluster, events } = await newCluster({
      ...(await fakeOptions()),
      size: 1,
      env: { FAKE_DEAF: '1' },
    });
    await cluster.start();
    await cluster.stop({ graceMs: 100 });
    expect(events.at(-1)).toMatchObject({ type: 'exited', signal: 'SIGKILL', isExpected: true });
  });

  test('a paused one can be stopped', async () => {
    const { cluster, events } = await newCluster({ ...(await fakeOptions()), size: 1 });
    await cluster.start();
    cluster.member('n1').pause();
    expect(cluster.member('n1').state).toBe('paused');
    await cluster.stop();
    expect(events.at(-1)).toMatchObject({ type: 'exited', signal: 'SIGTERM' });
  });

  test('one that is killed from outside is started again, if asked for', async () => {
    const { cluster, events } = await newCluster({ ...(await fakeOptions()), restartDeadMembers: true });
    await cluster.start();
    const [, second] = pidsOf(cluster);
    process.kill(second ?? 0, 'SIGKILL');
    await vi.waitUntil(() => cluster.member('n2').startCount === 2, { timeout: waitMs });
    await cluster.member('n2').waitUntilServing();
    expect(events.slice(3)).toMatchObject([
      { type: 'exited', member: 'n2', pid: second, signal: 'SIGKILL', isExpected: false },
      { type: 'restarting', member: 'n2', attempt: 1 },
      { type: 'started', member: 'n2', pid: cluster.member('n2').pid },
    ]);
  });

  test('what is stopped on purpose stays down', async () => {
    const { cluster, events } = await newCluster({ ...(await fakeOptions()), restartDeadMembers: true });
    await cluster.start();
    await cluster.member('n1').kill();
    await cluster.member('n2').stop();
    expect(events.filter(({ type }) => type === 'restarting')).toEqual([]);
    expect(cluster.members.map(({ state }) => state)).toEqual(['stopped', 'stopped', 'running']);
  });

  test('their lines go to a callback where there is one', async () => {
    const lines: string[] = [];
    const onLogLine = (name: string, line: string): void => void lines.push(`${name}: ${line}`);
    const { cluster } = await newCluster({ ...(await fakeOptions()), size: 2, onLogLine });
    await cluster.start();
    await cluster.stop();
    expect(lines.sort()).toEqual(['n1: listening', 'n2: listening']);
    expect(cluster.member('n1').logFile).toBeNull();
  });
});

describe('nothing outlives the program that started it', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('ended by %s', async (signal) => {
    const folder = await temporaryFolder();
    const parent = spawn(process.execPath, [built('parent.js'), folder, ...fakeProgram], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as string[];
    const pids = JSON.parse(line ?? '[]') as number[];
    expect(pids).toHaveLength(3);
    expect(pids.every(isAlive)).toBe(true);
    parent.kill(signal);
    await waitUntilGone(pids);
  });
});

describe('clear errors', () => {
  test('a taken port: which, whose, and how to choose others; nothing is left behind', async () => {
    const base = await freeBase(2);
    await listenOn(base);
    const options: ClusterOptions = {
      dataFolder: await temporaryFolder(),
      size: 1,
      ports: { base },
      program: fakeProgram,
    };
    const { cluster, events } = await newCluster(options);
    await expect(cluster.start()).rejects.toMatchObject({
      code: 'port-taken',
      message: textLike(new RegExp(`127\\.0\\.0\\.1:${base}, for the clients of n1, is taken .*--base-port`)),
    });
    expect(events).toEqual([]);
    // The cluster never came to be, so the same folder may take other ports.
    const { cluster: other } = await newCluster({ ...options, ports: 'free' });
    await other.start();
  });

  test('a folder that cannot be written', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    await expect(createCluster({ dataFolder: join(file, 'data') })).rejects.toMatchObject({
      code: 'folder-unusable',
      message: textLike(/the data folder .*file\/data cannot be used .*ENOTDIR.*--data-dir/),
    });
  });

  test('a member that dies at start: how, and its last words', async () => {
    const { cluster } = await newCluster({
      ...(await fakeOptions()),
      program: program('console.error("the disk is on fire"); process.exitCode = 3'),
    });
    await expect(cluster.start()).rejects.toMatchObject({
      code: 'member-died',
      message: textLike(
        /^member n\d ended with exit code 3 after .*, before it served.*\n +the disk is on fire$/,
      ),
    });
    expect(pidsOf(cluster)).toEqual([]);
  });

  test('a member that never serves', async () => {
    const { cluster } = await newCluster({
      ...(await fakeOptions()),
      program: program('console.log("thinking"); setInterval(() => {}, 1000)'),
    });
    await expect(cluster.start({ timeoutMs: 500 })).rejects.toMatchObject({
      code: 'timed-out',
      message: textLike(/^member n\d runs but did not serve within 0\.5 s/),
    });
    expect(pidsOf(cluster)).toEqual([]);
  });

  test('a program that is not there', async () => {
    const { cluster } = await newCluster({ ...(await fakeOptions()), program: ['no-such-program'] });
    await expect(cluster.start()).rejects.toMatchObject({
      message: textLike(/no-such-program cannot be run for member n\d.*ENOENT/),
    });
  });

  test.each([0, 1.5, 32])('a size of %d', async (size) => {
    await expect(createCluster({ ...(await fakeOptions()), size })).rejects.toThrow(/1 to 31 members/);
  });

  test('more members than usual ports', async () => {
    const options = { dataFolder: await temporaryFolder(), program: fakeProgram, size: 7 };
    await expect(createCluster(options)).rejects.toThrow(/enough for 6 members, not for 7.*--base-port/);
  });
});

describe('a folder is one cluster', () => {
  /** The options of a cluster that has run and was stopped. */
  async function formed(): Promise<ClusterOptions> {
    const options = await fakeOptions();
    const { cluster } = await newCluster(options);
    await cluster.start();
    await cluster.stop();
    return options;
  }

  test('a restart finds its size, ports and token', async () => {
    const options = await fakeOptions();
    const { cluster } = await newCluster({ ...options, size: 2, token: 'mine' });
    expect(cluster.isResumed).toBe(false);
    await cluster.start();
    await cluster.stop();
    const { cluster: again } = await newCluster({ dataFolder: options.dataFolder, program: fakeProgram });
    expect(again.isResumed).toBe(true);
    expect(again.endpoints).toEqual(cluster.endpoints);
    await again.start();
  });

  test('another size is refused, with the choices that there are', async () => {
    const options = await formed();
    await expect(createCluster({ ...options, size: 5 })).rejects.toMatchObject({
      code: 'folder-mismatch',
      message: textLike(/holds a cluster of 3, and 5 were asked for.*--nodes.*--data-dir/),
    });
  });

  test('other ports are refused', async () => {
    await expect(createCluster({ ...(await formed()), ports: { base: 5000 } })).rejects.toThrow(
      /n1 is on port \d+, and other ports were asked for.*--base-port/,
    );
  });

  test('another token is refused', async () => {
    await expect(createCluster({ ...(await formed()), token: 'other' })).rejects.toThrow(/not other/);
  });

  test('a member without its data does not start', async () => {
    const options = await formed();
    await rm(join(options.dataFolder, 'n2'), { recursive: true });
    await expect(createCluster(options)).rejects.toThrow(/data of member n2 is gone/);
  });

  test('data without a layout is not taken over', async () => {
    const options = await formed();
    await rm(join(options.dataFolder, 'cluster.json'));
    await expect(createCluster(options)).rejects.toThrow(/no cluster\.json .* but a folder n1/);
  });

  test.each([
    '',
    '{',
    '{"format":2}',
    '{"format":1,"token":"a","isFormed":true,"members":[{"name":"../x"}]}',
  ])('a layout that makes no sense is refused: %s', async (text) => {
    const options = await fakeOptions();
    const path = join(options.dataFolder, 'cluster.json');
    await writeFile(path, text);
    await expect(createCluster(options)).rejects.toThrow(/is not a cluster's layout/);
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
