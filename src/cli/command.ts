/**
 * What a subcommand of `quorate` is. A file per subcommand builds one record with `defineCommand`:
 *
 *     export const pingCommand = defineCommand({
 *       name: 'ping',
 *       summary: 'Ask a member whether it is there',
 *       usage: ['[--count N] HOST'],
 *       description: 'Sends N greetings to HOST and counts the answers.',
 *       options: { count: integerOption({ description: 'how many', fallback: 3, min: 1 }) },
 *       examples: [{ command: 'quorate ping --count 1 localhost', meaning: 'one greeting' }],
 *       async run({ options, positionals, io }) {
 *         const [host] = takePositionals(positionals, ['HOST']);
 *         await io.stdout.write(`${host} answered ${options.count} times\n`);
 *         return exitCodes.ok;
 *       },
 *     });
 */
import { renderCommandHelp } from './help.js';
import { UsageError } from './options.js';
import type { OptionSpecs, OptionValues } from './options.js';
import { parseOptions } from './parse-options.js';
import type { Program, RunningProgram } from './program.js';
import type { Terminal } from './terminal.js';

/** What the process answers with; `quorate help exit-codes` tells the same to users. */
export const exitCodes = {
  ok: 0,
  /** The cluster said no, or something failed for good. */
  failure: 1,
  /** The command line or the input is wrong; nothing was sent. */
  usage: 2,
  /** The key that was asked for is not there. */
  notFound: 3,
  /** Nobody answered in time. A write may still have happened: the message says so. */
  unreachable: 4,
  /** Ended by Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const;

/** One of `exitCodes`, or what a program ended with that a command ran. */
export type ExitCode = number;

/** Where a command writes: the process's stdout or stderr, or memory in a test. */
export interface Output {
  /** Resolves when there is room for more. A reader that went away (EPIPE) swallows all further output. */
  write(data: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
  /** Colours are wanted: a terminal, and `NO_COLOR` is not set. */
  readonly hasColours: boolean;
  /** Width of the terminal in characters; 80 when it is none. */
  readonly columns: number;
}

/** The world of a command: everything that it touches outside of the cluster. */
export interface CommandIo {
  /** All of standard input, read on first use. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Undefined when standard input is no terminal: there is nobody to ask. */
  readonly terminal: Terminal | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first Ctrl-C or SIGTERM: end cleanly. A second one ends the process at once. */
  readonly signal: AbortSignal;
  /** Runs another program, which writes where the command does. */
  start(program: Program): RunningProgram;
}

export interface CommandExample {
  readonly command: string;
  readonly meaning: string;
}

/** One subcommand, its options' types folded away. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop, for the list of commands. */
  readonly summary: string;
  /** What follows the name, one way to call it an element: `['[flags] KEY VALUE', '[flags] KEY -']`. */
  readonly usage: readonly string[];
  readonly options: OptionSpecs;
  readonly help: string;
  run(args: readonly string[], io: CommandIo): Promise<ExitCode>;
}

export interface CommandCall<Specs extends OptionSpecs> {
  readonly options: OptionValues<Specs>;
  /** The arguments that are no flags, in order; all that follows `--` is one. */
  readonly positionals: readonly string[];
  /** How many of the positionals stand before the first `--`; undefined if there is none. */
  readonly dashesAt: number | undefined;
  readonly io: CommandIo;
}

export interface CommandDefinition<Specs extends OptionSpecs> {
  readonly name: string;
  readonly summary: string;
  readonly usage: readonly string[];
  /** Paragraphs, already broken into lines of up to 90 characters. */
  readonly description: string;
  readonly options: Specs;
  readonly examples: readonly CommandExample[];
  /** Expected failures are thrown: a UsageError ends with code 2, others as `run.ts` maps them. */
  run(call: CommandCall<Specs>): Promise<ExitCode>;
}

/** Joins a definition with parsing and `--help`. `run` of the result throws UsageError for a wrong command line. */
export function defineCommand<Specs extends OptionSpecs>(definition: CommandDefinition<Specs>): Command {
  const help = renderCommandHelp(definition);
  return {
    name: definition.name,
    summary: definition.summary,
    usage: definition.usage,
    options: definition.options,
    help,
    async run(args, io) {
      const parsed = parseOptions(definition.options, args, io.env);
      if (parsed.wantsHelp) {
        await io.stdout.write(help);
        return exitCodes.ok;
      }
      const { options, positionals, dashesAt } = parsed;
      return definition.run({ options, positionals, dashesAt, io });
    },
  };
}

/** The positionals, exactly one for each name; otherwise a UsageError that names what is missing or too much. */
export function takePositionals<const Names extends readonly string[]>(
  positionals: readonly string[],
  names: Names,
): { readonly [Index in keyof Names]: string } {
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = positionals[names.length];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  return names.map((_, index) => positionals[index] ?? '') as { readonly [Index in keyof Names]: string };
}
