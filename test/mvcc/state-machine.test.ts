import { describe, expect, it } from 'vitest';
import { bytesOfKey } from '../../src/base/index.js';
import { openStateMachine, readStateMeta } from '../../src/mvcc/index.js';
import type { Command, StateMachine } from '../../src/mvcc/index.js';
import { recordKeyOf } from '../../src/mvcc/record-key.js';
import { createMemoryDisk } from '../../src/storage/index.js';
import type { OrderedStore } from '../../src/storage/index.js';
import { createHarness, genesis, plain, storedRevisions, trusted, turn } from './harness.js';
import { alarm, checkpoint, compact, grant, put, range, remove, txn } from './requests.js';

const options = { cacheSizeBytesMax: 0, yieldToLoop: turn, genesis };

describe('an empty store', () => {
  it('becomes that of a new cluster, durably', async () => {
    const disk = createMemoryDisk();
    const machine = await openStateMachine(await disk.open('state'), options);
    const expected = {
      applied: { term: 0, index: 0 },
      revision: 1,
      compactRevision: -1,
      membership: genesis,
    };
    expect(machine).toMatchObject({ ...expected, flushedIndex: 0, keyCount: 0, unflushedSizeBytes: 0 });
    disk.powerCut();
    expect(readStateMeta(await disk.open('state'))).toEqual(expected);
  });

  it('says so', async () => {
    expect(readStateMeta(await createMemoryDisk().open('state'))).toBeNull();
  });
});

describe('a flush', () => {
  it('makes data and applied index durable together; the rest is gone with the process', async () => {
    const harness = await createHarness();
    harness.done(put('a', '1'));
    await harness.machine.flush();
    harness.done(put('b', '2'));
    expect(harness.machine).toMatchObject({ applied: { term: 1, index: 2 }, flushedIndex: 1 });
    await harness.restart({ replay: false });
    expect(harness.machine).toMatchObject({
      applied: { term: 1, index: 1 },
      flushedIndex: 1,
      revision: 2,
      keyCount: 1,
    });
  });

  it('moves the applied index even when nothing else changed', async () => {
    const harness = await createHarness();
    harness.apply(null);
    expect(harness.machine.unflushedSizeBytes).toBeGreaterThan(0);
    await harness.machine.flush();
    expect(harness.machine.unflushedSizeBytes).toBe(0);
    await harness.restart({ replay: false });
    expect(harness.machine).toMatchObject({ applied: { term: 1, index: 1 }, revision: 1 });
    const writes = harness.disk.writeCount('state');
    await harness.machine.flush();
    expect(harness.disk.writeCount('state')).toBe(writes);
  });

  it('runs one at a time; who asks meanwhile shares the next, which covers the rest', async () => {
    const gates: (() => void)[] = [];
    const harness = await createHarness({
      schedule: async ({ number }) =>
        number === 1 ? Promise.resolve() : new Promise<void>((resolve) => gates.push(resolve)),
    });
    harness.done(put('a', '1'));
    const first = harness.machine.flush();
    await turn();
    harness.done(put('b', '2'));
    const second = harness.machine.flush();
    harness.done(put('c', '3'));
    const third = harness.machine.flush();
    await turn();
    expect(gates).toHaveLength(1);
    expect(harness.machine.flushedIndex).toBe(0);
    gates[0]?.();
    await first;
    expect(harness.machine.flushedIndex).toBe(1);
    expect(harness.machine.unflushedSizeBytes).toBeGreaterThan(0);
    await turn();
    expect(gates).toHaveLength(2);
    gates[1]?.();
    await Promise.all([second, third]);
    expect(harness.machine).toMatchObject({ flushedIndex: 3, unflushedSizeBytes: 0 });
    expect(harness.disk.writeCount('state')).toBe(3);
  });

  it('does not hide what it writes, even without a cache', async () => {
    const harness = await createHarness({ cacheSizeBytesMax: 0, schedule: async () => turn() });
    harness.done(put('a', '1'));
    const flushing = harness.machine.flush();
    harness.done(put('b', '2'));
    for (const key of ['a', 'b']) {
      expect(harness.machine.rangeSync(range(key))).toMatchObject({ value: { kvs: [{ key }] } });
    }
    await flushing;
    expect(plain(harness.machine.rangeSync(range('a')))).toMatchObject({ value: { kvs: [{ value: '1' }] } });
  });

  it('that fails is the end: nothing after it is written', async () => {
    const harness = await createHarness({
      faults: [{ store: 'state', write: 2, type: 'fail', code: 'EIO', applied: false }],
    });
    harness.done(put('a', '1'));
    await expect(harness.machine.flush()).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(harness.machine.flush()).rejects.toMatchObject({ code: 'storage-failed' });
    expect(harness.machine.flushedIndex).toBe(0);
  });
});

