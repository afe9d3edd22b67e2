import { defineGroup } from './command-group.js';
import { memberAddCommand } from './member-add.js';
import { memberPromoteCommand, memberRemoveCommand, memberUpdateCommand } from './member-change.js';
import { memberListCommand } from './member-list.js';

export const memberCommand = defineGroup({
  name: 'member',
  summary: 'Say who belongs to the cluster: list, add, remove, promote',
  description: `Members join and leave while the cluster serves, one at a time. A new member does best as a
learner first: it has no vote until it has caught up and is promoted.`,
  commands: [
    memberListCommand,
    memberAddCommand,
    memberPromoteCommand,
    memberUpdateCommand,
    memberRemoveCommand,
  ],
});
