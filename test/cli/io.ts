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
      running.child?.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
      running.child?.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
      return running;
    },
  });
  const outBytes = Buffer.concat(out);
  return { code, out: outBytes.toString('utf8'), outBytes, err: Buffer.concat(err).toString('utf8') };
}
