import type { CommandIo, ExitCode } from '../../src/cli/command.js';
import { runCli } from '../../src/cli/run.js';
import { startProgram } from '../../src/cli/start-program.js';

export interface CliRun {
  readonly code: ExitCode;
  readonly out: string;
  readonly outBytes: Buffer;
  readonly err: string;
}

export interface CliSurroundings {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  /** What somebody at the terminal types when asked, one after the other. Undefined: standard input is none. */
  readonly typed?: readonly string[];
  readonly signal?: AbortSignal;
  /** Told all that is on standard output so far, after each write. */
  readonly onOut?: (text: string) => void;
}

/** Runs one command line in memory. */
export async function quorate(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const outputTo = (parts: Buffer[]): CommandIo['stdout'] => ({
    async write(data) {
      parts.push(Buffer.from(data));
      if (parts === out) surroundings.onOut?.(Buffer.concat(out).toString('utf8'));
    },
    isTerminal: surroundings.isTerminal ?? false,
    hasColours: surroundings.isTerminal ?? false,
    columns: 80,
  });
  const typed = [...(surroundings.typed ?? [])];
  const code = await runCli(args, {
    terminal: surroundings.typed && {
      async askSecret(question) {
        err.push(Buffer.from(`${question}\n`));
        return typed.shift() ?? '';
      },
    },
    stdin: (async function* () {
      yield Buffer.from(surroundings.stdin ?? '');
    })(),
    stdout: outputTo(out),
    stderr: outputTo(err),
    env: surroundings.env ?? {},
    signal: surroundings.signal ?? new AbortController().signal,
    start(program) {
      const running = startProgram(program, { ...process.env, ...surroundings.env }, 'pipe');
      running.child?.stdout?.on('data', (chunk: Buffer) => {
        out.push(chunk);
        surroundings.onOut?.(Buffer.concat(out).toString('utf8'));
      });
      running.child?.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
      return running;
    },
  });
  const outBytes = Buffer.concat(out);
  return { code, out: outBytes.toString('utf8'), outBytes, err: Buffer.concat(err).toString('utf8') };
}

/** A command line that runs until Ctrl-C. */
export interface FollowedRun {
  /** Resolves when standard output is so far. Rejects if the command ends before. */
  until(isFarEnough: (out: string) => boolean): Promise<void>;
  /** Presses Ctrl-C. */
  interrupt(): Promise<CliRun>;
  readonly ended: Promise<CliRun>;
}

export function follow(
  args: readonly string[],
  surroundings: Omit<CliSurroundings, 'signal' | 'onOut'> = {},
): FollowedRun {
  const ctrlC = new AbortController();
  let out = '';
  let onOut = (): void => undefined;
  const ended = quorate(args, {
    ...surroundings,
    signal: ctrlC.signal,
    onOut(text) {
      out = text;
      onOut();
    },
  });
  return {
    async until(isFarEnough) {
      const reached = new Promise<undefined>((resolve) => {
        onOut = () => {
          if (isFarEnough(out)) resolve(undefined);
        };
        onOut();
      });
      const run = await Promise.race([reached, ended]);
      if (run !== undefined && !isFarEnough(run.out))
        throw new Error(`it ended with ${run.code} before: ${run.out}${run.err}`);
    },
    interrupt() {
      ctrlC.abort();
      return ended;
    },
    ended,
  };
}

/** So many lines are there. */
export function lines(count: number): (out: string) => boolean {
  return (out) => out.split('\n').length > count;
}

/** Runs until so many lines are there, then presses Ctrl-C. */
export async function firstLines(
  count: number,
  args: readonly string[],
  surroundings?: Omit<CliSurroundings, 'signal' | 'onOut'>,
): Promise<CliRun> {
  const run = follow(args, surroundings);
  await run.until(lines(count));
  return run.interrupt();
}
