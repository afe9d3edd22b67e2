import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.js';
import { createWorld } from '../../../jepsen-like/simulator/index.js';
import { memberOf } from '../../../jepsen-like/simulator/world.js';
import type { World } from '../../../jepsen-like/simulator/index.js';
import { readPlan } from '../../../jepsen-like/plan/index.js';
import { runPlan } from '../../../jepsen-like/torture/run.js';
import { complaintOf } from '../../../jepsen-like/torture/shrink.js';
import { defaultLimits } from '../../../src/member/index.js';
import { put } from '../../mvcc/requests.js';

// Found by seed 70, once disks were slower: two snapshots in quick succession (as in etcd issue 18055).
test('a member that is installing a snapshot takes no other one', async () => {
  const plan = readFileSync(new URL('second-snapshot.txt', import.meta.url), 'utf8');
  expect(complaintOf(await runPlan(readPlan(plan)))).toBeNull();
});

test('a member that is told to stop while it installs a snapshot has it when it starts again', async () => {
  const said: string[] = [];
  const world = createWorld({
    seed: 3,
    members: 3,
    config: { snapshotCount: 20, limits: { ...defaultLimits, catchUpEntries: 0 } },
    logger: { ...silentLogger, info: (message) => void said.push(message) },
  });
  for (const name of world.hosts.keys()) world.start(name);
  await world.run(() => world.leader !== null, 10_000);
  const leader = world.host(world.leader?.name ?? '');
  const follower = world.host(leader.name === 'm1' ? 'm2' : 'm1');
  follower.kill();
  await write(world, 60);
  await world.run(() => false, 2000); // Until their logs are cut.

  world.start(follower.name);
  await world.run(() => said.includes('receiving a snapshot'), 10_000);
  follower.diskSlowness = 5000; // Its log takes a second or two to name the new state.
  await world.run(() => said.includes('a follower has stored the snapshot'), 10_000);
  follower.stop().catch(() => undefined);
  await world.run(() => !follower.isUp, 30_000);
  follower.diskSlowness = 1;
  world.start(follower.name);
  expect(await world.run(() => follower.member?.status().revision === 61, 30_000)).toBe(true);
});

async function write(world: World, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const { leader } = world;
    if (leader === null) throw new Error('nobody leads');
    await world.settle(memberOf(leader).put(put(`key-${number}`, 'value')));
  }
}
