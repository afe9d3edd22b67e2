import { describe, expect, test } from 'vitest';
import type { Member } from '../../../src/member/index.js';
import { put, remove } from '../../mvcc/requests.js';
import { createWorld } from '../world.js';
import type { World } from '../world.js';
import { bytesOf, contentsOf, takeFile } from './files.js';

async function alone(): Promise<{ readonly world: World; readonly member: Member }> {
  const world = createWorld({ members: 1 });
  const member = await world.start('m1');
  await world.run(() => member.leader !== null);
  return { world, member };
}

describe('a snapshot file', () => {
  test('holds history, leases, users, roles and alarms as they are at its revision', async () => {
    const { world, member } = await alone();
    const { id } = await world.settle(member.leases.grant({ id: 7n, ttlSeconds: 60 }));
    await world.settle(member.put(put('a', '1', { lease: id })));
    await world.settle(member.put(put('a', '2')));
    await world.settle(member.deleteRange(remove('a')));
    await world.settle(
      member.auth.execute({ type: 'user-add', user: 'ann', hash: 'secret', noPassword: false }),
    );
    await world.settle(member.auth.execute({ type: 'role-add', role: 'all' }));
    const permission = { key: 'a', rangeEnd: '\0', permission: 'read-write' } as const;
    await world.settle(member.auth.execute({ type: 'role-grant-permission', role: 'all', permission }));
    await world.settle(member.auth.execute({ type: 'user-grant-role', user: 'ann', role: 'all' }));
    await world.settle(member.maintenance.activateAlarm(member.id, 'no-space'));

    const file = await world.settle(member.maintenance.snapshotFile());
    expect(file.revision).toBe(4);
    const bytes = await world.settle(bytesOf(file));
    expect(bytes.length).toBe(file.sizeBytes);
    expect(bytes.length % 4096).toBe(0);
    const content = await contentsOf(bytes);
    expect(content).toMatchObject({ revision: 4, compactRevision: -1, ignored: [] });
    expect(content.records.map(({ main, key, version, lease }) => [main, key, version, lease])).toEqual([
      [2, 'a', 1, 7n],
      [3, 'a', 2, 0n],
      [4, 'a', 0, 0n],
    ]);
    expect(content.tables).toEqual({
      leases: [{ id: 7n, ttlSeconds: 60, remainingTtlSeconds: 0 }],
      alarms: [{ memberId: member.id, alarm: 'no-space' }],
      auth: { enabled: false, revision: member.auth.revision },
      users: [{ name: 'ann', hash: 'secret', noPassword: false, roles: ['all'] }],
      roles: [{ name: 'all', permissions: [permission] }],
    });
  });

  test('is of one moment, whatever is written while it is read', async () => {
    const { world, member } = await alone();
    for (let index = 0; index < 50; index++)
      await world.settle(member.put(put(`k${index}`, 'x'.repeat(2000))));
    const file = await world.settle(member.maintenance.snapshotFile());
    const chunks: Uint8Array[] = [];
    const iterator = file.chunks[Symbol.asyncIterator]();
    for (let round = 0; ; round++) {
      const step = await world.settle(iterator.next());
      if (step.done === true) break;
      expect(step.value.length).toBeLessThanOrEqual(32 * 1024);
      chunks.push(step.value);
      await world.settle(member.put(put(`k${round}`, 'later')));
      if (round === 1) await world.settle(member.compact({ type: 'compact', revision: 51, physical: true }));
    }
    expect(chunks.length).toBeGreaterThan(2);
    const { records, revision, compactRevision } = await contentsOf(Buffer.concat(chunks));
    expect({ revision, compactRevision, count: records.length }).toEqual({
      revision: 51,
      compactRevision: -1,
      count: 50,
    });
  });

  test('holds nothing that was compacted, even if it was asked for before the store had let go of it', async () => {
    const { world, member } = await alone();
    for (let index = 0; index < 30; index++) await world.settle(member.put(put('k', String(index))));
    const compacting = member.compact({ type: 'compact', revision: 25, physical: false });
    await world.settle(compacting);
    const { records, compactRevision } = await contentsOf(await takeFile(world, member));
    expect(compactRevision).toBe(25);
    expect(records.map(({ main }) => main)).toEqual([25, 26, 27, 28, 29, 30, 31]);
  });

  test('is for root alone once users are needed', async () => {
    const { world, member } = await alone();
    for (const command of [
      { type: 'user-add', user: 'root', hash: 'x', noPassword: false },
      { type: 'user-add', user: 'ann', hash: 'x', noPassword: false },
      { type: 'role-add', role: 'root' },
      { type: 'user-grant-role', user: 'root', role: 'root' },
      { type: 'auth-enable' },
    ] as const) {
      await world.settle(member.auth.execute(command));
    }
    const authRevision = member.auth.revision;
    const asUser = (user: string): Promise<unknown> =>
      world.settle(member.maintenance.snapshotFile({ user, authRevision }));
    await expect(asUser('ann')).rejects.toMatchObject({ code: 'permission-denied' });
    await expect(asUser('')).rejects.toMatchObject({ code: 'user-empty' });
    await expect(asUser('root')).resolves.toBeDefined();
  });

  test('is one of four at most; one that is closed makes room', async () => {
    const { world, member } = await alone();
    const take = (): ReturnType<Member['maintenance']['snapshotFile']> =>
      world.settle(member.maintenance.snapshotFile());
    const files = [await take(), await take(), await take(), await take()];
    await expect(take()).rejects.toMatchObject({ code: 'too-many-requests' });
    await expect(take()).rejects.toThrow('4 snapshots are being taken of this member');
    await files[0]?.chunks[Symbol.asyncIterator]().return?.();
    await world.settle(bytesOf(await take()));
    await world.settle(bytesOf(await take()));
  });

  test('ends when its member stops, and does not keep it from stopping', async () => {
    const { world, member } = await alone();
    await world.settle(member.put(put('k', 'x'.repeat(200_000))));
    const file = await world.settle(member.maintenance.snapshotFile());
    const iterator = file.chunks[Symbol.asyncIterator]();
    expect((await world.settle(iterator.next())).done).toBe(false);
    await world.settle(member.close());
    await expect(iterator.next()).rejects.toMatchObject({ code: 'stopped' });
  });
});
