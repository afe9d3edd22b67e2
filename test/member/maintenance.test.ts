import { describe, expect, test } from 'vitest';
import { bytesOfKey } from '../../src/base/index.js';
import { defaultLimits } from '../../src/member/index.js';
import type { Member } from '../../src/member/index.js';
import { seal, unseal } from '../../src/mvcc/seal.js';
import { put, range, remove } from '../mvcc/requests.js';
import { startTeam } from './team.js';
import type { Team } from './team.js';

function withQuota(quotaSizeBytes: number): Parameters<typeof startTeam>[1] {
  return { config: { limits: { ...defaultLimits, quotaSizeBytes, flushIntervalMs: 5 } } };
}

const tenThousandBytes = 'x'.repeat(10_000);

/** Writes until it is refused. */
async function fill(team: Team, member: Member): Promise<unknown> {
  for (let count = 0; count < 1000; count++) {
    const writing = team.world.settle(member.put(put(`key-${count}`, tenThousandBytes)));
    const error = await writing.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (error !== null) return error;
    await team.passMs(20);
  }
  return null;
}

describe('the space quota', () => {
  test('refuses what would take more, raises the alarm, and lets space be made', async () => {
    const team = await startTeam(3, withQuota(200_000));
    const member = team.follower();
    expect(await fill(team, member)).toMatchObject({ code: 'no-space' });
    await team.passMs(100);
    for (const each of team.members.values()) {
      expect(each.maintenance.alarms()).toEqual([{ memberId: member.id, alarm: 'no-space' }]);
      expect(each.status().errors).toEqual([`memberID:${BigInt(`0x${member.id}`)} alarm:NOSPACE `]);
    }
    const leader = team.leader();
    const txn = { type: 'txn', compare: [], success: [put('a', 'b')], failure: [] } as const;
    const refused: (() => Promise<unknown>)[] = [
      () => leader.put(put('a', 'b')),
      () => leader.leases.grant({ id: 0n, ttlSeconds: 60 }),
      () => leader.txn(txn),
    ];
    for (const ask of refused)
      await expect(team.world.settle(ask())).rejects.toMatchObject({ code: 'no-space' });

    // Reading, deleting and compacting go on.
    await team.world.settle(leader.range(range('key-1')));
    const { revision } = await team.world.settle(leader.deleteRange(remove('\0', { rangeEnd: '\0' })));
    await team.world.settle(leader.compact({ type: 'compact', revision, physical: true }));
    for (const { maintenance } of team.members.values()) await team.world.settle(maintenance.defragment());
    const ended = await team.world.settle(leader.maintenance.deactivateAlarm(null, null));
    expect(ended).toContainEqual({ memberId: member.id, alarm: 'no-space' });
    expect(leader.maintenance.alarms()).toEqual([]);
    for (const each of team.members.values()) await team.world.settle(each.put(put('a', 'b')));
  });

  test('refuses nobody for what was there a while ago, and nobody without an alarm', async () => {
    const team = await startTeam(1, withQuota(200_000));
    const leader = team.leader();
    const write = (key: string) => team.world.settle(leader.put(put(key, tenThousandBytes)));
    for (let count = 0; count < 18; count++) await write(`key-${count}`);
    await team.passMs(2000);
    await write('key-18');
    await write('key-19'); // More than the quota, which is found out when nobody wants to write.
    await team.passMs(1100);
    const { revision } = await team.world.settle(leader.deleteRange(remove('\0', { rangeEnd: '\0' })));
    await team.world.settle(leader.compact({ type: 'compact', revision, physical: true }));
    await team.passMs(2000);
    const outcome = await write('after').then(
      () => 'written',
      () => 'refused',
    );
    await team.passMs(1000);
    expect([outcome, leader.maintenance.alarms()]).toEqual(['written', []]);
  });

  test('of nothing is no quota', async () => {
    const team = await startTeam(1, withQuota(0));
    for (let count = 0; count < 50; count++)
      await team.world.settle(team.leader().put(put(`key-${count}`, tenThousandBytes)));
    expect(team.leader().maintenance.alarms()).toEqual([]);
  });

  test('holds on the member that is full, and stays raised across restarts', async () => {
    const team = await startTeam(1, withQuota(100_000));
    expect(await fill(team, team.leader())).toMatchObject({ code: 'no-space' });
    await team.passMs(500);
    team.kill(team.leader());
    const member = await team.restart('m1');
    await team.world.run(() => member.status().role === 'leader' && member.maintenance.alarms().length === 1);
    await expect(member.put(put('a', 'b'))).rejects.toMatchObject({ code: 'no-space' });
  });
});