describe('entries', () => {
  it('are applied without a gap', async () => {
    const { machine } = await createHarness();
    expect(() => machine.apply({ term: 1, index: 2 }, null)).toThrow('in order');
    machine.apply({ term: 2, index: 1 }, null);
    expect(() => machine.apply({ term: 1, index: 2 }, null)).toThrow('terms');
  });

  it('change the members, through restarts', async () => {
    const harness = await createHarness();
    const attributes = {
      type: 'member-attributes',
      id: '00000000000000a1',
      name: 'm1',
      clientUrls: ['u'],
    } as const;
    expect(harness.done(attributes)).toEqual({ type: 'member-attributes', revision: 1 });
    expect(harness.apply({ ...attributes, id: 'b2' })).toEqual({ ok: false, error: 'member-not-found' });
    expect(harness.machine.membership.members).toMatchObject([{ name: 'm1', clientUrls: ['u'] }]);
    const learner = { id: '00000000000000b2', name: 'ñ', peerUrls: ['p'], clientUrls: [], isLearner: true };
    const membership = {
      configuration: {
        voters: ['00000000000000a1'],
        outgoing: [],
        learners: [learner.id],
        learnersNext: ['c3'],
      },
      members: [...harness.machine.membership.members, learner],
      removed: ['d4'],
    };
    harness.machine.applyMembership({ term: 1, index: 3 }, membership);
    await harness.machine.flush();
    await harness.restart({ replay: false });
    expect(harness.machine.membership).toEqual(membership);
    expect(harness.machine.applied).toEqual({ term: 1, index: 3 });
  });
});

