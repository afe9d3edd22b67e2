import { expect, test } from 'vitest';
import { createWorld } from '../../../jepsen-like/simulator/index.js';
import { createRecorder, createSession } from '../../../jepsen-like/store/index.js';

// Found by seed 22 of the simulation, shrunk to five steps: see docs/track-record.md.
test('a lease that was granted is kept alive though the leader’s disk is slow to let it know', async () => {
  const world = createWorld({ seed: 1, members: 3 });
  for (const name of world.hosts.keys()) world.start(name);
  await world.run(() => world.leader !== null, 10_000);
  const leader = world.leader?.name ?? '';
  const follower = [...world.hosts.keys()].findIndex((name) => name !== leader);
  const session = createSession({
    transport: world.transportOf('c1'),
    recorder: createRecorder(() => world.agenda.nowUs),
    home: follower,
    timeoutMs: 5000,
    waitTimeoutMs: 5000,
  });
  world.host(leader).diskSlowness = 500;
  const id = '7';
  await world.settle(session.request<'lease-grant'>({ type: 'lease-grant', id, ttlSeconds: 10 }));
  const kept = world.settle(session.request<'lease-keep-alive'>({ type: 'lease-keep-alive', id }));
  expect((await kept).ttlSeconds).toBe(10);
  const asked = { type: 'lease-time-to-live', id: '8' } as const;
  await world.settle(session.request<'lease-grant'>({ type: 'lease-grant', id: '8', ttlSeconds: 10 }));
  const left = await world.settle(session.request<'lease-time-to-live'>(asked));
  expect(left.ttlSeconds).toBeGreaterThan(0);
});
