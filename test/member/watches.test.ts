import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOfText } from '../../src/base/index.js';
import type { ErrorCode } from '../../src/base/index.js';
import { defaultLimits } from '../../src/member/index.js';
import type { Member, Watcher, WatchEvent, WatchRequest } from '../../src/member/index.js';
import { compact, put, remove, txn } from '../mvcc/requests.js';
import { createWorld } from './world.js';
import type { World } from './world.js';

/** One who watches, and writes down what comes. */
interface Listener {
  readonly watcher: Watcher;
  readonly events: WatchEvent[];
  /** How it ended; null while it has not. */
  readonly end: { compacted: number | null; error: ErrorCode | null };
  /** Has enough after each batch, until it is resumed. */
  slow: boolean;
}

function listen(member: Member, wanted: Partial<WatchRequest> & { key: string }): Listener {
  const events: WatchEvent[] = [];
  const end: Listener['end'] = { compacted: null, error: null };
  const request: WatchRequest = {
    rangeEnd: null,
    startRevision: 0,
    noPut: false,
    noDelete: false,
    prevKv: false,
    ...wanted,
  };
  const watcher = member.watches.watch(request, {
    events(batch) {
      events.push(...batch);
      return !listener.slow;
    },
    compacted: (revision) => (end.compacted = revision),
    ended: (error) => (end.error = error),
  });
  const listener: Listener = { watcher, events, end, slow: false };
  return listener;
}

/** `put a=1@2`, and with a previous value `put a=1@2 (was 0@1)`. */
function told(events: readonly WatchEvent[]): string[] {
  return events.map(({ type, kv, previous }) => {
    const was =
      previous === null ? '' : ` (was ${Buffer.from(previous.value).toString()}@${previous.modRevision})`;
    const value = type === 'put' ? `=${Buffer.from(kv.value).toString()}` : '';
    return `${type} ${kv.key}${value}@${kv.modRevision}${was}`;
  });
}

async function startOne(): Promise<{ world: World; member: Member }> {
  const world = createWorld({ members: 1 });
  const member = await world.start('m1');
  await world.run(() => member.status().role === 'leader');
  return { world, member };
}

async function settleAll(world: World, listeners: readonly Listener[]): Promise<void> {
  await world.run(() =>
    listeners.every(({ watcher, end }) => watcher.isSynced || end.compacted !== null || end.error !== null),
  );
}

