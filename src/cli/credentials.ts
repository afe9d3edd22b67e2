import type { Credentials } from '../client/index.js';
import type { CommandIo } from './command.js';
import { textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

/** Who asks, where the cluster wants to know. Named like etcdctl's. No error and no output repeats what they hold. */
export const userOptions = {
  user: textOption({
    description:
      'who asks, where users are enabled; the password is asked for\non a terminal if it is not given',
    placeholder: 'NAME[:PASSWORD]',
  }),
  password: textOption({
    description: "the user's password; then --user is the name alone",
    placeholder: 'PASSWORD',
  }),
};

/** Undefined: nobody in particular. Throws UsageError when a password is missing and there is nobody to ask for it. */
export async function readCredentials(
  { user, password }: OptionValues<typeof userOptions>,
  io: CommandIo,
): Promise<Credentials | undefined> {
  if (user === undefined) {
    if (password === undefined) return undefined;
    throw new UsageError('--password needs --user NAME');
  }
  if (password !== undefined) return { user: nameOf(user), password };
  const given = splitNameAndPassword(user);
  const name = nameOf(given.name);
  if (given.password === '') throw new UsageError('--user has no password behind ":"');
  return { user: name, password: given.password ?? (await askFor(name, io)) };
}

/** `NAME:PASSWORD` at its first colon. */
export function splitNameAndPassword(text: string): {
  readonly name: string;
  readonly password: string | undefined;
} {
  const colon = text.indexOf(':');
  if (colon < 0) return { name: text, password: undefined };
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

const lineSizeBytesMax = 4096;

/** A password for the user, not empty: typed twice on a terminal, or one line of standard input. */
export async function readNewPassword(name: string, io: CommandIo): Promise<string> {
  const password = io.terminal === undefined ? await readLine(io.stdin) : await askTwice(name, io.terminal);
  if (password === '')
    throw new UsageError('a password must not be empty; a user without one: user add --no-password');
  return password;
}

async function askFor(name: string, { terminal }: CommandIo): Promise<string> {
  if (terminal !== undefined) return terminal.askSecret(`Password of ${name}: `);
  throw new UsageError(
    '--user needs a password, and standard input is no terminal to ask on: ' +
      'set QUORATE_PASSWORD, or give --user NAME:PASSWORD',
  );
}

async function askTwice(name: string, terminal: NonNullable<CommandIo['terminal']>): Promise<string> {
  const password = await terminal.askSecret(`New password of ${name}: `);
  if (password === '') return password;
  if ((await terminal.askSecret('The same again: ')) === password) return password;
  throw new UsageError('the two passwords differ; nothing was changed');
}

async function readLine(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  let line = Buffer.alloc(0);
  for await (const chunk of stdin) {
    line = Buffer.concat([line, chunk]);
    if (line.includes('\n')) break;
    if (line.length > lineSizeBytesMax)
      throw new UsageError(`a password of more than ${lineSizeBytesMax} bytes is none`);
  }
  const [first = ''] = line.toString('utf8').split(/\r?\n/);
  return first;
}

function nameOf(text: string): string {
  if (text === '') throw new UsageError('--user needs a name: --user NAME or --user NAME:PASSWORD');
  return text;
}
