import type { AuthAdministration, CallOptions } from '../client/index.js';
import { clientOptions, withClient } from './client-options.js';
import type { ClientOptionValues } from './client-options.js';
import { defineGroup } from './command-group.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { CommandIo, ExitCode } from './command.js';

const enableCommand = defineCommand({
  name: 'auth enable',
  summary: 'From now on, every request needs a user',
  usage: ['[flags]'],
  description: `Turns users on, for the whole cluster. There must be a user root with the role root, who may do
everything; all others may do what their roles permit.`,
  options: clientOptions,
  examples: [
    { command: 'quorate user add root', meaning: 'asks for the password' },
    { command: 'quorate user grant-role root root', meaning: 'root may do everything' },
    { command: 'quorate auth enable', meaning: 'from here on: quorate --user root …' },
  ],
  run: ({ options, positionals, io }) =>
    turn({ options, positionals, io }, true, (auth, call) => auth.enable(call)),
});

const disableCommand = defineCommand({
  name: 'auth disable',
  summary: 'Requests need no user any more',
  usage: ['[flags]'],
  description: `Turns users off: everybody may do everything then. Users and roles stay, for the next \`auth
enable\`. Only root can do it.`,
  options: clientOptions,
  examples: [{ command: 'quorate --user root auth disable', meaning: 'asks for the password' }],
  run: ({ options, positionals, io }) =>
    turn({ options, positionals, io }, false, (auth, call) => auth.disable(call)),
});

const statusCommand = defineCommand({
  name: 'auth status',
  summary: 'Show whether requests need a user',
  usage: ['[flags]'],
  description:
    'Shows whether users are turned on, and the revision of users and roles. Members of etcd 3.4 do not tell.',
  options: clientOptions,
  examples: [{ command: 'quorate auth status', meaning: 'of the local cluster' }],
  async run({ options, positionals, io }) {
    takePositionals(positionals, []);
    const status = await withClient(options, io, (client, call) => client.auth.status(call));
    const { isEnabled, revision } = status;
    await io.stdout.write(
      options.json
        ? `${JSON.stringify(status)}\n`
        : `users are ${isEnabled ? 'enabled' : 'disabled'}  auth revision ${revision}\n`,
    );
    return exitCodes.ok;
  },
});

export const authCommand = defineGroup({
  name: 'auth',
  summary: 'Turn users on and off',
  description: `Users and roles can be prepared while they are off: see \`quorate user --help\` and \`quorate role
--help\`.`,
  commands: [enableCommand, disableCommand, statusCommand],
});

interface Call {
  readonly options: ClientOptionValues;
  readonly positionals: readonly string[];
  readonly io: CommandIo;
}

async function turn(
  { options, positionals, io }: Call,
  isEnabled: boolean,
  send: (auth: AuthAdministration, call: CallOptions) => Promise<void>,
): Promise<ExitCode> {
  takePositionals(positionals, []);
  await withClient(options, io, (client, call) => send(client.auth, call));
  await io.stdout.write(
    options.json
      ? `${JSON.stringify({ isEnabled })}\n`
      : isEnabled
        ? 'users are enabled: give --user NAME from now on\n'
        : 'users are disabled\n',
  );
  return exitCodes.ok;
}
