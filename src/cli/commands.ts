import type { Command } from './command.js';

interface CommandEntry {
  readonly name: string;
  /** Loaded when it is called: `quorate get` need not wait for all that a server is made of. */
  load(): Promise<Command>;
}

/** In the order of the help. */
export const commandEntries: readonly CommandEntry[] = [
  { name: 'server', load: async () => (await import('./server.js')).serverCommand },
  { name: 'cluster', load: async () => (await import('./cluster.js')).clusterCommand },
  { name: 'put', load: async () => (await import('./put.js')).putCommand },
  { name: 'get', load: async () => (await import('./get.js')).getCommand },
  { name: 'del', load: async () => (await import('./del.js')).delCommand },
  { name: 'txn', load: async () => (await import('./txn.js')).txnCommand },
  { name: 'compact', load: async () => (await import('./compact.js')).compactCommand },
  { name: 'status', load: async () => (await import('./status.js')).statusCommand },
  { name: 'members', load: async () => (await import('./members.js')).membersCommand },
];
