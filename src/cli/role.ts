import { answerWith, linesOf, takeNames } from './auth-words.js';
import { clientOptions } from './client-options.js';
import { defineGroup } from './command-group.js';
import { defineCommand } from './command.js';
import {
  roleGetCommand,
  roleGrantPermissionCommand,
  roleRevokePermissionCommand,
} from './role-permission.js';

const roleAddCommand = defineCommand({
  name: 'role add',
  summary: 'Add a role',
  usage: ['NAME [flags]'],
  description: 'Adds a role, which permits nothing yet: see `quorate role grant-permission`.',
  options: clientOptions,
  examples: [{ command: 'quorate role add reader', meaning: 'a role named reader' }],
  run({ options, positionals, io }) {
    const [name] = takeNames(positionals, ['NAME']);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.addRole(name, call),
      json: () => ({ role: name }),
      text: () => `added role ${name}\n`,
    });
  },
});

const roleDeleteCommand = defineCommand({
  name: 'role delete',
  summary: 'Delete a role',
  usage: ['NAME [flags]'],
  description: 'Deletes a role. Users who have it lose what it permits.',
  options: clientOptions,
  examples: [{ command: 'quorate role delete reader', meaning: 'nobody is a reader any more' }],
  run({ options, positionals, io }) {
    const [name] = takeNames(positionals, ['NAME']);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.deleteRole(name, call),
      json: () => ({ role: name }),
      text: () => `deleted role ${name}\n`,
    });
  },
});

const roleListCommand = defineCommand({
  name: 'role list',
  summary: 'List all roles',
  usage: ['[flags]'],
  description: 'Lists the names of all roles, one a line.',
  options: clientOptions,
  examples: [{ command: 'quorate role list', meaning: 'of the local cluster' }],
  run({ options, positionals, io }) {
    takeNames(positionals, []);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.roles(call),
      json: (roles) => ({ roles }),
      text: linesOf,
    });
  },
});

export const roleCommand = defineGroup({
  name: 'role',
  summary: 'Say what users may do: roles and their permissions',
  description: `A role permits to read or write keys, one by one or in ranges. The role root permits everything.`,
  commands: [
    roleAddCommand,
    roleDeleteCommand,
    roleGetCommand,
    roleListCommand,
    roleGrantPermissionCommand,
    roleRevokePermissionCommand,
  ],
});
