import process from 'node:process';
import { isatty } from 'node:tty';
import type { WriteStream } from 'node:tty';

import { exitCodes } from './command.js';
import type { CommandIo, Output } from './command.js';
import type { Program, RunningProgram } from './program.js';
import { startProgram } from './start-program.js';
import { createTerminal } from './terminal.js';

/** The world of a command, as the process has it. */
export function createProcessIo(): CommandIo {
  const stderr = createOutput(process.stderr);
  const signal = createInterruptSignal();
  return {
    get stdin() {
      return process.stdin;
    },
    get terminal() {
      if (!isatty(0)) return undefined;
      return createTerminal(process.stdin, (text) => stderr.write(text), signal);
    },
    stdout: createOutput(process.stdout),
    stderr,
    env: process.env,
    signal,
    start,
  };
}

/** What a command runs does not outlive it, not even where a second Ctrl-C ends it at once. */
function start(program: Program): RunningProgram {
  const running = startProgram(program, process.env, 'inherit');
  const kill = (): void => running.kill('SIGKILL');
  process.once('exit', kill);
  return { ...running, ended: running.ended.finally(() => process.off('exit', kill)) };
}

function createOutput(stream: WriteStream): Output {
  let isGone = false;
  // Without a listener, a reader that went away (`quorate get … | head`) would end the process with a stack trace.
  stream.on('error', () => {
    isGone = true;
  });
  return {
    isTerminal: stream.isTTY,
    get columns() {
      return stream.isTTY ? stream.columns : 80;
    },
    hasColours: stream.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    write(data) {
      if (isGone) return Promise.resolve();
      return new Promise((resolve) => {
        stream.write(data, () => resolve()); // Errors come by the listener above.
      });
    },
  };
}

function createInterruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodes.interrupted);
      controller.abort();
    });
  }
  return controller.signal;
}
