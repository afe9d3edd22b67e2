import type { CommandIo, ExitCode } from '../../src/cli/command.js';
import { runCli } from '../../src/cli/run.js';

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
  readonly signal?: AbortSignal;
}

/** Runs one command line in memory. */
export async function quorate(args: readonly string[], surroundings: CliSurroundings = {}): Promise<CliRun> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const outputTo = (parts: Buffer[]): CommandIo['stdout'] => ({
    async write(data) {
      parts.push(Buffer.from(data));
    },
    isTerminal: surroundings.isTerminal ?? false,
    hasColours: surroundings.isTerminal ?? false,
    columns: 80,
  });
  const code = await runCli(args, {
    stdin: (async function* () {
      yield Buffer.from(surroundings.stdin ?? '');
    })(),
    stdout: outputTo(out),
    stderr: outputTo(err),
    env: surroundings.env ?? {},
    signal: surroundings.signal ?? new AbortController().signal,
  });
  const outBytes = Buffer.concat(out);
  return { code, out: outBytes.toString('utf8'), outBytes, err: Buffer.concat(err).toString('utf8') };
}
