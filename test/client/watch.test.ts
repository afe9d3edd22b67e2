import { expect, expectTypeOf, test, vi } from 'vitest';

import { connect, op } from '../../src/client/index.js';
import type { ChangeEvent, EventOf, ProgressEvent } from '../../src/client/index.js';
import type { StateEvent, Watch, WatchEvent, WatchOptions } from '../../src/client/index.js';
import { describeOnBoth } from './systems.js';
import { brief, take, takeBatches } from './watching.js';

/** Bounds the failure alone: nothing here takes that long. */
const patience = { timeout: 20_000 };

describeOnBoth(
  'a watch',
  1,
  (system) => {
    test('sees changes as they happen, from when it is ready', async () => {
      const client = system.newClient();
      const watch = client.watch({ prefix: 'now/' });
      const first = await watch.ready();
      const { revision } = await client.put('now/a', '1');
      expect(first).toBeLessThanOrEqual(revision);
      await client.put('elsewhere', '1');
      await client.put('now/a', '2');
      await client.delete('now/a');
      const events = await take(watch, 3);
      expect(events.map(brief)).toEqual(['now/a=1', 'now/a=2', 'now/a gone']);
      expect(events[0]).toMatchObject({ type: 'put', revision, entry: { version: 1 }, previous: undefined });
      expect(watch.revision).toBe(events[2]?.revision);
      watch.close();
      expect(await take(watch, 1)).toEqual([]);
    });

    test('sees the past and the future, from the revision that it is given', async () => {
      const client = system.newClient();
      const { revision } = await client.put('past/a', '1');
      await client.put('past/b', '2');
      const seen: string[] = [];
      for await (const event of client.watch({ prefix: 'past/' }, { fromRevision: revision })) {
        seen.push(brief(event));
        if (seen.length === 2) break;
      }
      expect(seen).toEqual(['past/a=1', 'past/b=2']);

      const later = client.watch({ prefix: 'past/' }, { fromRevision: revision + 3 });
      expect(await later.ready()).toBe(revision + 3);
      await client.put('past/c', 'too early');
      await client.put('past/c', 'in time');
      expect((await take(later, 1)).map(brief)).toEqual(['past/c=in time']);
      later.close();
    });

    test('of one key, of a range, and of every key', async () => {
      const client = system.newClient();
      const { revision } = await client.put('k1', '');
      for (const key of ['k0', 'k2', 'k3', 'l', 'k1']) await client.put(key, 'x');
      const all = { fromRevision: revision + 1 };
      const one = client.watch('k1', all);
      const range = client.watch({ from: 'k1', to: 'k3' }, all);
      const every = client.watch({ prefix: '' }, all);
      expect((await take(one, 1)).map(brief)).toEqual(['k1=x']);
      expect((await take(range, 2)).map(brief)).toEqual(['k2=x', 'k1=x']);
      expect((await take(every, 5)).map(brief)).toEqual(['k0=x', 'k2=x', 'k3=x', 'l=x', 'k1=x']);
      for (const watch of [one, range, every]) watch.close();
    });

    test('previous values and filters', async () => {
      const client = system.newClient();
      const { revision } = await client.put('f', '1');
      await client.put('f', '2');
      await client.delete('f');
      await client.put('f', '3');
      const options = { fromRevision: revision, previous: true };
      const puts = client.watch('f', { ...options, only: 'puts' });
      const deletes = client.watch('f', { ...options, only: 'deletes' });
      expect((await take(puts, 3)).map((event) => event.previous?.text)).toEqual([undefined, '1', undefined]);
      const [gone] = await take(deletes, 1);
      expect(gone).toMatchObject({ type: 'delete', keyText: 'f', previous: { text: '2' } });
      puts.close();
      deletes.close();
    });

    test('batches are whole revisions, and single events come in their order', async () => {
      const client = system.newClient();
      const { revision } = await client.put('b/0', '');
      const puts = ['b/3', 'b/1', 'b/2'].map((key) => op.put(key, 'tx'));
      await client
        .txn()
        .then(...puts, op.delete('b/0'))
        .commit();
      await client.put('b/4', '');
      const watch = client.watch({ prefix: 'b/' }, { fromRevision: revision });
      const batches = await takeBatches(watch, 3);
      expect(batches.map((batch) => batch.revision)).toEqual([revision, revision + 1, revision + 2]);
      expect(batches.map((batch) => batch.events.length)).toEqual([1, 4, 1]);
      watch.close();

      const halfway = client.watch({ prefix: 'b/' }, { fromRevision: revision });
      await take(halfway, 2);
      expect(halfway.revision).toBe(revision);
      const [rest] = await takeBatches(halfway, 1);
      expect(rest).toMatchObject({ revision: revision + 1, events: { length: 3 } });
      expect(halfway.revision).toBe(revision + 1);
      halfway.close();
    });

    test('a revision that comes in fragments is whole again', async () => {
      const client = system.newClient();
      const value = Buffer.alloc(130_000, 'x');
      const puts = Array.from({ length: 10 }, (_, index) => op.put(`large/${index}`, value));
      const first = await client
        .txn()
        .then(...puts)
        .commit();
      await client
        .txn()
        .then(...puts)
        .commit();
      await client
        .txn()
        .then(...puts)
        .commit();
      const options = { fromRevision: first.revision, previous: true };
      const watch = client.watch({ prefix: 'large/' }, options);
      const batches = await takeBatches(watch, 3);
      expect(batches.map((batch) => batch.revision - first.revision)).toEqual([0, 1, 2]);
      for (const { events } of batches) expect(events).toHaveLength(10);
      expect(batches[2]?.events.every((event) => event.previous?.value.length === value.length)).toBe(true);
      watch.close();
    });

    test('a slow reader misses nothing, and the others go on', async () => {
      const client = system.newClient();
      const slow = client.watch({ prefix: 'slow/' }, { bufferBytesMax: 50_000 });
      const fast = client.watch({ prefix: 'slow/' });
      await Promise.all([slow.ready(), fast.ready()]);
      const value = Buffer.alloc(1000);
      const count = 200;
      for (let index = 0; index < count; index += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, i) => client.put(`slow/${index + i}`, value)));
      }
      const all = await take(fast, count);
      const seen: ChangeEvent[] = [];
      for (let index = 0; index < count; index++) seen.push(...(await take(slow, 1)));
      expect(seen.map((event) => event.revision)).toEqual(all.map((event) => event.revision));
      slow.close();
      fast.close();
    });

    test('a thousand watches share one stream', async () => {
      const client = system.newClient();
      const watches = Array.from({ length: 1000 }, (_, index) => client.watch(`many/${index}`));
      await Promise.all(watches.map((watch) => watch.ready()));
      await Promise.all(watches.map((_, index) => client.put(`many/${index}`, 'x')));
      const events = await Promise.all(watches.map((watch) => take(watch, 1)));
      expect(events.every(([event], index) => event?.keyText === `many/${index}`)).toBe(true);
      for (const watch of watches) watch.close();
    });

    test('compacted history is told, with where to go on', async () => {
      const client = system.newClient();
      const { revision } = await client.put('old', '1');
      const { revision: last } = await client.put('old', '2');
      await client.compact(last);
      const watch = client.watch('old', { fromRevision: revision });
      await expect(take(watch, 1)).rejects.toMatchObject({ code: 'compacted', compactRevision: last });
      expect(await take(watch, 1)).toEqual([]);
      const again = client.watch('old', { fromRevision: last });
      expect((await take(again, 1)).map(brief)).toEqual(['old=2']);
      again.close();
    });

    test('with the state: first all there is, then what changes; and the state again after a compaction', async () => {
      const client = system.newClient();
      await client.put('state/a', '1');
      await client.put('state/b', '1');
      const watch = client.watch({ prefix: 'state/' }, { withState: true, bufferBytesMax: 1 });
      const [state] = await take(watch, 1);
      if (state?.type !== 'state') throw new Error('the state comes first');
      expect(state.entries.map((entry) => entry.keyText)).toEqual(['state/a', 'state/b']);
      await client.put('state/b', '2');
      await vi.waitUntil(async () => (await take(watch, 1))[0]?.type === 'put', patience);

      // The reader stops, and is parked at the next event. What follows is compacted before it reads on.
      await client.put('state/c', '1');
      await client.put('state/c', '2');
      await client.delete('state/a');
      const { revision } = await client.put('state/d', '1');
      await client.compact(revision);
      const copy = new Map<string, string>();
      while (copy.get('state/d') !== '1') {
        for (const event of await take(watch, 1)) {
          if (event.type === 'state') copy.clear();
          if (event.type === 'state') for (const entry of event.entries) copy.set(entry.keyText, entry.text);
          if (event.type === 'put') copy.set(event.keyText, event.entry.text);
          if (event.type === 'delete') copy.delete(event.keyText);
        }
      }
      expect(Object.fromEntries(copy)).toEqual({ 'state/b': '2', 'state/c': '2', 'state/d': '1' });
      watch.close();
    });

    // Quorate's interval, etcd's usual one, cannot be chosen: see watch-state.test.ts for what it does.
    test.skipIf(system.name === 'quorate')(
      'progress: how far a watch has come while nothing happens',
      async () => {
        const client = system.newClient();
        const watch = client.watch('quiet', { progress: true });
        const silent = client.watch('quiet');
        await Promise.all([watch.ready(), silent.ready()]);
        const { revision } = await client.put('noise', '1');
        const events: ProgressEvent[] = [];
        for await (const event of watch) {
          if (event.type !== 'progress') continue;
          events.push(event);
          if (event.revision >= revision) break;
        }
        expect(events.at(-1)?.revision).toBeGreaterThanOrEqual(revision);
        await vi.waitUntil(() => silent.revision >= revision, patience);
        silent.close();
      },
    );

    test('ends: by leaving the loop, close, a signal, and with the client', async () => {
      const client = system.newClient();
      const closed = client.watch('ends');
      const waiting = take(closed, 1);
      await closed.ready();
      closed.close();
      expect(await waiting).toEqual([]);

      const controller = new AbortController();
      const reason = new Error('enough');
      const aborted = take(client.watch('ends', { signal: controller.signal }), 1);
      controller.abort(reason);
      await expect(aborted).rejects.toMatchObject({ code: 'canceled', cause: reason });
      const never = client.watch('ends', { signal: controller.signal });
      await expect(never.ready()).rejects.toMatchObject({ code: 'canceled' });

      const last = client.watch('ends');
      await last.ready();
      const [ending] = await Promise.allSettled([take(last, 1), client.close()]);
      expect(ending).toMatchObject({ status: 'rejected', reason: { code: 'canceled' } });
    });

    test('a range without keys is refused', async () => {
      const client = system.newClient();
      const watch = client.watch({ from: 'z', to: 'a' });
      await expect(take(watch, 1)).rejects.toMatchObject({ code: 'invalid-argument' });
    });
  },
  { etcd: ['--experimental-watch-progress-notify-interval', '500ms'] },
);

test('the options say which events there are', () => {
  expectTypeOf<EventOf<{ readonly previous: true }>>().toEqualTypeOf<ChangeEvent>();
  expectTypeOf<EventOf<{ readonly withState: true }>>().toEqualTypeOf<ChangeEvent | StateEvent>();
  expectTypeOf<EventOf<{ readonly progress: boolean }>>().toEqualTypeOf<ChangeEvent | ProgressEvent>();
  expectTypeOf<EventOf<WatchOptions>>().toEqualTypeOf<WatchEvent>();
});

test('what is not asked for need not be handled', () => {
  const client = connect('127.0.0.1:1');
  expectTypeOf(client.watch('a')).toEqualTypeOf<Watch>();
  expectTypeOf(client.watch('a', {})).toEqualTypeOf<Watch>();
  expectTypeOf(client.watch('a', { previous: true })).toEqualTypeOf<Watch>();
  expectTypeOf(client.watch('a', { withState: true })).toEqualTypeOf<Watch<ChangeEvent | StateEvent>>();
});
