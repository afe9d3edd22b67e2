import { answerWith, takeNames } from './auth-words.js';
import { clientOptions } from './client-options.js';
import { defineCommand } from './command.js';

export const userDeleteCommand = defineCommand({
  name: 'user delete',
  summary: 'Delete a user',
  usage: ['NAME [flags]'],
  description: 'Deletes a user. What runs in its name ends: requests are refused, and watches with them.',
  options: clientOptions,
  examples: [{ command: 'quorate user delete ada', meaning: 'ada is nobody any more' }],
  run({ options, positionals, io }) {
    const [name] = takeNames(positionals, ['NAME']);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.deleteUser(name, call),
      json: () => ({ user: name }),
      text: () => `deleted user ${name}\n`,
    });
  },
});

export const userGrantRoleCommand = defineCommand({
  name: 'user grant-role',
  summary: 'Give a user a role',
  usage: ['NAME ROLE [flags]'],
  description: 'From now on the user may do what the role permits, besides what its other roles do.',
  options: clientOptions,
  examples: [{ command: 'quorate user grant-role ada reader', meaning: 'ada may read what readers may' }],
  run({ options, positionals, io }) {
    const [name, role] = takeNames(positionals, ['NAME', 'ROLE']);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.grantRole(name, role, call),
      json: () => ({ user: name, role }),
      text: () => `${name} has the role ${role} now\n`,
    });
  },
});

export const userRevokeRoleCommand = defineCommand({
  name: 'user revoke-role',
  summary: 'Take a role from a user',
  usage: ['NAME ROLE [flags]'],
  description: 'The user may do from now on only what its other roles permit.',
  options: clientOptions,
  examples: [{ command: 'quorate user revoke-role ada reader', meaning: 'ada is no reader any more' }],
  run({ options, positionals, io }) {
    const [name, role] = takeNames(positionals, ['NAME', 'ROLE']);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.revokeRole(name, role, call),
      json: () => ({ user: name, role }),
      text: () => `${name} has the role ${role} no more\n`,
    });
  },
});
