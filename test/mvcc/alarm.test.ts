import { describe, expect, it } from 'vitest';
import type { AlarmType, Command } from '../../src/mvcc/index.js';
import { createHarness } from './harness.js';
import type { Harness } from './harness.js';
import { alarm, checkpoint, compact, grant, put, range, remove, revoke, txn } from './requests.js';

const a1 = '00000000000000a1';
const b2 = '00000000000000b2';

/** A store with a key `k` and a lease 1 with a key, and then that alarm. */
async function alarmed(name: AlarmType, memberId = a1): Promise<Harness> {
  const harness = await createHarness();
  harness.done(put('k', 'v'));
  harness.done(grant(1n));
  harness.done(put('leased', 'v', { lease: 1n }));
  harness.done(alarm('activate', name, memberId));
  return harness;
}

describe('an alarm', () => {
  it('is raised for one member; they are listed by member, then alarm', async () => {
    const { done, machine } = await createHarness();
    const raised = { type: 'alarm', revision: 1, alarms: [{ memberId: b2, alarm: 'corrupt' }] };
    expect(done(alarm('activate', 'corrupt', b2))).toEqual(raised);
    done(alarm('activate', 'no-space', b2));
    done(alarm('activate', 'corrupt', a1));
    expect(machine.alarms).toEqual([
      { memberId: a1, alarm: 'corrupt' },
      { memberId: b2, alarm: 'no-space' },
      { memberId: b2, alarm: 'corrupt' },
    ]);
  });

  it('may name any member, but beyond a thousand only one that is there', async () => {
    const { apply, done, machine } = await createHarness();
    const nobody = (index: number): string => index.toString(16).padStart(16, '0');
    for (let index = 0; index < 1000; index++) done(alarm('activate', 'no-space', nobody(index + 0x1000)));
    expect(apply(alarm('activate', 'corrupt', nobody(7)))).toEqual({ ok: false, error: 'too-many-requests' });
    done(alarm('activate', 'no-space', nobody(0x1000))); // It is raised already.
    done(alarm('activate', 'corrupt', a1));
    expect(machine.alarms).toHaveLength(1001);
  });

  it('raised again is the same one; ended, it is gone; ended again, there is nothing to tell', async () => {
    const { done, machine } = await createHarness();
    const named = { alarms: [{ memberId: a1, alarm: 'no-space' }] };
    expect(done(alarm('activate', 'no-space'))).toMatchObject(named);
    expect(done(alarm('activate', 'no-space'))).toMatchObject(named);
    expect(machine.alarms).toHaveLength(1);
    expect(done(alarm('deactivate', 'corrupt'))).toMatchObject({ alarms: [] });
    expect(done(alarm('deactivate', 'no-space'))).toMatchObject(named);
    expect(done(alarm('deactivate', 'no-space'))).toMatchObject({ alarms: [] });
    expect(machine.alarms).toEqual([]);
  });

  it('outlives the process, as does its end', async () => {
    const harness = await createHarness();
    harness.done(alarm('activate', 'no-space', a1));
    harness.done(alarm('activate', 'corrupt', b2));
    await harness.machine.flush();
    await harness.restart({ replay: false });
    expect(harness.machine.alarms).toEqual([
      { memberId: a1, alarm: 'no-space' },
      { memberId: b2, alarm: 'corrupt' },
    ]);
    harness.done(alarm('deactivate', 'corrupt', b2));
    await harness.machine.flush();
    await harness.restart({ replay: false });
    expect(harness.machine.alarms).toEqual([{ memberId: a1, alarm: 'no-space' }]);
    expect(harness.apply(put('k', 'v'))).toEqual({ ok: false, error: 'no-space' });
  });
});

describe('while there is no space on some member', () => {
  const refused: [string, Command][] = [
    ['a put', put('k', 'new')],
    ['a put that would be refused anyway', put('k', '', { lease: 404n })],
    ['a grant', grant(2n)],
    ['a grant that would be refused anyway', grant(1n)],
    ['a transaction that puts', txn([], [put('k', 'new')])],
    ['a transaction that would put in the branch not taken', txn([], [], [put('k', 'new')])],
    ['a transaction that puts further down', txn([], [txn([], [], [remove('x'), put('k', 'new')])])],
  ];
  it.each(refused)('%s is refused', async (_what, command) => {
    const harness = await alarmed('no-space', b2);
    expect(harness.apply(command)).toEqual({ ok: false, error: 'no-space' });
    expect(harness.machine).toMatchObject({ revision: 3, leases: { size: 1 } });
  });

  const permitted: [string, Command][] = [
    ['a deletion', remove('k')],
    ['a transaction that reads and deletes', txn([], [range('k'), txn([], [remove('k')])])],
    ['a compaction', compact(2)],
    ['a revocation', revoke(1n)],
    ['a checkpoint', checkpoint(1, { id: 1n, remainingTtlSeconds: 1 })],
    ['a change of users', { type: 'role-add', role: 'r' }],
  ];
  it.each(permitted)('%s passes', async (_what, command) => {
    expect((await alarmed('no-space')).apply(command)).toMatchObject({ ok: true });
  });

  it('reads pass', async () => {
    const { machine } = await alarmed('no-space');
    expect(machine.rangeSync(range('k'))).toMatchObject({ ok: true });
    expect(await machine.readTxn(txn([], [range('k')]))).toMatchObject({ ok: true });
  });

  it('puts pass again once the alarm of every member has ended', async () => {
    const harness = await alarmed('no-space', a1);
    harness.done(alarm('activate', 'no-space', b2));
    harness.done(alarm('deactivate', 'no-space', a1));
    expect(harness.apply(put('k', 'v'))).toEqual({ ok: false, error: 'no-space' });
    harness.done(alarm('deactivate', 'no-space', b2));
    harness.done(put('k', 'v'));
  });
});

describe('while the data of some member is corrupt', () => {
  const refused: [string, Command][] = [
    ['a put', put('k', 'new')],
    ['a deletion', remove('k')],
    ['a transaction, even an empty one', txn([], [])],
    ['a compaction', compact(2)],
    ['a grant', grant(2n)],
    ['a revocation', revoke(1n)],
  ];
  it.each(refused)('%s is refused, also when there is no space', async (_what, command) => {
    const harness = await alarmed('corrupt', b2);
    expect(harness.apply(command)).toEqual({ ok: false, error: 'corrupt' });
    harness.done(alarm('activate', 'no-space', a1));
    expect(harness.apply(command)).toEqual({ ok: false, error: 'corrupt' });
    expect(harness.machine).toMatchObject({ revision: 3, compactRevision: -1, leases: { size: 1 } });
  });

  it('alarms and users change as ever', async () => {
    const harness = await alarmed('corrupt');
    harness.done({ type: 'role-add', role: 'r' });
    harness.done(alarm('deactivate', 'corrupt'));
    harness.done(put('k', 'v'));
  });
});
