import type { Command } from './command.js';

interface CommandEntry {
  readonly name: string;
  /** The command's own summary, so that the list of commands loads none of them. */
  readonly summary: string;
  /** Loaded when it is called: `quorate get` need not wait for all that a server is made of. */
  load(): Promise<Command>;
}

/** In the order of the help. */
export const commandEntries: readonly CommandEntry[] = [
  {
    name: 'server',
    summary: 'Run one member of a cluster',
    load: async () => (await import('./server.js')).serverCommand,
  },
  {
    name: 'cluster',
    summary: 'Run a cluster on this machine, and watch it',
    load: async () => (await import('./cluster.js')).clusterCommand,
  },
  { name: 'put', summary: 'Write a key', load: async () => (await import('./put.js')).putCommand },
  { name: 'get', summary: 'Read keys', load: async () => (await import('./get.js')).getCommand },
  { name: 'del', summary: 'Delete keys', load: async () => (await import('./del.js')).delCommand },
  {
    name: 'txn',
    summary: 'Compare, then write or read, all at once',
    load: async () => (await import('./txn.js')).txnCommand,
  },
  {
    name: 'watch',
    summary: 'See keys change',
    load: async () => (await import('./watch.js')).watchCommand,
  },
  {
    name: 'lease',
    summary: 'Give keys a time to live',
    load: async () => (await import('./lease.js')).leaseCommand,
  },
  {
    name: 'lock',
    summary: 'Hold a lock, for a command or until Ctrl-C',
    load: async () => (await import('./lock.js')).lockCommand,
  },
  {
    name: 'elect',
    summary: 'Lead among those who want to, or see who does',
    load: async () => (await import('./elect.js')).electCommand,
  },
  {
    name: 'mirror',
    summary: 'Keep a copy of keys in another cluster',
    load: async () => (await import('./mirror.js')).mirrorCommand,
  },
  {
    name: 'compact',
    summary: 'Give up history below a revision',
    load: async () => (await import('./compact.js')).compactCommand,
  },
  {
    name: 'status',
    summary: 'Show how each member is',
    load: async () => (await import('./status.js')).statusCommand,
  },
  {
    name: 'member',
    summary: 'Say who belongs to the cluster: list, add, remove, promote',
    load: async () => (await import('./member.js')).memberCommand,
  },
  {
    name: 'move-leader',
    summary: 'Make another member the leader',
    load: async () => (await import('./move-leader.js')).moveLeaderCommand,
  },
  {
    name: 'alarm',
    summary: 'List or end what stops writes',
    load: async () => (await import('./alarm.js')).alarmCommand,
  },
  {
    name: 'defrag',
    summary: 'Give space of deleted records back to the disk',
    load: async () => (await import('./defrag.js')).defragCommand,
  },
  {
    name: 'hash',
    summary: 'Compare what the members hold',
    load: async () => (await import('./hash.js')).hashCommand,
  },
  {
    name: 'snapshot',
    summary: 'Save the whole store as a file, look at one, start anew from one',
    load: async () => (await import('./snapshot.js')).snapshotCommand,
  },
  {
    name: 'auth',
    summary: 'Turn users on and off',
    load: async () => (await import('./auth.js')).authCommand,
  },
  {
    name: 'user',
    summary: 'Say who may ask: users, their passwords and roles',
    load: async () => (await import('./user.js')).userCommand,
  },
  {
    name: 'role',
    summary: 'Say what users may do: roles and their permissions',
    load: async () => (await import('./role.js')).roleCommand,
  },
];
