import { describe, expect, test } from 'vitest';

import { compare, op } from '../../src/client/index.js';
import type { Entry } from '../../src/client/index.js';
import { describeOnBoth } from './systems.js';
import { brief, take } from './watching.js';

const keysOf = (entries: readonly Entry[]): string[] => entries.map((entry) => entry.keyText);

describeOnBoth('a part of the store', 1, (system) => {
  describe('a namespace', () => {
    test('keys within it are without its prefix; those outside of it do not exist', async () => {
      const client = system.newClient();
      const tenant = client.namespace('tenants/').namespace('7/');
      for (const key of ['tenants/6/x', 'tenants/8', 'a', 'z']) await client.put(key, 'outside');
      const { revision } = await tenant.put('b', '1');
      await tenant.put('a', '2');
      expect((await client.get('tenants/7/a'))?.text).toBe('2');
      expect((await tenant.get('a'))?.keyText).toBe('a');
      for (const keys of [{ prefix: '' }, { from: '' }, { from: '\0' }, { from: 'a', to: 'zz' }]) {
        expect(keysOf(await tenant.range(keys).collect())).toEqual(['a', 'b']);
      }
      const descending = tenant.prefix('', { order: 'descend', pageSize: 1 });
      expect(keysOf(await descending.collect())).toEqual(['b', 'a']);
      const before = await tenant.put('a', '3', { previous: true });
      expect(before.previous).toMatchObject({ keyText: 'a', text: '2' });

      const watch = tenant.watch({ prefix: '' }, { fromRevision: revision, previous: true });
      expect((await take(watch, 3)).map(brief)).toEqual(['b=1', 'a=2', 'a=3']);
      watch.close();
      const deleted = await tenant.deletePrefix('', { previous: true });
      expect(keysOf(deleted.previous)).toEqual(['a', 'b']);
      expect(await client.prefix('tenants/').count()).toBe(2);
    });

    test('transactions, nested ones too, locks and elections', async () => {
      const client = system.newClient();
      const tenant = client.namespace('ns/');
      await client.put('k', 'outside');
      const inner = op.txn({ if: [compare.missing('k')], then: [op.put('k', 'inside'), op.get('k')] });
      const outcome = await tenant
        .txn()
        .if(compare.missing('k'))
        .then(inner, op.put('l', '1'), op.range({ prefix: '' }))
        .commit();
      if (!outcome.succeeded || !outcome.results[0].succeeded) throw new Error('the namespace was empty');
      expect(outcome.results[0].results[1]).toMatchObject({ keyText: 'k', text: 'inside' });
      expect(keysOf(outcome.results[2].entries)).toEqual(['k', 'l']);
      expect(
        (
          await tenant
            .txn()
            .then(op.delete('l', { previous: true }))
            .commit()
        ).succeeded,
      ).toBe(true);
      await tenant.transaction(async (tx) => tx.put('k', `${(await tx.get('k'))?.text} and changed`));
      expect((await client.get('ns/k'))?.text).toBe('inside and changed');

      await using held = await tenant.acquire('lock');
      expect(Buffer.from(held.key).toString()).toMatch(/^lock\//);
      expect(await client.prefix('ns/lock/').count()).toBe(1);
      expect((await client.tryLock('ns/lock', () => 1)).acquired).toBe(false);
      await using leadership = await tenant.election('leader').campaign('me');
      expect((await client.election('ns/leader').leader())?.text).toBe('me');
      expect(leadership.isHeld).toBe(true);
    });
  });

  describe('a transaction in code', () => {
    test('is run again until nobody interferes', async () => {
      const client = system.newClient();
      await client.put('counter', '0');
      const increment = () =>
        client.transaction(async (tx) => {
          const count = Number((await tx.get('counter'))?.text) + 1;
          tx.put('counter', String(count));
          return count;
        });
      const counts = await Promise.all(Array.from({ length: 10 }, increment));
      expect(counts.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect((await client.get('counter'))?.text).toBe('10');
    });

    test('reads one revision, and what it wrote itself', async () => {
      const client = system.newClient();
      await client.put('tx/a', 'old');
      await client.put('tx/b', 'old');
      let runs = 0;
      await client.transaction(async (tx) => {
        runs++;
        expect(await tx.get('tx/none')).toBeUndefined();
        const a = await tx.get('tx/a');
        if (runs === 1) {
          await client.txn().then(op.put('tx/a', 'new'), op.put('tx/b', 'new')).commit();
        }
        const b = await tx.get('tx/b');
        expect(b?.text).toBe(a?.text);
        tx.put('tx/a', 'mine');
        expect((await tx.get('tx/a'))?.text).toBe('mine');
        tx.delete('tx/b');
        expect(await tx.get('tx/b')).toBeUndefined();
      });
      expect(runs).toBe(2);
      expect(await client.get('tx/b')).toBeUndefined();
    });

    test('what it throws ends it, and nothing is written; it gives up after so many tries', async () => {
      const client = system.newClient();
      const failure = new Error('too little');
      const failing = client.transaction((tx) => {
        tx.put('never', '1');
        throw failure;
      });
      await expect(failing).rejects.toBe(failure);
      expect(await client.get('never')).toBeUndefined();
      const disturbed = client.transaction(
        async (tx) => {
          await tx.get('disturbed');
          await client.put('disturbed', 'by others');
          tx.put('disturbed', 'by this');
        },
        { triesMax: 3 },
      );
      await expect(disturbed).rejects.toMatchObject({ code: 'conflict', mayHaveHappened: false });
    });
  });

  test('alarms, hashes, defragmentation and members', async () => {
    const client = system.newClient();
    const [endpoint = ''] = client.endpoints;
    expect(await client.alarms()).toEqual([]);
    expect(await client.disarm()).toEqual([]);
    await client.defragment(endpoint);
    expect(await client.hash(endpoint)).toBeGreaterThan(0);
    const [member] = await client.members();
    if (member === undefined) throw new Error('a cluster of one');
    expect(await client.updateMember(member.id, member.peerUrls)).toEqual([member]);
    const added = await client.addMember('http://127.0.0.1:1', { isLearner: true });
    expect(added.member).toMatchObject({ name: '', peerUrls: ['http://127.0.0.1:1'], isLearner: true });
    expect(added.members).toHaveLength(2);
    await expect(client.promoteMember(added.member.id)).rejects.toMatchObject({ code: 'learner-not-ready' });
    await expect(client.addMember('http://127.0.0.1:2', { isLearner: true })).rejects.toMatchObject({
      code: 'too-many-learners',
    });
    expect(await client.removeMember(added.member.id)).toHaveLength(1);
    await expect(client.removeMember('1234')).rejects.toMatchObject({ code: 'member-not-found' });
    await expect(client.removeMember('one')).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(client.moveLeader('1234')).rejects.toMatchObject({ code: 'bad-leader-transferee' });
  });
});