describe('a watch', () => {
  test('tells what happens from now on, in order', async () => {
    const { world, member } = await startOne();
    await world.settle(member.put(put('a', 'before')));
    const one = listen(member, { key: 'a' });
    const range = listen(member, { key: 'a', rangeEnd: 'c' });
    const all = listen(member, { key: '\0', rangeEnd: '\0' });
    await world.settle(member.put(put('a', '1')));
    await world.settle(member.put(put('b', '2')));
    await world.settle(member.put(put('c', '3')));
    await world.settle(member.deleteRange(remove('a', { rangeEnd: '\0' })));
    expect(told(one.events)).toEqual(['put a=1@3', 'delete a@6']);
    expect(told(range.events)).toEqual(['put a=1@3', 'put b=2@4', 'delete a@6', 'delete b@6']);
    expect(told(all.events)).toHaveLength(6);
  });

  test('from the past tells history first, and then goes on', async () => {
    const { world, member } = await startOne();
    for (const value of ['1', '2', '3']) await world.settle(member.put(put('a', value)));
    const listener = listen(member, { key: 'a', startRevision: 3 });
    await world.settle(member.put(put('a', '4')));
    await settleAll(world, [listener]);
    await world.settle(member.put(put('a', '5')));
    expect(told(listener.events)).toEqual(['put a=2@3', 'put a=3@4', 'put a=4@5', 'put a=5@6']);
  });

  test('from the future tells nothing that is before it', async () => {
    const { world, member } = await startOne();
    const listener = listen(member, { key: 'a', startRevision: 4 });
    for (const value of ['1', '2', '3', '4']) await world.settle(member.put(put('a', value)));
    expect(told(listener.events)).toEqual(['put a=3@4', 'put a=4@5']);
  });

  test('leaves out kinds of events that are not wanted, and brings the previous value if it is', async () => {
    const { world, member } = await startOne();
    const puts = listen(member, { key: 'a', noDelete: true });
    const deletions = listen(member, { key: 'a', noPut: true, prevKv: true });
    const both = listen(member, { key: 'a', prevKv: true });
    await world.settle(member.put(put('a', '1')));
    await world.settle(member.put(put('a', '2')));
    await world.settle(member.deleteRange(remove('a')));
    expect(told(puts.events)).toEqual(['put a=1@2', 'put a=2@3']);
    expect(told(deletions.events)).toEqual(['delete a@4 (was 2@3)']);
    expect(told(both.events)).toEqual(['put a=1@2', 'put a=2@3 (was 1@2)', 'delete a@4 (was 2@3)']);
  });

  test('brings no previous value of a key that came into being, not even when the same transaction deleted it', async () => {
    const { world, member } = await startOne();
    const both = listen(member, { key: 'a', prevKv: true });
    await world.settle(member.put(put('a', '1')));
    await world.settle(member.txn(txn([], [remove('a', { rangeEnd: '\0' }), put('a', '2')])));
    expect(told(both.events)).toEqual(['put a=1@2', 'delete a@3 (was 1@2)', 'put a=2@3']);
  });

  test('has all changes of a transaction in one piece', async () => {
    const { world, member } = await startOne();
    const batches: number[] = [];
    member.watches.watch(
      { key: 'a', rangeEnd: 'z', startRevision: 0, noPut: false, noDelete: false, prevKv: false },
      {
        events(events) {
          batches.push(events.length);
          return true;
        },
        compacted: () => undefined,
        ended: () => undefined,
      },
    );
    await world.settle(member.txn(txn([], [put('a', '1'), put('b', '1'), put('c', '1')])));
    expect(batches).toEqual([3]);
  });

  test('that needs revisions which are gone ends, and says where another one may start', async () => {
    const { world, member } = await startOne();
    for (const value of ['1', '2', '3', '4']) await world.settle(member.put(put('a', value)));
    await world.settle(member.compact({ ...compact(4), physical: true }));
    const tooEarly = listen(member, { key: 'a', startRevision: 3 });
    const inTime = listen(member, { key: 'a', startRevision: 4 });
    await settleAll(world, [tooEarly, inTime]);
    expect([tooEarly.end.compacted, told(tooEarly.events)]).toEqual([4, []]);
    expect(told(inTime.events)).toEqual(['put a=3@4', 'put a=4@5']);
  });

  test('sees a deletion at the very revision that history was cut at (etcd issue 18089)', async () => {
    const { world, member } = await startOne();
    await world.settle(member.put(put('a', '1')));
    await world.settle(member.deleteRange(remove('a')));
    await world.settle(member.compact({ ...compact(3), physical: true }));
    const listener = listen(member, { key: 'a', startRevision: 3, prevKv: true });
    await settleAll(world, [listener]);
    expect(told(listener.events)).toEqual(['delete a@3']);
  });

  test('whose reader has enough is parked, and goes on from where it was', async () => {
    const { world, member } = await startOne();
    const slow = listen(member, { key: 'a' });
    const quick = listen(member, { key: 'a' });
    slow.slow = true;
    for (const value of ['1', '2', '3']) await world.settle(member.put(put('a', value)));
    expect(told(slow.events)).toEqual(['put a=1@2']);
    expect(slow.watcher.isSynced).toBe(false);
    expect(told(quick.events)).toHaveLength(3);
    slow.slow = false;
    slow.watcher.resume();
    await settleAll(world, [slow]);
    expect(told(slow.events)).toEqual(told(quick.events));
  });

  test('that was cancelled hears nothing more', async () => {
    const { world, member } = await startOne();
    const listener = listen(member, { key: 'a', startRevision: 1 });
    listener.watcher.cancel();
    listener.watcher.cancel();
    await world.settle(member.put(put('a', '1')));
    expect(listener.events).toEqual([]);
    expect(member.watches.watcherCount).toBe(0);
  });

  test('ends with its member', async () => {
    const { world, member } = await startOne();
    const listener = listen(member, { key: 'a' });
    await world.settle(member.close());
    expect(listener.end.error).toBe('stopped');
  });
});