describe('a compaction', () => {
  it('is refused below the last one and above the current revision', async () => {
    const harness = await createHarness();
    harness.done(put('a', '1'));
    expect(harness.apply(compact(3))).toEqual({ ok: false, error: 'future-revision' });
    expect(harness.done(compact(2))).toEqual({ type: 'compact', revision: 2 });
    expect(harness.apply(compact(2))).toEqual({ ok: false, error: 'compacted' });
    expect(harness.apply(compact(-1))).toEqual({ ok: false, error: 'compacted' });
  });

  it('removes what cannot be read any more, and only that', async () => {
    const harness = await createHarness();
    harness.done(put('a', '1')); // 2: replaced before the compaction
    harness.done(put('a', '2')); // 3: current at it
    harness.done(put('gone', '1')); // 4
    harness.done(remove('gone')); // 5: a tombstone from before
    harness.done(put('late', '1')); // 6
    harness.done(txn([], [put('b', '1'), put('c', '1')])); // 7
    harness.done(remove('b', { rangeEnd: 'd' })); // 8: tombstones at the compaction, for who watches from there on
    harness.done(txn([], [put('a', '3'), put('c', '2')])); // 9
    harness.done(remove('late')); // 10
    harness.done(compact(8));
    const before = ['2.0', '3.0', '4.0', '5.0t', '6.0', '7.0', '7.1', '8.0t', '8.1t', '9.0', '9.1', '10.0t'];
    await turn();
    expect(storedRevisions(harness.disk)).toEqual([]);
    await harness.machine.flush();
    expect(storedRevisions(harness.disk)).toEqual(before);
    await harness.machine.compacted(8);
    expect(storedRevisions(harness.disk)).toEqual(['3.0', '6.0', '8.0t', '8.1t', '9.0', '9.1', '10.0t']);
    harness.done(compact(10));
    await harness.machine.flush();
    await harness.machine.compacted(10);
    expect(storedRevisions(harness.disk)).toEqual(['9.0', '9.1', '10.0t']);
    harness.done(put('b', 'anew'));
    expect(plain(harness.machine.rangeSync(range('b')))).toMatchObject({
      value: { kvs: [{ createRevision: 11, version: 1 }] },
    });
  });

  it('works in batches of 1,000 removals, and goes on after a restart', async () => {
    const harness = await createHarness({ schedule: async () => turn() });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 1_500; i++) harness.done(put(`k${i}`, `${round}`));
    }
    harness.done(compact(harness.machine.revision));
    await harness.machine.flush();
    while (storedRevisions(harness.disk).length === 4_500) await turn();
    await harness.restart();
    const left = storedRevisions(harness.disk).length;
    expect(left).toBeGreaterThanOrEqual(4_500 - 2_000);
    expect(left).toBeLessThan(4_500);
    await harness.machine.compacted(harness.machine.compactRevision);
    expect(storedRevisions(harness.disk)).toHaveLength(1_500);
    expect(harness.machine.rangeSync(range('k', { rangeEnd: 'l', countOnly: true }))).toMatchObject({
      value: { count: 1_500 },
    });
  });

  it('that cannot write ends the member with the next flush, and tells who waits', async () => {
    const harness = await createHarness({
      faults: [{ store: 'state', write: 3, type: 'fail', code: 'ENOSPC', applied: false }],
    });
    harness.done(put('a', '1'));
    harness.done(put('a', '2'));
    harness.done(compact(3));
    const gone = harness.machine.compacted(3);
    await harness.machine.flush();
    await expect(gone).rejects.toMatchObject({ code: 'storage-failed' });
    harness.done(put('a', '3'));
    await expect(harness.machine.flush()).rejects.toMatchObject({ code: 'storage-failed' });
  });

  it('is not waited for by who closes', async () => {
    const harness = await createHarness();
    harness.done(put('a', '1'));
    harness.done(compact(2));
    const gone = harness.machine.compacted(2);
    const ended = expect(gone).rejects.toMatchObject({ code: 'stopped' });
    await harness.close();
    await ended;
  });
});

