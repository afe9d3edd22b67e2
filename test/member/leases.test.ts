import { describe, expect, test } from 'vitest';
import { at } from '../../src/base/index.js';
import type { Member } from '../../src/member/index.js';
import type { LeaseId } from '../../src/mvcc/index.js';
import { put, range } from '../mvcc/requests.js';
import { startTeam } from './team.js';
import type { Team } from './team.js';

async function grant(team: Team, ttlSeconds: number, id: LeaseId = 0n): Promise<LeaseId> {
  return (await team.world.settle(team.follower().leases.grant({ id, ttlSeconds }))).id;
}

/** By a member that is not cut off. */
async function exists(team: Team, id: LeaseId, member: Member = team.leader()): Promise<boolean> {
  return (await team.world.settle(member.leases.list())).includes(id);
}

async function ttlOf(team: Team, id: LeaseId, member: Member = team.leader()): Promise<number | undefined> {
  return (await team.world.settle(member.leases.timeToLive(id, { keys: false })))?.ttlSeconds;
}

describe('a lease', () => {
  test('ends when its time is over, and its keys with it', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 10);
    await team.world.settle(team.leader().put(put('key', 'value', { lease: id })));
    await team.passMs(9_000);
    expect(await exists(team, id)).toBe(true);
    await team.passMs(2_000);
    expect(await exists(team, id)).toBe(false);
    expect((await team.world.settle(team.follower().range(range('key')))).kvs).toEqual([]);
  });

  test('lives on while it is renewed, by whichever member', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 5);
    for (let round = 0; round < 6; round++) {
      await team.passMs(4_000);
      const member = at([...team.members.values()], round % 3);
      expect(await team.world.settle(member.leases.keepAlive(id))).toBe(5);
    }
    expect(await exists(team, id)).toBe(true);
  });

  test('has at least the TTL that an election may take, at most a few centuries, and an id of its own', async () => {
    const team = await startTeam(3);
    const { leases } = team.follower();
    for (const ttlSeconds of [-5, 0, 1]) {
      const granted = await team.world.settle(leases.grant({ id: 0n, ttlSeconds }));
      expect(granted.ttlSeconds).toBe(2);
      expect(granted.id > 0n).toBe(true);
    }
    await expect(leases.grant({ id: 0n, ttlSeconds: 9_000_000_001 })).rejects.toMatchObject({
      code: 'lease-ttl-too-large',
    });
    const chosen = -(2n ** 63n);
    expect(await grant(team, 9_000_000_000, chosen)).toBe(chosen);
    await expect(grant(team, 5, chosen)).rejects.toMatchObject({ code: 'lease-exists' });
  });

  test('that is not there is renewed to 0, has no time to live and cannot be revoked', async () => {
    const team = await startTeam(3);
    for (const { leases } of team.members.values()) {
      expect(await team.world.settle(leases.keepAlive(7n))).toBe(0);
      expect(await team.world.settle(leases.timeToLive(7n, { keys: true }))).toBeNull();
      await expect(team.world.settle(leases.revoke(7n))).rejects.toMatchObject({ code: 'lease-not-found' });
    }
  });

  test('tells what is left of it, and its keys, on every member', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 60);
    for (const key of ['b', 'a']) await team.world.settle(team.leader().put(put(key, '', { lease: id })));
    await team.passMs(20_000);
    for (const { leases } of team.members.values()) {
      const found = await team.world.settle(leases.timeToLive(id, { keys: true }));
      expect(found).toMatchObject({ grantedTtlSeconds: 60, keys: ['a', 'b'] });
      expect(found?.ttlSeconds).toBeGreaterThan(35);
      expect(found?.ttlSeconds).toBeLessThanOrEqual(40);
    }
  });

  test('that has expired but cannot be revoked yet is not renewed, until it is gone', async () => {
    const team = await startTeam(3);
    const leader = team.leader();
    const id = await grant(team, 2);
    await team.passMs(1_500);
    // For as long as the leader still believes that it leads.
    for (const follower of team.followers()) team.kill(follower);
    await team.passMs(700);
    let ttl: number | string | undefined;
    leader.leases.keepAlive(id).then(
      (renewed) => (ttl = renewed),
      (error: unknown) => (ttl = String(error)),
    );
    for (const name of team.world.names) if (!team.members.has(name)) await team.restart(name);
    await team.world.run(() => ttl !== undefined);
    expect(ttl).toBe(0);
  });
});

