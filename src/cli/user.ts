import { defineGroup } from './command-group.js';
import { userAddCommand, userPasswdCommand } from './user-password.js';
import { userGetCommand, userListCommand } from './user-show.js';
import { userDeleteCommand, userGrantRoleCommand, userRevokeRoleCommand } from './user-change.js';

export const userCommand = defineGroup({
  name: 'user',
  summary: 'Say who may ask: users, their passwords and roles',
  description: `What a user may do is what the roles permit that were granted to it. Users count once \`quorate
auth enable\` was given.`,
  commands: [
    userAddCommand,
    userDeleteCommand,
    userGetCommand,
    userListCommand,
    userPasswdCommand,
    userGrantRoleCommand,
    userRevokeRoleCommand,
  ],
});