describe('damage', () => {
  async function written(): Promise<Awaited<ReturnType<typeof createHarness>>> {
    const harness = await createHarness({ cacheSizeBytesMax: 0 });
    harness.done(put('a', 'value of a'));
    harness.done(put('b', 'value of b'));
    await harness.machine.flush();
    return harness;
  }

  function keyOf(disk: Awaited<ReturnType<typeof createHarness>>['disk'], position: number): string {
    const entry = disk.dump('state')[position];
    if (entry === undefined) throw new Error('an entry');
    return entry[0];
  }

  it('of a record is found when it is read, and names the revision', async () => {
    const { disk, machine } = await written();
    disk.damage('state', { type: 'erase', key: keyOf(disk, 0) });
    expect(() => machine.rangeSync(range('a'))).toThrow(/revision 2, change 0, is missing/);
    await expect(machine.range(range('a'))).rejects.toMatchObject({ code: 'storage-corrupt' });
    disk.damage('state', { type: 'flip-bit', key: keyOf(disk, 0), bit: 0 });
    expect(() => machine.rangeSync(range('b'))).toThrow(/00000000000000035f\S* does not match its checksum/);
  });

  it('of any bit of a record is found when it is read, and at the start', async () => {
    const harness = await written();
    const { disk, machine } = harness;
    const key = keyOf(disk, 0);
    const sizeBytes = disk.dump('state')[0]?.[1].length ?? 0;
    for (let bit = 0; bit < sizeBytes * 8; bit++) {
      disk.damage('state', { type: 'flip-bit', key, bit });
      expect(() => machine.rangeSync(range('a'))).toThrow(/does not match its checksum/);
      disk.damage('state', { type: 'flip-bit', key, bit });
    }
    for (let bit = 0; bit < sizeBytes * 8; bit += 7) {
      disk.damage('state', { type: 'flip-bit', key, bit });
      await expect(harness.restart()).rejects.toThrow(/does not match its checksum/);
      disk.damage('state', { type: 'flip-bit', key, bit });
    }
  });

  it('of a record that stands under the key of another is found', async () => {
    const { disk, machine } = await written();
    const [first, second] = disk.dump('state');
    if (first === undefined || second === undefined) throw new Error('two records');
    disk.kill();
    const store = await disk.open('state');
    await store.write([{ type: 'put', key: bytesOfKey(first[0]), value: second[1] }], { sync: true });
    await expect(openStateMachine(store, options)).rejects.toThrow(/does not match its checksum/);
    expect(() => machine.rangeSync(range('a'))).toThrow();
  });

  it('that loses a record, a deletion, or a lease, or brings one back, is found at the start', async () => {
    for (const lost of ['00000000000000025f', '00000000000000045f', '746c']) {
      const harness = await written();
      harness.done(remove('a'));
      harness.done(grant(7n));
      await harness.machine.flush();
      const found = harness.disk
        .dump('state')
        .find(([key]) => bytesOfKey(key).toString('hex').startsWith(lost));
      harness.disk.damage('state', { type: 'erase', key: found?.[0] ?? '' });
      await expect(harness.restart()).rejects.toThrow(/holds 4 entries and should hold|it holds \d entries/);
    }
    const harness = await written();
    harness.done(put('a', 'another'));
    harness.done(compact(harness.machine.revision));
    await harness.machine.flush();
    await harness.machine.compacted(harness.machine.revision);
    harness.disk.damage('state', {
      type: 'stale',
      key: recordKeyOf({ main: 2, sub: 0 }, false).toString('latin1'),
    });
    await expect(harness.restart()).rejects.toThrow(/holds 3 entries and should hold 2/);
  });

  it('that puts an older row of a lease back is found at the start', async () => {
    const harness = await written();
    harness.done(grant(7n, 60));
    await harness.machine.flush();
    harness.done(checkpoint(1, { id: 7n, remainingTtlSeconds: 15 }));
    await harness.machine.flush();
    harness.disk.damage('state', { type: 'stale', key: `tl${'\0'.repeat(7)}\x07` });
    await expect(harness.restart()).rejects.toThrow(/not those that were written last/);
  });

  it('of the description is found at the start', async () => {
    const harness = await written();
    for (let bit = 0; bit < 200; bit += 7) {
      harness.disk.damage('state', { type: 'flip-bit', key: 'meta', bit });
      await expect(harness.restart()).rejects.toMatchObject({ code: 'storage-corrupt' });
      harness.disk.damage('state', { type: 'flip-bit', key: 'meta', bit });
    }
    harness.disk.damage('state', { type: 'erase', key: 'meta' });
    await expect(harness.restart()).rejects.toThrow(/not its description/);
  });

  it('that leaves a description from before its data is found at the start', async () => {
    const harness = await written();
    harness.disk.damage('state', { type: 'stale', key: 'meta' });
    await expect(harness.restart()).rejects.toThrow(/later than the stored state/);
  });
});

