import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';

import { createCluster } from '../../cluster/index.js';
import type { Cluster } from '../../cluster/index.js';
import { connect } from '../../src/client/index.js';
import type { Client, ClientOptions } from '../../src/client/index.js';

/** A cluster that these tests started, and clients that end with it. */
export interface RunningSystem {
  readonly name: 'quorate' | 'etcd';
  readonly cluster: Cluster;
  /** `endpoints`: in place of all members in their order. */
  newClient(options?: ClientOptions, endpoints?: readonly string[]): Client;
}

interface System {
  readonly name: 'quorate' | 'etcd';
  readonly program: readonly string[] | undefined;
  /** Why it cannot be tested here. */
  readonly skip: string | undefined;
}

const systems: readonly System[] = [
  { name: 'quorate', program: process.env['QUORATE_TEST_PROGRAM']?.split(' '), skip: undefined },
  { name: 'etcd', program: ['etcd'], skip: whyWithout('etcd') },
];

/** The command of a built Quorate's member. `QUORATE_TEST_PROGRAM` stands for another one. */
export function builtProgram(): readonly string[] {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');
  return process.env['QUORATE_TEST_PROGRAM']?.split(' ') ?? [process.execPath, main, 'server'];
}

/** Flags for the members of each system. */
export type SystemFlags = Readonly<Partial<Record<'quorate' | 'etcd', readonly string[]>>>;

/** One suite, two systems: what the client promises holds on Quorate and on etcd alike. */
export function describeOnBoth(
  title: string,
  size: number,
  tests: (system: RunningSystem) => void,
  flags: SystemFlags = {},
): void {
  for (const { name, program, skip } of systems) {
    if (skip !== undefined) console.warn(`SKIPPED: ${title} on ${name}: ${skip}`);
    describe.skipIf(skip !== undefined)(`${title}, on ${name}`, () => {
      let cluster: Cluster | undefined;
      let folder: string | undefined;
      const clients: Client[] = [];
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'quorate-client-'));
        cluster = await createCluster({
          dataFolder: join(folder, 'data'),
          size,
          ports: 'free',
          heartbeatIntervalMs: 50,
          electionTimeoutMs: 500,
          extraFlags: flags[name] ?? [],
          ...(program === undefined ? {} : { program }),
        });
        await cluster.start();
      });
      afterAll(async () => {
        await Promise.all(clients.map((client) => client.close()));
        await cluster?.kill();
        if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      });
      tests({
        name,
        get cluster() {
          if (cluster === undefined) throw new Error('the cluster is started before the tests');
          return cluster;
        },
        newClient(options, endpoints) {
          const client = connect(endpoints ?? this.cluster.endpoints, options);
          clients.push(client);
          return client;
        },
      });
    });
  }
}

export function whyWithout(program: string): string | undefined {
  const isThere = (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return isThere ? undefined : `${program} is not installed (Debian: apt-get install etcd-server)`;
}
