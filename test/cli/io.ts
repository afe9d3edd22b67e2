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
  /** Told all that is on standard output, and on standard error, so far, after each write. */
  readonly onWrite?: (out: string, err: string) => void;
}

/** Runs one command line in memory. */
export async function quorate(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const tell = (): void =>
    surroundings.onWrite?.(Buffer.concat(out).toString('utf8'), Buffer.concat(err).toString('utf8'));
  const outputTo = (parts: Buffer[]): CommandIo['stdout'] => ({
    async write(data) {
      parts.push(Buffer.from(data));
      tell();
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
        tell();
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
  /** The same for standard error. */
  untilErr(isFarEnough: (err: string) => boolean): Promise<void>;
  /** Presses Ctrl-C. */
  interrupt(): Promise<CliRun>;
  readonly ended: Promise<CliRun>;
}

export function follow(
  args: readonly string[],
  surroundings: Omit<CliSurroundings, 'signal' | 'onWrite'> = {},
): FollowedRun {
  const ctrlC = new AbortController();
  let written = { out: '', err: '' };
  let onWrite = (): void => undefined;
  const ended = quorate(args, {
    ...surroundings,
    signal: ctrlC.signal,
    onWrite(out, err) {
      written = { out, err };
      onWrite();
    },
  });

  async function until(isFarEnough: (texts: typeof written) => boolean): Promise<void> {
    const reached = new Promise<undefined>((resolve) => {
      onWrite = () => {
        if (isFarEnough(written)) resolve(undefined);
      };
      onWrite();
    });
    const run = await Promise.race([reached, ended]);
    if (run !== undefined && !isFarEnough(run))
      throw new Error(`it ended with ${run.code} before: ${run.out}${run.err}`);
  }

  return {
    until: (isFarEnough) => until(({ out }) => isFarEnough(out)),
    untilErr: (isFarEnough) => until(({ err }) => isFarEnough(err)),
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
  surroundings?: Omit<CliSurroundings, 'signal' | 'onWrite'>,
): Promise<CliRun> {
  const run = follow(args, surroundings);
  await run.until(lines(count));
  return run.interrupt();
}
