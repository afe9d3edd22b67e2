import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { createTerminal } from '../../src/cli/terminal.js';
import { answerBytes, startFakeMember } from '../client/fake-member.js';
import { whyWithout } from '../client/systems.js';
import { quorate } from './io.js';

describe('a terminal asks for a secret', () => {
  function start() {
    const input = new PassThrough();
    const shown: string[] = [];
    const ctrlC = new AbortController();
    const terminal = createTerminal(
      input,
      async (text) => {
        shown.push(text);
      },
      ctrlC.signal,
    );
    return { input, shown, ctrlC, terminal };
  }

  test('shows the question, and nothing of what is typed', async () => {
    const { input, shown, terminal } = start();
    const answer = terminal.askSecret('Password: ');
    input.write('sex');
    input.write('\u007fcret\r');
    expect(await answer).toBe('secret');
    expect(shown).toEqual(['Password: ', '\n']);
  });

  test('gives up at Ctrl-D', async () => {
    const { input, terminal } = start();
    const answer = terminal.askSecret('Password: ');
    input.write('\u0004');
    await expect(answer).rejects.toThrow('no password was given');
  });

  test('gives up when the command is to end', async () => {
    const { ctrlC, terminal } = start();
    const answer = terminal.askSecret('Password: ');
    ctrlC.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await expect(terminal.askSecret('Password: ')).rejects.toThrow('enough');
  });
});

const missing = whyWithout('script');

describe.skipIf(missing !== undefined)('on a terminal of its own', () => {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');

  function start(args: readonly string[]) {
    const words = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', words, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    return {
      async asked(question: string) {
        await vi.waitUntil(() => out.includes(question), { timeout: 20_000 });
      },
      type: (text: string) => child.stdin.write(text),
      out: () => out,
      ended: once(child, 'close').then(([code]) => code as number | null),
    };
  }

  test('what is typed is not shown', async () => {
    const member = await startFakeMember(answerBytes(new Uint8Array()));
    const command = start(['user', 'add', 'ada', '--endpoints', member.endpoint]);
    await command.asked('New password of ada: ');
    command.type('secret\r');
    await command.asked('The same again: ');
    command.type('secret\r');
    expect(await command.ended).toBe(0);
    expect(command.out().replaceAll('\r', '')).toBe(
      'New password of ada: \nThe same again: \nadded user ada\n',
    );
    expect(member.requests).toEqual(['/etcdserverpb.Auth/UserAdd']);
  });

  test('Ctrl-C at the question ends with code 130', async () => {
    const command = start(['get', 'k', '--user', 'ada', '--endpoints', '127.0.0.1:1']);
    await command.asked('Password of ada: ');
    command.type('sec\u0003');
    expect(await command.ended).toBe(130);
    expect(command.out()).not.toContain('sec');
  });
});

describe('a password is in no error', () => {
  test.each([
    ['get', 'k', '--user', 'ada:hidden', '--endpoints', '127.0.0.1:1'],
    ['--user=ada:hidden'],
    ['--usr=ada:hidden', 'get', 'k'],
    ['get', 'k', '--usr=ada:hidden'],
    ['user', '--user', 'ada:hidden'],
    ['user', '--user', 'ada:hidden', 'lst'],
    ['user', '--usr', 'ada:hidden', 'list'],
    ['user', 'passwd', 'ada', 'hidden'],
    ['user', 'add', 'ada:hidden', 'other'],
    ['user', 'add', 'ada:hidden', '--no-password'],
    ['--password', 'hidden', 'get', 'k'],
    ['get', 'k', '--user', ':hidden'],
  ])('%j', async (...args) => {
    const run = await quorate(args);
    expect(run.code).not.toBe(0);
    expect(run.err).not.toBe('');
    expect(run.out + run.err).not.toContain('hidden');
  });

  test.each([
    [['--user', 'ada', 'get', 'k'], 'set QUORATE_PASSWORD, or give --user NAME:PASSWORD'],
    [['--user', 'ada:', 'get', 'k'], '--user has no password behind ":"'],
    [['--user', '', 'get', 'k'], '--user needs a name'],
    [['--password', 'x', 'get', 'k'], '--password needs --user NAME'],
  ])('%j', async (args, message) => {
    const run = await quorate(args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toContain(message);
  });
});

test('a user named like a command is not taken for it', async () => {
  const member = await startFakeMember(answerBytes(new Uint8Array()));
  const run = await quorate(['user', '--user', 'list:x', 'delete', 'ada', '--endpoints', member.endpoint]);
  expect(run).toMatchObject({ code: 0, out: 'deleted user ada\n' });
});
