import { expect, test } from 'vitest';
import { asBuffer } from '../../../src/base/index.js';
import { createWorld } from '../../../jepsen-like/simulator/index.js';
import type { World } from '../../../jepsen-like/simulator/index.js';
import { createRecorder, createSession } from '../../../jepsen-like/store/index.js';
import { defaultLimits } from '../../../src/member/index.js';

// Found by seed 1 of the workload `churn`: the newcomer ended itself over the damage on its leader's disk.
test.each(['flip-bit', 'erase'] as const)(
  'a leader whose disk was damaged (%s) ends itself when it is to send its state, and its follower does not',
  async (how) => {
    const world = createWorld({
      seed: 1,
      members: 3,
      config: { snapshotCount: 20, limits: { ...defaultLimits, catchUpEntries: 0 } },
    });
    for (const name of world.hosts.keys()) world.start(name);
    await world.run(() => world.leader !== null, 10_000);
    const leader = world.host(world.leader?.name ?? '');
    const follower = world.host(leader.name === 'm1' ? 'm2' : 'm1');
    follower.kill();
    await write(world, leader.name, 100);
    await world.run(() => false, 2000); // Until its state is on its disk, and its log is cut.

    const store = leader.disk.stores().find((name) => name.startsWith('state-')) ?? '';
    const [key] = leader.disk.dump(store).find(([, value]) => asBuffer(value).includes('victim')) ?? [];
    if (key === undefined) throw new Error('the record is not on the disk');
    leader.disk.damage(store, how === 'flip-bit' ? { type: how, key, bit: 3 } : { type: how, key });
    world.start(follower.name);

    expect(await world.run(() => leader.fatal !== null, 30_000)).toBe(true);
    expect(leader.fatal?.message).toMatch(/disk/);
    const isLevel = (): boolean => follower.member?.status().revision === 101;
    expect(await world.run(isLevel, 30_000)).toBe(true);
    expect(follower.fatal).toBeNull();
  },
);

async function write(world: World, member: string, count: number): Promise<void> {
  const session = createSession({
    transport: world.transportOf('c1'),
    recorder: createRecorder(() => world.agenda.nowUs),
    home: [...world.hosts.keys()].indexOf(member),
    timeoutMs: 5000,
    waitTimeoutMs: 5000,
  });
  for (let number = 0; number < count; number++) {
    const value = number === 50 ? 'victim' : 'value';
    await world.settle(session.request<'put'>({ type: 'put', key: `key-${number}`, value, lease: '0' }));
  }
}
