import { answerWith, linesOf, takeNames } from './auth-words.js';
import { clientOptions } from './client-options.js';
import { defineCommand } from './command.js';

export const userGetCommand = defineCommand({
  name: 'user get',
  summary: 'Show the roles of a user',
  usage: ['NAME [flags]'],
  description:
    'Lists the roles that were granted to a user, one a line. `quorate role get` shows what they permit.',
  options: clientOptions,
  examples: [{ command: 'quorate user get ada', meaning: "ada's roles" }],
  run({ options, positionals, io }) {
    const [name] = takeNames(positionals, ['NAME']);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.rolesOf(name, call),
      json: (roles) => ({ user: name, roles }),
      text: linesOf,
    });
  },
});

export const userListCommand = defineCommand({
  name: 'user list',
  summary: 'List all users',
  usage: ['[flags]'],
  description: 'Lists the names of all users, one a line.',
  options: clientOptions,
  examples: [{ command: 'quorate user list --json', meaning: 'for a program' }],
  run({ options, positionals, io }) {
    takeNames(positionals, []);
    return answerWith({
      options,
      io,
      ask: (auth, call) => auth.users(call),
      json: (users) => ({ users }),
      text: linesOf,
    });
  },
});
