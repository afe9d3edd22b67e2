import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { constants } from 'node:os';

import { messageOf } from '../base/index.js';
import type { Program, ProgramEnd, RunningProgram } from './program.js';

/** Starts a program as a process of its own; `output` is where it writes. */
export function startProgram(
  program: Program,
  env: Readonly<Record<string, string | undefined>>,
  output: 'inherit' | 'pipe',
): RunningProgram & { readonly child: ChildProcess | undefined } {
  const [name, ...args] = program.words;
  const stdio: StdioOptions = [program.stdin === 'inherit' ? 'inherit' : 'pipe', output, output];
  let child: ChildProcess;
  try {
    child = spawn(name, args, { env: { ...env, ...program.env }, stdio });
  } catch (error) {
    return { child: undefined, ended: Promise.resolve(notStarted(name, error)), kill: () => undefined };
  }
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(notStarted(name, error)); // Else a signal could not be sent.
    });
    child.once('close', (code, signal) => resolve({ type: 'ended', code: code ?? codeOf(signal) }));
  });
  // A program need not read what it is given.
  child.stdin?.on('error', () => undefined);
  if (program.stdin !== 'inherit') child.stdin?.end(program.stdin);
  return { child, ended, kill: (signal) => void child.kill(signal) };
}

function codeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

function notStarted(name: string, error: unknown): ProgramEnd {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  const reason = isMissing
    ? `${name}: there is no such command`
    : `${name} cannot be run: ${messageOf(error)}`;
  return { type: 'not-started', code: isMissing ? 127 : 126, reason };
}