describe('a member that was cut off until only a snapshot could help it', () => {
  test('tells its watchers all that they missed, once and in order (etcd issues 15271, 20221)', async () => {
    const world = createWorld({
      members: 3,
      config: { snapshotCount: 10, limits: { ...defaultLimits, catchUpEntries: 5 } },
    });
    const members = new Map<string, Member>();
    for (const name of world.names) members.set(name, await world.start(name));
    const leaderName = (): string | undefined =>
      [...members].find(([, member]) => member.status().role === 'leader')?.[0];
    await world.run(() => leaderName() !== undefined);
    const leader = members.get(leaderName() ?? '') as Member;
    const [lagging, member] = [...members].find(([, each]) => each !== leader) as [string, Member];
    await world.settle(leader.put(put('a', '0')));
    await world.run(() => member.status().revision === leader.status().revision);
    const present = listen(member, { key: 'a' });
    const future = listen(member, { key: 'a', startRevision: 41 });
    const parked = listen(member, { key: 'a' });
    parked.slow = true;
    for (const other of world.names) if (other !== lagging) world.cut(lagging, other);
    for (let index = 1; index <= 60; index++) await world.settle(leader.put(put('a', String(index))));
    world.heal();
    await world.run(() => member.status().revision === leader.status().revision, 60_000);
    await world.settle(leader.put(put('a', 'last')));
    await world.run(() => present.events.at(-1)?.kv.modRevision === leader.status().revision);
    const expected = [
      ...Array.from({ length: 60 }, (_, index) => `put a=${index + 1}@${index + 3}`),
      'put a=last@63',
    ];
    expect(told(present.events)).toEqual(expected);
    expect(told(future.events)).toEqual(expected.filter((_, index) => index + 3 >= 41));
    parked.slow = false;
    parked.watcher.resume();
    await settleAll(world, [parked]);
    expect(told(parked.events)).toEqual(expected);
  });
});

// --- Against a naive twin ---------------------------------------------------------------------------------------------

interface Kept {
  readonly value: string;
  readonly revision: number;
}

/** All that ever happened, as a list. */
function createTwin(): {
  write(revision: number, changes: readonly (readonly [key: string, value: string | null])[]): void;
  expected(wanted: WatchRequest, from: number, compacted: number): string[];
} {
  const now = new Map<string, Kept>();
  const log: { key: string; text: string; was: Kept | undefined; revision: number; isPut: boolean }[] = [];
  return {
    write(revision, changes) {
      for (const [key, value] of changes) {
        const was = now.get(key);
        if (value === null) now.delete(key);
        else now.set(key, { value, revision });
        const text = value === null ? `delete ${key}@${revision}` : `put ${key}=${value}@${revision}`;
        log.push({ key, text, was, revision, isPut: value !== null });
      }
    },
    expected(wanted, from) {
      return log
        .filter(({ key }) => {
          if (wanted.rangeEnd === null) return key === wanted.key;
          return key >= wanted.key && (wanted.rangeEnd === '\0' || key < wanted.rangeEnd);
        })
        .filter(({ isPut }) => (isPut ? !wanted.noPut : !wanted.noDelete))
        .filter(({ revision }) => revision >= from)
        .map(({ text }) => text);
    },
  };
}

