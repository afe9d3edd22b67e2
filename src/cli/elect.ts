import type { Client, Leadership } from '../client/index.js';
import { asBuffer } from '../base/index.js';
import { readBytes, showBytes, utf8Of } from './bytes-text.js';
import { clientOptions, hexOption, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { jsonOfEntry, lineOfEntry } from './entry-text.js';
import { switchOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';
import { styleFor } from './style.js';
import { turnOptions, waitForTurn } from './turn.js';
import { whenAborted } from './when-aborted.js';

const options = {
  listen: switchOption({ short: 'l', description: 'see who leads, now and after each change' }),
  ...turnOptions,
  hex: hexOption,
  ...clientOptions,
};

type ElectOptions = OptionValues<typeof options>;

export const electCommand = defineCommand({
  name: 'elect',
  summary: 'Lead among those who want to, or see who does',
  usage: ['[flags] NAME VALUE', '--listen [flags] NAME'],
  description: `Waits until it leads in the election NAME, which others may want too with \`quorate elect\`, a client library
or \`etcdctl elect\`. Then prints its key and its revision, and leads, with VALUE for all to read, until Ctrl-C,
which makes room for the next one and is a success. Ends with code 1 if the leadership is lost.

With --listen, prints each leader's key, a tab, and its value, until Ctrl-C, which is a success.`,
  options,
  examples: [
    { command: 'quorate elect scheduler 10.0.0.7:8080', meaning: 'lead as soon as nobody else does' },
    { command: 'quorate elect --listen scheduler', meaning: 'who leads' },
  ],
  async run({ options: given, positionals, io }) {
    const words = given.listen
      ? takePositionals(positionals, ['NAME'])
      : takePositionals(positionals, ['NAME', 'VALUE']);
    const [name, value] = words.map((word) => readBytes(word, given.hex));
    if (name === undefined || name.length === 0) throw new UsageError('NAME must not be empty');
    return withClient(given, io, (client) =>
      value === undefined ? listen(client, name, given, io) : lead(client, { name, value }, given, io),
    );
  },
});

async function lead(
  client: Client,
  { name, value }: { readonly name: Uint8Array; readonly value: Uint8Array },
  given: ElectOptions,
  io: CommandIo,
): Promise<ExitCode> {
  const what = `the leadership of ${showBytes(name, given.hex)}`;
  const leadership = await waitForTurn(what, given, io, (terms) =>
    client.election(name).campaign(value, terms),
  );
  try {
    await io.stdout.write(textOf(leadership, given, io));
    await whenAborted(io.signal, leadership.signal);
    if (io.signal.aborted) return exitCodes.ok;
    throw leadership.signal.reason;
  } finally {
    // If nobody can be told, it ends with its lease, which is renewed no more.
    await leadership.resign().catch(() => undefined);
  }
}

function textOf({ key, revision }: Leadership, { hex, json }: ElectOptions, io: CommandIo): string {
  if (!json) return `${styleFor(io.stdout).green('leading')}  ${showBytes(key, hex)}  revision ${revision}\n`;
  const keyText = utf8Of(key);
  const fields = {
    key: asBuffer(key).toString('base64'),
    ...(keyText === undefined ? {} : { keyText }),
    revision,
  };
  return `${JSON.stringify(fields)}\n`;
}

async function listen(
  client: Client,
  name: Uint8Array,
  { hex, json }: ElectOptions,
  io: CommandIo,
): Promise<ExitCode> {
  const election = client.election(name);
  const { signal } = io;
  // To observe is to wait for members as long as it takes. A person wants to know that nobody answers.
  await election.leader({ signal });
  try {
    for await (const leader of election.observe({ signal })) {
      await io.stdout.write(json ? `${JSON.stringify(jsonOfEntry(leader))}\n` : lineOfEntry(leader, hex));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return exitCodes.ok;
}
