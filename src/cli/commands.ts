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
    name: 'members',
    summary: 'List the members of the cluster',
    load: async () => (await import('./members.js')).membersCommand,
  },
  {
    name: 'snapshot',
    summary: 'Save the whole store as a file, look at one, start anew from one',
    load: async () => (await import('./snapshot.js')).snapshotCommand,
  },
];
