import { defineGroup } from './command-group.js';
import { leaseGrantCommand } from './lease-grant.js';
import { leaseKeepAliveCommand } from './lease-keep-alive.js';
import { leaseListCommand } from './lease-list.js';
import { leaseRevokeCommand } from './lease-revoke.js';
import { leaseTtlCommand } from './lease-ttl.js';

export const leaseCommand = defineGroup({
  name: 'lease',
  summary: 'Give keys a time to live',
  description: `A lease is a time that keys hang on, by \`quorate put --lease ID\`: when it was not renewed for so long, they are
deleted. Ids are hexadecimal.`,
  commands: [leaseGrantCommand, leaseRevokeCommand, leaseKeepAliveCommand, leaseTtlCommand, leaseListCommand],
});
