import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';

import { answerBytes, hang, startFakeMember } from '../client/fake-member.js';
import { etcdserverpb } from '../../src/gen/protos.js';

const main = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');

interface RunningCommand {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, stderr: () => text, ended };
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
  await vi.waitUntil(() => member.requests.length === 1, { timeout: 20_000 });
  command.child.kill(signal);
  expect(await command.ended).toBe(130);
  expect(command.stderr()).toMatch(/^quorate: put: aborted .*; it may have happened nevertheless\n$/);
});