describe('alarms', () => {
  test('are raised and ended for any member, each once', async () => {
    const team = await startTeam(3);
    const { maintenance } = team.follower();
    const id = team.leader().id;
    const alarm = { memberId: id, alarm: 'corrupt' };
    expect(await team.world.settle(maintenance.activateAlarm(id, 'corrupt'))).toEqual([alarm]);
    expect(maintenance.alarms()).toEqual([alarm]);
    await expect(team.world.settle(team.leader().put(put('a', 'b')))).rejects.toMatchObject({
      code: 'corrupt',
    });
    expect(await team.world.settle(maintenance.deactivateAlarm(id, 'no-space'))).toEqual([]);
    expect(await team.world.settle(maintenance.deactivateAlarm(id, 'corrupt'))).toEqual([alarm]);
    expect(await team.world.settle(maintenance.deactivateAlarm(id, 'corrupt'))).toEqual([]);
    await team.world.settle(team.leader().put(put('a', 'b')));
  });
});

describe('moving the leadership', () => {
  test('is done when the other leads', async () => {
    const team = await startTeam(3);
    const heir = team.follower();
    await team.world.settle(team.leader().maintenance.moveLeader(heir.id));
    expect(team.leader().id).toBe(heir.id);
    await team.world.settle(heir.maintenance.moveLeader(heir.id)); // It leads already.
  });

  test('takes a voter of the cluster, and a leader that is asked', async () => {
    const team = await startTeam(3);
    const follower = team.follower();
    await expect(follower.maintenance.moveLeader(follower.id)).rejects.toMatchObject({
      code: 'not-leader',
    });
    await expect(team.leader().maintenance.moveLeader('00000000000000ff')).rejects.toMatchObject({
      code: 'bad-leader-transferee',
    });
  });

  test('to one that is gone is given up, and the old leader goes on', async () => {
    const team = await startTeam(3);
    const gone = team.follower();
    const { id } = gone;
    team.kill(gone);
    await expect(team.world.settle(team.leader().maintenance.moveLeader(id))).rejects.toMatchObject({
      code: 'timed-out',
    });
    await team.world.settle(team.leader().put(put('a', 'b')));
  });
});

/** Changes what the disk of a member that is down holds, as a program would that writes wrong values. */
async function overwrite(team: Team, name: string, from: string, to: string): Promise<void> {
  const disk = team.world.disk(name);
  const found = disk.dump('state-1').find(([, value]) => Buffer.from(value).includes(from));
  if (found === undefined) throw new Error(`a record with ${from}`);
  const key = bytesOfKey(found[0]);
  const content = unseal(key, found[1]).toString('latin1').replace(from, to);
  const value = seal(key, Buffer.from(content, 'latin1'));
  const store = await disk.open('state-1');
  await team.world.settle(store.write([{ type: 'put', key, value }], { sync: true }));
  await store.close();
}

describe('comparing what members hold', () => {
  test('finds nothing where there is nothing', async () => {
    const team = await startTeam(3, { config: { corruptCheckIntervalMs: 1000 } });
    for (let count = 0; count < 20; count++) {
      await team.world.settle(team.leader().put(put(`k${count}`, 'v')));
      await team.passMs(200);
    }
    expect(team.leader().maintenance.alarms()).toEqual([]);
  });

  test('raises the alarm for the member whose store holds another value', async () => {
    const config = { corruptCheckIntervalMs: 1000, limits: { ...defaultLimits, flushIntervalMs: 5 } };
    const team = await startTeam(3, { config });
    await team.world.settle(team.leader().put(put('key', 'the value')));
    await team.passMs(300);
    const victim = team.follower();
    const name = team.nameOf(victim);
    team.kill(victim);
    await overwrite(team, name, 'the value', 'another v');
    await team.restart(name);
    await team.world.run(() => team.leader().maintenance.alarms().length > 0);
    expect(team.leader().maintenance.alarms()).toEqual([{ memberId: victim.id, alarm: 'corrupt' }]);
  });
});