describe('when the leader changes', () => {
  test('leases begin anew: nobody could renew them in between', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 10);
    await team.passMs(8_000);
    const old = team.leader();
    team.kill(old);
    const next = await team.successorOf(old);
    expect(await ttlOf(team, id, next)).toBeGreaterThanOrEqual(8);
    await team.passMs(8_000);
    expect(await exists(team, id, next)).toBe(true);
    await team.passMs(4_500);
    expect(await exists(team, id, next)).toBe(false);
  });

  test('a long lease goes on where the last checkpoint saw it, and has no second life', async () => {
    const team = await startTeam(3, { config: { leaseCheckpointIntervalMs: 10_000 } });
    const id = await grant(team, 60);
    await team.passMs(41_000);
    const old = team.leader();
    team.kill(old);
    const next = await team.successorOf(old);
    const left = await ttlOf(team, id, next);
    expect(left).toBeGreaterThanOrEqual(17);
    expect(left).toBeLessThanOrEqual(21);
  });

  test('a renewal outlives its leader, whatever a checkpoint said before', async () => {
    const team = await startTeam(3, { config: { leaseCheckpointIntervalMs: 10_000 } });
    const id = await grant(team, 60);
    await team.passMs(41_000);
    const old = team.leader();
    expect(await team.world.settle(team.follower().leases.keepAlive(id))).toBe(60);
    team.kill(old);
    const next = await team.successorOf(old);
    expect(await ttlOf(team, id, next)).toBeGreaterThanOrEqual(55);
  });

  test('a renewal that was under way is made by the new leader', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 5);
    const old = team.leader();
    const member = team.follower();
    const renewal = member.leases.keepAlive(id);
    team.kill(old);
    expect(await team.world.settle(renewal)).toBe(5);
  });

  test('a leader that was cut off revokes nothing that its successor keeps, and answers for nothing', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 4);
    const old = team.leader();
    const stale = old.leases;
    team.isolate(old);
    const answer = stale.keepAlive(id).then(
      () => 'renewed',
      () => 'refused',
    );
    const next = await team.successorOf(old);
    for (let round = 0; round < 4; round++) {
      await team.passMs(2_500);
      expect(await team.world.settle(next.leases.keepAlive(id))).toBe(4);
    }
    team.world.heal();
    expect(await team.world.settle(answer)).toBe('refused');
    await team.passMs(2_000);
    expect(await exists(team, id, next)).toBe(true);
    expect(await ttlOf(team, id, old)).toBeGreaterThanOrEqual(1);
  });

  test('a leader that slept through its succession cannot revoke what its successor keeps', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 4);
    const old = team.leader();
    const sleeper = team.nameOf(old);
    team.world.pause(sleeper);
    const next = await team.successorOf(old);
    for (let round = 0; round < 3; round++) {
      expect(await team.world.settle(next.leases.keepAlive(id))).toBe(4);
      await team.passMs(2_000);
    }
    // Its clock says that the lease is long over, and it does not know yet that it leads no more.
    expect(old.status().role).toBe('leader');
    team.world.resume(sleeper);
    await team.passMs(1_000);
    expect(old.status().role).toBe('follower');
    expect(await exists(team, id, next)).toBe(true);
  });

  test('without a majority renewals are given up after the request timeout', async () => {
    const team = await startTeam(3);
    const id = await grant(team, 60);
    const survivor = team.follower();
    for (const member of [...team.members.values()]) if (member !== survivor) team.kill(member);
    await expect(team.world.settle(survivor.leases.keepAlive(id))).rejects.toMatchObject({
      code: 'no-leader',
    });
  });
});