describe('the hash', () => {
  async function machineWith(cache: number): Promise<{ machine: StateMachine; store: OrderedStore }> {
    const store = await createMemoryDisk().open('state');
    return { machine: await openStateMachine(store, { ...options, cacheSizeBytesMax: cache }), store };
  }

  it('is the same on every member, however far its removal of records has come', async () => {
    const members = await Promise.all([0, 1_000_000].map(machineWith));
    const hashes = [];
    for (const [behind, { machine }] of members.entries()) {
      let index = 0;
      const apply = (...commands: Command[]): void => {
        for (const command of commands) machine.apply({ term: 1, index: ++index }, trusted(command));
      };
      for (let i = 0; i < 50; i++) apply(put(`k${i % 7}`, `${i}`), remove(`k${(i * 3) % 7}`));
      apply(compact(40));
      if (behind === 0) {
        await machine.flush();
        await machine.compacted(40);
      }
      hashes.push(await machine.hashKv(0), await machine.hashKv(41), await machine.hashKv(50));
    }
    expect(hashes.slice(0, 3)).toEqual(hashes.slice(3));
    expect(new Set(hashes.map((outcome) => JSON.stringify(outcome))).size).toBe(3);
  });

  it('is that of one moment, though it yields', async () => {
    const { machine } = await machineWith(0);
    let index = 0;
    const apply = (command: Command): unknown => machine.apply({ term: 1, index: ++index }, trusted(command));
    for (let i = 0; i < 2_000; i++) apply(put(`k${i}`, 'x'.repeat(200)));
    const calm = await machine.hashKv(0);
    const { revision } = machine;
    const hashing = machine.hashKv(0);
    for (let i = 0; i < 2_000; i++) apply(put(`k${i}`, 'y'));
    apply(compact(machine.revision));
    await machine.flush();
    expect(await hashing).toEqual(calm);
    expect(await machine.hashKv(revision)).toEqual({ ok: false, error: 'compacted' });
    expect(await machine.hashKv(machine.revision + 1)).toEqual({ ok: false, error: 'future-revision' });
  });
});

describe('a snapshot', () => {
  it('holds all that was applied when it was asked for', async () => {
    const harness = await createHarness();
    harness.done(put('a', '1'));
    const snapshot = await harness.machine.snapshot();
    harness.done(put('b', '2'));
    await harness.machine.flush();
    expect(readStateMeta(snapshot)).toMatchObject({ applied: { term: 1, index: 1 }, revision: 2 });
    await snapshot.close();
  });

  it('is all that another member needs: keys, leases with their keys, alarms, users', async () => {
    const harness = await createHarness();
    harness.done(grant(7n));
    harness.done(put('a', '1', { lease: 7n }));
    harness.done(checkpoint(1, { id: 7n, remainingTtlSeconds: 20 }));
    harness.done({ type: 'user-add', user: 'ann', hash: 'h', noPassword: false });
    harness.done({ type: 'role-add', role: 'r' });
    harness.done({ type: 'user-grant-role', user: 'ann', role: 'r' });
    harness.done(alarm('activate', 'no-space'));
    const snapshot = await harness.machine.snapshot();
    const store = await createMemoryDisk().open('received');
    for await (const [key, value] of snapshot.entries({}))
      await store.write([{ type: 'put', key, value }], { sync: true });
    await snapshot.close();
    const other = await openStateMachine(store, options);
    const visible = async ({
      applied,
      leases,
      alarms,
      auth,
      ...machine
    }: StateMachine): Promise<unknown> => ({
      applied,
      alarms,
      leases: [leases.list(), leases.keysOf(7n)],
      auth: [auth.revision, auth.user('ann'), auth.role('r')],
      keys: await machine.range(range('', { key: '\0', rangeEnd: '\0' })),
    });
    expect(await visible(other)).toEqual(await visible(harness.machine));
    expect(other.leases.keysOf(7n)).toEqual(['a']);
    const next = { term: 1, index: other.applied.index + 1 };
    expect(other.apply(next, trusted(put('b', '')))).toEqual({ ok: false, error: 'no-space' });
  });
});
