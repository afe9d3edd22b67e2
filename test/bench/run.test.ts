import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readResults } from '../../bench/report/file.js';

/** The program as it was built, in a temporary folder of its own, so that what it leaves behind can be seen. */

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function bench(args: readonly string[], path = process.env['PATH'] ?? ''): Run {
  const child = spawn(process.execPath, ['dist/bench/main.js', ...args], {
    env: { ...process.env, TMPDIR: folder, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

const little = ['--only', 'txn-64', '--system', 'quorate', '--rounds', '1', '--seconds', '0.5'];

describe('npm run bench', () => {
  test('measures a work, writes figures and a page, and leaves nothing else behind', async () => {
    const [jsonFile, reportFile] = [join(folder, 'out', 'run.json'), join(folder, 'out', 'run.html')];
    const { code, stdout } = await bench([...little, '--json', jsonFile, '--report', reportFile]).ended;
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('transaction (compare, put, get), 64 connections');
    const { works, failures } = await readResults(jsonFile);
    expect(failures).toEqual([]);
    expect(works.map(({ id }) => id)).toEqual(['txn-64']);
    const rate = works[0]?.figures.find(({ id }) => id === 'rate');
    expect(rate?.samples.baseline).toEqual([]);
    expect(rate?.samples.ours[0]).toBeGreaterThan(0);
    expect(await readFile(reportFile, 'utf8')).toMatch(/^<!doctype html>/);
    expect(await readdir(folder)).toEqual(['out']);
    await rm(join(folder, 'out'), { recursive: true });
  });

  test('ends what it has started when it is interrupted', async () => {
    const { child, ended } = bench([...little, '--seconds', '60']);
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (chunk) => {
        if (String(chunk).includes('warming up')) resolve();
      });
    });
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  });

  test('says what is missing and how to install it, before it starts anything', async () => {
    const { code, stderr } = await bench(['--only', 'put-64'], '/nowhere').ended;
    expect(code).toBe(2);
    expect(stderr).toContain('Not installed: etcd, h2load');
    expect(stderr).toContain('apt-get install etcd-server nghttp2-client');
  });

  test.each([
    [['--rounds', 'none'], '--rounds none'],
    [['--only', 'nothing-like-that'], 'No work is called like nothing-like-that'],
  ])('%j is wrong use', async (args, message) => {
    const { code, stderr } = await bench(args).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('a file to compare with that cannot be read is told before the run', async () => {
    const { code, stderr } = await bench([...little, '--compare', join(folder, 'none.json')]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('cannot be read as figures of an earlier run');
  });
});
