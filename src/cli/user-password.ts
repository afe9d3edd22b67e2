import { answerWith, takeNames } from './auth-words.js';
import { clientOptions } from './client-options.js';
import { defineCommand } from './command.js';
import { readNewPassword, splitNameAndPassword } from './credentials.js';
import { switchOption, UsageError } from './options.js';

export const userAddCommand = defineCommand({
  name: 'user add',
  summary: 'Add a user',
  usage: ['NAME [flags]', 'NAME:PASSWORD [flags]', 'NAME --no-password [flags]'],
  description: `Adds a user. The password is asked for twice on a terminal, without being shown, and otherwise
read from the first line of standard input. NAME:PASSWORD is there for scripts of etcdctl's:
other users of this machine can read it in its list of processes.`,
  options: {
    noPassword: switchOption({
      description: 'only a client certificate with this common name shows this user',
    }),
    ...clientOptions,
  },
  examples: [
    { command: 'quorate user add ada', meaning: 'asks for the password' },
    { command: 'quorate user add ada < password.txt', meaning: 'in a script' },
  ],
  async run({ options, positionals, io }) {
    const [text] = takeNames(positionals, ['NAME']);
    const { name, password: given } = splitNameAndPassword(text);
    if (name === '') throw new UsageError('NAME is missing before ":"');
    if (given !== undefined && options.noPassword)
      throw new UsageError('--no-password and NAME:PASSWORD exclude each other');
    if (given === '') throw new UsageError('there is no password behind ":"; without one: --no-password');
    const password = options.noPassword ? undefined : (given ?? (await readNewPassword(name, io)));
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.addUser(name, password, call),
      json: () => ({ user: name }),
      text: () => `added user ${name}\n`,
    });
  },
});

export const userPasswdCommand = defineCommand({
  name: 'user passwd',
  summary: "Change a user's password",
  usage: ['NAME [flags]'],
  description: `Gives a user another password, asked for or read as for \`user add\`. Whoever uses the old one has
to show the new one at the next request.`,
  options: clientOptions,
  examples: [
    { command: 'quorate --user root user passwd ada', meaning: "asks for root's password, then the new one" },
  ],
  async run({ options, positionals, io }) {
    const [name] = takeNames(positionals, ['NAME']);
    const password = await readNewPassword(name, io);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.changePassword(name, password, call),
      json: () => ({ user: name }),
      text: () => `changed the password of ${name}\n`,
    });
  },
});
