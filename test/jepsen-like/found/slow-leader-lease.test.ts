import { describe, expect, test } from 'vitest';
import { createWorld } from '../../../jepsen-like/simulator/index.js';
import type { World } from '../../../jepsen-like/simulator/index.js';
import { createRecorder, createSession } from '../../../jepsen-like/store/index.js';
import type { Session } from '../../../jepsen-like/store/index.js';

// Found by seeds 22 and 1030 of the simulation, shrunk to five steps and to four: see docs/track-record.md.
describe('a leader whose disk is slow to let it know', () => {
  test('keeps a lease alive that was granted', async () => {
    const { world, session } = await slowLeader();
    const id = '7';
    await world.settle(session.request<'lease-grant'>({ type: 'lease-grant', id, ttlSeconds: 10 }));
    const kept = world.settle(session.request<'lease-keep-alive'>({ type: 'lease-keep-alive', id }));
    expect((await kept).ttlSeconds).toBe(10);
    const asked = { type: 'lease-time-to-live', id: '8' } as const;
    await world.settle(session.request<'lease-grant'>({ type: 'lease-grant', id: '8', ttlSeconds: 10 }));
    const left = await world.settle(session.request<'lease-time-to-live'>(asked));
    expect(left.ttlSeconds).toBeGreaterThan(0);
  });

  test('keeps no lease alive that was revoked', async () => {
    const { world, session } = await slowLeader();
    const id = '7';
    await world.settle(session.request<'lease-grant'>({ type: 'lease-grant', id, ttlSeconds: 10 }));
    await world.settle(session.request<'lease-keep-alive'>({ type: 'lease-keep-alive', id })); // It knows by now.
    await world.settle(session.request<'lease-revoke'>({ type: 'lease-revoke', id }));
    const kept = world.settle(session.request<'lease-keep-alive'>({ type: 'lease-keep-alive', id }));
    expect((await kept).ttlSeconds).toBe(0);
  });
});

async function slowLeader(): Promise<{ readonly world: World; readonly session: Session }> {
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
  return { world, session };
}
