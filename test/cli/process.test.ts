import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { startLoneMember } from '../client/lone-member.js';
import type { LoneMember } from '../client/lone-member.js';
import { answerBytes, hang, startFakeMember } from '../client/fake-member.js';
import { connect } from '../../src/client/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';

const patience = { timeout: 20_000 };

const main = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');

interface RunningCommand {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const textOf = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
  return { child, stdout: () => textOf(out), stderr: () => textOf(err), ended };
}

test('a reader that goes away ends the command quietly', async () => {
  // One page of 8 MiB: far more than a pipe holds.
  const value = Buffer.alloc(8192, 'x');
  const kvs = Array.from({ length: 1024 }, (_, index) => ({ key: Buffer.from(`k${index}`), value }));
  const member = await startFakeMember(answerBytes(etcdserverpb.RangeResponse.encode({ kvs }).finish()));
  const command = start(['get', '--prefix', 'k', '--endpoints', member.endpoint]);
  await once(command.child.stdout, 'data');
  command.child.stdout.destroy();
  expect(await command.ended).toBe(0);
  expect(command.stderr()).toBe('');
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends with code 130', async (signal) => {
  const member = await startFakeMember(hang);
  const command = start(['put', 'k', 'v', '--endpoints', member.endpoint, '--timeout', '60s']);
  await vi.waitUntil(() => member.requests.length === 1, patience);
  command.child.kill(signal);
  expect(await command.ended).toBe(130);
  expect(command.stderr()).toMatch(/^quorate: put: aborted .*; it may have happened nevertheless\n$/);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('with a member', () => {
  let folder: string;
  let member: LoneMember;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-cli-'));
    member = await startLoneMember('quorate', folder, 'http', []);
    const client = connect(member.endpoint, { timeoutMs: 20_000 });
    await client.put('ready', 'yes');
    await client.close();
  });
  afterAll(async () => {
    await member.end();
    await rm(folder, { recursive: true, force: true });
  });
  const begin = (args: readonly string[], behind: readonly string[] = []): RunningCommand =>
    start([...args, '--endpoints', member.endpoint, ...behind]);

  test('Ctrl-C ends a watch with code 0', async () => {
    const watch = begin(['watch', 'k', '--progress', '--json']);
    await vi.waitUntil(() => watch.stdout().includes('\n'), patience);
    watch.child.kill('SIGINT');
    expect(await watch.ended).toBe(0);
    expect(watch.stderr()).toBe('');
  });

  test('a lock passes on what its command writes and ends with', async () => {
    const script = 'echo "$QUORATE_LOCK_KEY $QUORATE_LOCK_FENCE"; echo err >&2; exit 42';
    const command = begin(['lock', 'c'], ['--', 'sh', '-c', script]);
    expect(await command.ended).toBe(42);
    expect(command.stdout()).toMatch(/^c\/[0-9a-f]+ \d+\n$/);
    expect(command.stderr()).toBe('err\n');
  });

  test('SIGTERM ends the command and frees the lock', async () => {
    const script = 'trap "echo ending; exit 5" TERM; echo begun; while :; do sleep 0.02; done';
    const command = begin(['lock', 'c'], ['--', 'sh', '-c', script]);
    await vi.waitUntil(() => command.stdout().includes('begun'), patience);
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(5);
    expect(command.stdout()).toBe('begun\nending\n');
    expect(await begin(['lock', 'c', '--wait', '0'], ['--', 'true']).ended).toBe(0);
  });

  test('a second Ctrl-C ends all at once', async () => {
    const script = 'trap "" TERM; echo $$; while :; do sleep 0.02; done';
    const command = begin(['lock', 'second', '--grace', '60s', '--ttl', '1s'], ['--', 'sh', '-c', script]);
    await vi.waitUntil(() => command.stdout().includes('\n'), patience);
    const pid = Number(command.stdout());
    command.child.kill('SIGINT');
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(130);
    await vi.waitUntil(() => !isRunning(pid), patience);
  });

  test('a lock whose lease nobody can renew ends its command', async () => {
    const script = 'echo begun; while :; do sleep 0.02; done';
    const command = begin(['lock', 'c', '--ttl', '1s'], ['--', 'sh', '-c', script]);
    await vi.waitUntil(() => command.stdout().includes('begun'), patience);
    await member.end();
    expect(await command.ended).toBe(1);
    expect(command.stderr()).toMatch(
      /^quorate: lock c\/[0-9a-f]+: its lease is over; somebody else may have had it while sh ran\n$/,
    );
  });
});
