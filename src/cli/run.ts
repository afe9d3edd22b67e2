import { messageOf, QuorateError } from '../base/index.js';
import { ClientError } from '../client/index.js';
import { adviceOn } from './advice.js';
import { clientOptions } from './client-options.js';
import { exitCodes } from './command.js';
import type { Command, CommandIo, ExitCode } from './command.js';
import { commandEntries } from './commands.js';
import { renderColumns } from './help.js';
import { nearest } from './nearest.js';
import { isNobodyAnswering } from './nobody-answering.js';
import { flagName, UsageError } from './options.js';
import { helpTopics } from './topics.js';

/** Runs one command line, without the program's name. Never rejects: what goes wrong is a message and a code. */
export async function runCli(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  let name: string | undefined;
  try {
    const split = splitCommandLine(args);
    name = split.name;
    if (name === undefined || name === 'help') {
      const [topic] = split.rest;
      await io.stdout.write(await helpOn(name === undefined ? undefined : topic));
      return name === undefined && !split.wantsHelp ? exitCodes.usage : exitCodes.ok;
    }
    const command = await findCommand(name);
    return await command.run(split.rest, io);
  } catch (error) {
    return report(error, name, wantsJson(args), io);
  }
}

interface CommandLine {
  readonly name: string | undefined;
  readonly rest: readonly string[];
  readonly wantsHelp: boolean;
}

/** The flags that all client commands share may stand before the command too: they move behind it. */
function splitCommandLine(args: readonly string[]): CommandLine {
  const leading: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg === '--help' || arg === '-h') return { name: undefined, rest: [], wantsHelp: true };
    if (!arg.startsWith('-'))
      return { name: arg, rest: [...leading, ...args.slice(index + 1)], wantsHelp: false };
    leading.push(arg);
    if (takesNext(arg)) leading.push(args[++index] ?? '');
  }
  const [flag] = leading;
  if (flag !== undefined) throw new UsageError(`a command has to follow ${nameOfFlag(flag)}`);
  return { name: undefined, rest: [], wantsHelp: false };
}

function takesNext(arg: string): boolean {
  const specs = Object.entries(clientOptions);
  const known = specs.find(
    ([name]) => arg === `--${flagName(name)}` || arg.startsWith(`--${flagName(name)}=`),
  );
  if (known === undefined) {
    throw new UsageError(`unknown flag ${nameOfFlag(arg)} before the command; its own flags stand behind it`);
  }
  return known[1].placeholder !== undefined && !arg.includes('=');
}

/** Without its value, which may be a password. */
function nameOfFlag(arg: string): string {
  return arg.replace(/=.*/s, '');
}

async function findCommand(name: string): Promise<Command> {
  const entry = commandEntries.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry.load();
  const names = commandEntries.map((candidate) => candidate.name);
  const guess = nearest(name, names);
  throw new UsageError(`unknown command ${name}${guess === undefined ? '' : `; did you mean ${guess}?`}`);
}

async function helpOn(topic: string | undefined): Promise<string> {
  if (topic === undefined) return overview();
  const known = helpTopics.find((candidate) => candidate.name === topic);
  return known === undefined ? (await findCommand(topic)).help : known.text;
}

function overview(): string {
  return [
    'quorate — a replicated key-value store that speaks etcd’s v3 API',
    '',
    'Usage:',
    '  quorate COMMAND [flags] …',
    '',
    'Commands:',
    ...renderColumns(commandEntries.map(({ name, summary }) => [name, summary])),
    '',
    'More:',
    ...renderColumns([
      ['COMMAND --help', 'flags and examples of a command'],
      ...helpTopics.map(({ name, summary }) => [`help ${name}`, summary] as const),
    ]),
    '',
  ].join('\n');
}

async function report(
  error: unknown,
  name: string | undefined,
  isJson: boolean,
  io: CommandIo,
): Promise<ExitCode> {
  const code = exitCodeOf(error, io);
  const isOurBug = !(error instanceof UsageError || hasCode(error));
  const message = isOurBug && error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  const advice = error instanceof ClientError ? adviceOn(error.code) : undefined;
  if (isJson && error instanceof ClientError) {
    const { endpoint, mayHaveHappened } = error;
    const details = { code: error.code, message, advice, endpoint, mayHaveHappened };
    await io.stderr.write(`${JSON.stringify({ error: details })}\n`);
  } else {
    const hint = error instanceof UsageError ? `See \`${helpCommand(name)}\`.` : advice;
    await io.stderr.write(`quorate: ${message}\n${hint === undefined ? '' : `${hint}\n`}`);
  }
  return code;
}

/** Flags behind `--` are another program's. */
function wantsJson(args: readonly string[]): boolean {
  const dashes = args.indexOf('--');
  return args.slice(0, dashes < 0 ? args.length : dashes).includes('--json');
}

function helpCommand(name: string | undefined): string {
  const isKnown = commandEntries.some((entry) => entry.name === name);
  return isKnown ? `quorate ${name} --help` : 'quorate --help';
}

/** Expected failures carry a code; anything else is a bug of ours, and its stack is worth seeing. */
function hasCode(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

function exitCodeOf(error: unknown, io: CommandIo): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage;
  if (io.signal.aborted) return exitCodes.interrupted;
  if (error instanceof QuorateError && error.code === 'invalid-configuration') return exitCodes.usage;
  if (!(error instanceof ClientError)) return exitCodes.failure;
  if (error.code === 'invalid-argument') return exitCodes.usage;
  return isNobodyAnswering(error) ? exitCodes.unreachable : exitCodes.failure;
}
