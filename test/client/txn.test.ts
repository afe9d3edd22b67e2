import { expect, expectTypeOf, test } from 'vitest';

import { compare, op } from '../../src/client/index.js';
import type { Compare, DeleteResult, Entry, Page, PutResult } from '../../src/client/index.js';
import { describeOnBoth } from './systems.js';

describeOnBoth('transactions', 1, (system) => {
  test('results have the types of the operations that made them', async () => {
    const client = system.newClient();
    await client.put('seat', 'free');
    const take = () =>
      client
        .txn()
        .if(compare.value('seat', '=', 'free'))
        .then(op.put('seat', 'ada', { previous: true }), op.get('seat'), op.range({ prefix: 'sea' }))
        .else(op.get('seat'), op.delete('no such key'))
        .commit();

    const first = await take();
    if (!first.succeeded) throw new Error('the seat was free');
    expectTypeOf(first.results).toEqualTypeOf<readonly [PutResult, Entry | undefined, Page]>();
    expect(first.results[0].previous?.text).toBe('free');
    expect(first.results[1]?.text).toBe('ada');
    expect(first.results[2].count).toBe(1);
    expect(first.results[0].revision).toBe(first.revision);

    const second = await take();
    if (second.succeeded) throw new Error('the seat was taken');
    expectTypeOf(second.results).toEqualTypeOf<readonly [Entry | undefined, DeleteResult]>();
    expect(second.results[0]?.text).toBe('ada');
    expect(second.results[1].deleted).toBe(0);
  });

  test('every comparison', async () => {
    const client = system.newClient();
    const { revision } = await client.put('c', 'm');
    const holds = async (...compares: readonly Compare[]) =>
      (
        await client
          .txn()
          .if(...compares)
          .commit()
      ).succeeded;

    expect(await holds()).toBe(true);
    expect(await holds(compare.exists('c'), compare.missing('d'))).toBe(true);
    expect(await holds(compare.exists('c'), compare.exists('d'))).toBe(false);
    expect(await holds(compare.value('c', '>', 'a'), compare.value('c', '<', 'z'))).toBe(true);
    expect(await holds(compare.value('d', '!=', 'a'))).toBe(false);
    expect(await holds(compare.version('c', '=', 1), compare.createRevision('c', '=', revision))).toBe(true);
    expect(await holds(compare.modRevision('c', '<', revision + 1), compare.lease('c', '=', 0n))).toBe(true);
    expect(await holds(compare.modRevision('c', '!=', revision))).toBe(false);
    await client.put('c2', 'm');
    expect(await holds(compare.value({ prefix: 'c' }, '=', 'm'))).toBe(true);
    await client.put('c2', 'other');
    expect(await holds(compare.value({ prefix: 'c' }, '=', 'm'))).toBe(false);
  });

  test('a transaction within one', async () => {
    const client = system.newClient();
    const inner = op.txn({
      if: [compare.missing('nested')],
      then: [op.put('nested', '1')],
      else: [op.get('nested')],
    });
    const first = await client.txn().then(inner).commit();
    const second = await client.txn().then(inner).commit();
    if (!first.succeeded || !second.succeeded) throw new Error('without conditions, they hold');
    expect(first.results[0].succeeded).toBe(true);
    const again = second.results[0];
    expect(again.succeeded ? undefined : again.results[0]?.text).toBe('1');
  });

  test('a builder is a value: each step leaves the one before as it was', async () => {
    const client = system.newClient();
    const base = client.txn().if(compare.exists('nothing like it'));
    const withElse = base.else(op.put('built', 'x'));
    expect((await base.commit()).results).toEqual([]);
    expect((await withElse.commit()).results).toHaveLength(1);
  });

  test('awaiting one before its commit is told, and sends nothing', async () => {
    const client = system.newClient();
    const builder: unknown = client.txn().then(op.put('forgotten', 'x'));
    await expect((async () => await builder)()).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(await client.get('forgotten')).toBeUndefined();
  });

  test('refusals', async () => {
    const client = system.newClient();
    const twice = client.txn().then(op.put('twice', '1'), op.put('twice', '2'));
    await expect(twice.commit()).rejects.toMatchObject({ code: 'duplicate-key', mayHaveHappened: false });
    const many = client.txn().then(...Array.from({ length: 129 }, (_, index) => op.put(`many${index}`, '')));
    await expect(many.commit()).rejects.toMatchObject({ code: 'too-many-operations' });
  });
});
