import { UsageError } from './options.js';
import type { CommandIo } from './command.js';

/** Another program, for a command that runs one. */
export interface Program {
  /** Its name, as the shell's PATH finds it, and its arguments. No shell reads them. */
  readonly words: readonly [string, ...string[]];
  /** On top of the environment of the command itself; undefined takes a variable away. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Bytes, or the standard input of the command itself. */
  readonly stdin: Uint8Array | 'inherit';
}

export interface RunningProgram {
  /** Never rejects. */
  readonly ended: Promise<ProgramEnd>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export type ProgramEnd =
  /** `code`: as shells have it, 128 and the signal's number if one ended it. */
  | { readonly type: 'ended'; readonly code: number }
  /** `code`: 127 if it was not found, 126 otherwise. */
  | { readonly type: 'not-started'; readonly code: 126 | 127; readonly reason: string };

/** How long a program has between SIGTERM and SIGKILL. */
export const graceMsDefault = 5000;

export interface ProgramLimits {
  /** Aborting ends it: SIGTERM, and SIGKILL if it is still there `graceMs` later. */
  readonly stop: AbortSignal;
  readonly graceMs: number;
}

/** Runs a program to its end. Undefined: `stop` was aborted before it began. */
export async function runProgram(
  io: CommandIo,
  program: Program,
  { stop, graceMs }: ProgramLimits,
): Promise<ProgramEnd | undefined> {
  if (stop.aborted) return undefined;
  const running = io.start(program);
  let timer: NodeJS.Timeout | undefined;
  function end(): void {
    running.kill('SIGTERM');
    timer = setTimeout(() => running.kill('SIGKILL'), graceMs);
  }
  stop.addEventListener('abort', end, { once: true });
  try {
    return await running.ended;
  } finally {
    stop.removeEventListener('abort', end);
    clearTimeout(timer);
  }
}

export interface SplitWords {
  readonly positionals: readonly string[];
  readonly program: Program['words'] | undefined;
}

/**
 * Tells what is the command's own from the program behind `--`. If nothing stands before the first `--`, that one is
 * there for words that begin with a dash, and the program is behind the second.
 */
export function splitProgram(all: readonly string[], dashesAt: number | undefined): SplitWords {
  if (dashesAt === undefined) return { positionals: all, program: undefined };
  const second = all.indexOf('--', dashesAt);
  const [end, begin] = dashesAt > 0 ? [dashesAt, dashesAt] : [second, second + 1];
  if (end < 0) return { positionals: all, program: undefined };
  const [name, ...rest] = all.slice(begin);
  if (name === undefined) throw new UsageError('a command has to follow --');
  return { positionals: all.slice(0, end), program: [name, ...rest] };
}
