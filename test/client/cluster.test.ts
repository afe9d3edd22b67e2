import { expect, test, vi } from 'vitest';

import { ClientError } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import { describeOnBoth } from './systems.js';
import type { RunningSystem } from './systems.js';

const workers = 8;

/** Puts and gets without a pause until told to stop, and remembers how each ended. */
function startLoad(client: Client) {
  const acknowledged = new Map<string, string>();
  const uncertain = new Map<string, string>();
  const readFailures: unknown[] = [];
  const surprises: unknown[] = [];
  let isStopped = false;

  async function work(worker: number): Promise<void> {
    for (let step = 0; !isStopped; step++) {
      const key = `load/${worker}/${step}`;
      const value = `value ${step}`;
      try {
        await client.put(key, value);
        acknowledged.set(key, value);
      } catch (error) {
        if (error instanceof ClientError && error.mayHaveHappened) uncertain.set(key, value);
        else surprises.push(error);
      }
      await client.get(key).catch((error: unknown) => readFailures.push(error));
    }
  }

  const done = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return {
    acknowledged,
    uncertain,
    readFailures,
    surprises,
    async stop() {
      isStopped = true;
      await done;
    },
  };
}

async function keepsGoing(load: ReturnType<typeof startLoad>): Promise<void> {
  const before = load.acknowledged.size;
  await vi.waitUntil(() => load.acknowledged.size > before + 5 * workers, { timeout: 20_000 });
}

/** The leader, and all endpoints with its own first: a client that starts at the first one is connected to it. */
async function leaderFirst(system: RunningSystem) {
  const leader = await system.cluster.waitForLeader();
  const others = system.cluster.endpoints.filter((endpoint) => endpoint !== leader.endpoint);
  return { leader, endpoints: [leader.endpoint, ...others] };
}

describeOnBoth('a cluster of three', 3, (system) => {
  test('members, their state and their hashes agree', async () => {
    const client = system.newClient();
    const { revision } = await client.put('some', 'state');
    const members = await client.members();
    expect(members.map((member) => member.clientUrls)).toEqual(
      expect.arrayContaining(system.cluster.members.map((member) => [member.clientUrl])),
    );
    expect(members.every((member) => /^[0-9a-f]{16}$/.test(member.id) && !member.isLearner)).toBe(true);
    expect((await client.members({ serializable: true })).length).toBe(3);

    // A linearizable read at each member makes sure that it has applied the write.
    for (const endpoint of client.endpoints) {
      const alone = system.newClient();
      await alone.get('some');
      await expect(alone.status(endpoint)).resolves.toMatchObject({ endpoint, errors: [], isLearner: false });
    }
    const statuses = await Promise.all(client.endpoints.map((endpoint) => client.status(endpoint)));
    expect(new Set(statuses.map((status) => status.clusterId)).size).toBe(1);
    expect(new Set(statuses.map((status) => status.id))).toEqual(new Set(members.map((member) => member.id)));
    expect(new Set(statuses.map((status) => status.leader)).size).toBe(1);
    expect(statuses.filter((status) => status.isLeader)).toHaveLength(1);
    expect(statuses.every((status) => status.term > 0 && /^\d+\.\d+\.\d+$/.test(status.version))).toBe(true);
    expect(
      statuses.every((status) => status.index >= status.appliedIndex && status.databaseSizeBytes > 0),
    ).toBe(true);

    const hashes = await Promise.all(client.endpoints.map((endpoint) => client.hashKv(endpoint, revision)));
    expect(new Set(hashes.map((result) => result.hash)).size).toBe(1);
    expect(hashes.every((result) => result.hashRevision === revision)).toBe(true);
  });

  test('an endpoint that is not among the ones given', async () => {
    await expect(system.newClient().status('127.0.0.1:1')).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  test.each(['kill', 'stop'] as const)(
    'goes on with another member when its own, the leader, ends by %s: reads do not fail, writes say if they may have happened',
    async (how) => {
      const { leader: member, endpoints } = await leaderFirst(system);
      const client = system.newClient({ startAt: 'first', timeoutMs: 10_000 }, endpoints);
      const load = startLoad(client);
      await keepsGoing(load);
      await member[how]();
      await keepsGoing(load);
      await member.start();
      await member.waitUntilServing();
      await load.stop();

      expect(load.readFailures).toEqual([]);
      expect(load.surprises).toEqual([]);
      // Each worker has one write under way at a time, and an election may lose one of each once more.
      expect(load.uncertain.size).toBeLessThanOrEqual(4 * workers);
      const stored = new Map<string, string>();
      for await (const entry of client.prefix('load/')) stored.set(entry.keyText, entry.text);
      for (const [key, value] of load.acknowledged) expect(stored.get(key)).toBe(value);
      for (const [key, value] of stored)
        expect(load.acknowledged.get(key) ?? load.uncertain.get(key)).toBe(value);
      await client.deletePrefix('load/');
    },
    60_000,
  );

  test('a read leaves a member that has frozen; a write there is uncertain at its deadline', async () => {
    const { leader: member, endpoints } = await leaderFirst(system);
    const client = system.newClient({ startAt: 'first', timeoutMs: 3_000 }, endpoints);
    await client.put('frozen', 'before');
    member.pause();
    try {
      await expect(client.put('frozen', 'during', { timeoutMs: 300 })).rejects.toMatchObject({
        code: 'timed-out',
        mayHaveHappened: true,
      });
      // The client has moved on. One that has not yet does so within the read.
      expect((await client.get('frozen', { timeoutMs: 20_000 }))?.keyText).toBe('frozen');
      const fresh = system.newClient(
        { startAt: 'first', timeoutMs: 20_000, connectTimeoutMs: 200 },
        endpoints,
      );
      expect((await fresh.get('frozen'))?.keyText).toBe('frozen');
    } finally {
      member.resume();
    }
  }, 60_000);
});