const keys = ['a', 'b', 'c', 'd'] as const;
const anyKey = fc.constantFrom(...keys);
type Step =
  | { readonly type: 'put'; readonly key: string }
  | { readonly type: 'delete'; readonly key: string }
  | { readonly type: 'txn'; readonly puts: readonly string[] }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'watch'; readonly wanted: Omit<WatchRequest, 'startRevision'>; readonly back: number }
  | { readonly type: 'slow' | 'resume' | 'cancel'; readonly pick: number }
  | { readonly type: 'run' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('put' as const), key: anyKey }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), key: anyKey }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('txn' as const),
      puts: fc.subarray([...keys], { minLength: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat(4) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('watch' as const),
      wanted: fc.record({
        key: anyKey,
        rangeEnd: fc.constantFrom(null, null, 'c', 'e', '\0'),
        noPut: fc.boolean(),
        noDelete: fc.boolean(),
        prevKv: fc.constant(false),
      }),
      back: fc.integer({ min: -3, max: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('slow' as const, 'resume' as const, 'cancel' as const),
      pick: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ type: 'run' as const }) },
);

interface Watched extends Listener {
  readonly wanted: WatchRequest;
  readonly from: number;
  cancelled: boolean;
}

async function play(steps: readonly Step[]): Promise<void> {
  const { world, member } = await startOne();
  const twin = createTwin();
  const listeners: Watched[] = [];
  let written = 0;

  const write = async (changes: readonly (readonly [string, string | null])[]): Promise<void> => {
    const operations = changes.map(([key, value]) => (value === null ? remove(key) : put(key, value)));
    const before = member.status().revision;
    const { revision } = await world.settle(member.txn(txn([], operations)));
    if (revision > before) twin.write(revision, changes);
  };

  const perform = async (step: Step): Promise<void> => {
    const active = listeners.filter(({ cancelled }) => !cancelled);
    switch (step.type) {
      case 'put':
        await write([[step.key, String(++written)]]);
        break;
      case 'delete':
        await write([[step.key, null]]);
        break;
      case 'txn':
        await write(step.puts.map((key) => [key, String(++written)]));
        break;
      case 'compact': {
        const { revision, compactRevision } = member.status();
        const target = revision - step.back;
        if (target > compactRevision && target > 0) await world.settle(member.compact(compact(target)));
        break;
      }
      case 'watch': {
        const { revision } = member.status();
        const startRevision = step.back === 0 ? 0 : Math.max(1, revision - step.back);
        const wanted = { ...step.wanted, key: keyOfText(step.wanted.key), startRevision };
        const listener = listen(member, wanted) as Watched;
        listeners.push(
          Object.assign(listener, {
            wanted,
            from: startRevision === 0 ? revision + 1 : startRevision,
            cancelled: false,
          }),
        );
        break;
      }
      case 'run':
        await settleAll(
          world,
          active.filter(({ slow }) => !slow),
        );
        break;
      case 'slow':
      case 'resume':
      case 'cancel': {
        const chosen = active[step.pick % Math.max(1, active.length)];
        if (chosen === undefined) break;
        if (step.type === 'slow') chosen.slow = true;
        else if (step.type === 'resume') {
          chosen.slow = false;
          chosen.watcher.resume();
        } else {
          chosen.watcher.cancel();
          chosen.cancelled = true;
        }
      }
    }
    for (const { wanted, from, events } of listeners) {
      const expected = twin.expected(wanted, from, 0);
      expect(expected.slice(0, events.length)).toEqual(told(events));
    }
  };

  for (const step of steps) await perform(step);
  for (const listener of listeners) {
    listener.slow = false;
    listener.watcher.resume();
  }
  await settleAll(
    world,
    listeners.filter(({ cancelled }) => !cancelled),
  );
  for (const { wanted, from, events, end, cancelled } of listeners) {
    if (cancelled || end.compacted !== null) continue;
    expect(told(events)).toEqual(twin.expected(wanted, from, 0));
  }
}

describe('watches of random histories', () => {
  test('get what a list of all changes has for them: each event once, in order, none left out', async () => {
    await fc.assert(fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), play), {
      numRuns: 150,
    });
  });
});
