import type { AuthAdministration, CallOptions } from '../client/index.js';
import { withClient } from './client-options.js';
import type { ClientOptionValues } from './client-options.js';
import { exitCodes } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { UsageError } from './options.js';

/**
 * The arguments, exactly one for each name, none empty. Unlike `takePositionals` it repeats none of them: who mistypes a
 * command about users may have typed a password.
 */
export function takeNames<const Names extends readonly string[]>(
  positionals: readonly string[],
  names: Names,
): { readonly [Index in keyof Names]: string } {
  const missing = names.find((_, index) => (positionals[index] ?? '') === '');
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  if (positionals.length > names.length) {
    throw new UsageError(`${positionals.length} arguments, but it takes ${names.join(' ')}`);
  }
  return names.map((_, index) => positionals[index] ?? '') as { readonly [Index in keyof Names]: string };
}

interface Answer<Result> {
  readonly options: ClientOptionValues;
  readonly io: CommandIo;
  ask(auth: AuthAdministration, call: CallOptions): Promise<Result>;
  /** What --json prints. */
  json(result: Result): object;
  /** What is printed without it. */
  text(result: Result): string;
}

/** Asks, and prints the answer. */
export async function answerWith<Result>(answer: Answer<Result>): Promise<ExitCode> {
  const { options, io } = answer;
  const result = await withClient(options, io, (client, call) => answer.ask(client.auth, call));
  await io.stdout.write(options.json ? `${JSON.stringify(answer.json(result))}\n` : answer.text(result));
  return exitCodes.ok;
}

/** One a line. */
export function linesOf(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
