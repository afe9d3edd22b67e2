import { describe, expect, test } from 'vitest';
import { defaultLimits } from '../../../src/member/index.js';
import type { MemberContext } from '../../../src/member/context.js';
import type { Observer } from '../../../src/member/observer.js';
import type { Watcher, WatchEvent } from '../../../src/member/index.js';
import { createWatchHub } from '../../../src/member/watches.js';
import type { RevisionChanges } from '../../../src/mvcc/index.js';

/*
 * Where history ends and the present begins: what is applied while the last piece of history is being read. Real reads
 * end when they like, so here the test says when.
 */
interface Stage {
  readonly hub: ReturnType<typeof createWatchHub>;
  /** Applies changes of the key `a` up to this revision, one turn for each. */
  applyUpTo(revision: number): void;
  /** Lets the read of history that is under way end. */
  finishRead(): Promise<void>;
  readonly readsUnderWay: number;
}

function setStage(revision: number, limits = defaultLimits): Stage {
  const observers: Observer[] = [];
  const reads: (() => void)[] = [];
  let current = revision;
  let taken: RevisionChanges[] = [];
  const changesOf = (from: number, to: number): RevisionChanges[] =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => ({
      revision: from + index,
      changes: [
        {
          type: 'put',
          kv: {
            key: 'a',
            createRevision: 2,
            modRevision: from + index,
            version: 1,
            value: Buffer.alloc(0),
            lease: 0n,
          },
        },
      ],
    }));
  const machine = {
    get revision() {
      return current;
    },
    compactRevision: -1,
    auth: { checkRange: () => null },
    recordChanges() {},
    takeChanges() {
      const all = taken;
      taken = [];
      return all;
    },
    async changesSince(from: number) {
      const last = current;
      await new Promise<void>((resolve) => reads.push(resolve));
      return { ok: true, value: { revisions: changesOf(from, last), next: last + 1 } };
    },
  };
  const context = {
    config: { limits },
    env: { soon: (action: () => void) => action() },
    state: { machine },
    driver: { observe: (observer: Observer) => void observers.push(observer) },
    read: async (use: (used: typeof machine) => Promise<unknown>) => use(machine),
  } as unknown as MemberContext;
  return {
    hub: createWatchHub(context, { current: (caller) => caller }),
    applyUpTo(to) {
      while (current < to) {
        current++;
        taken.push(...changesOf(current, current));
        for (const observer of observers) observer.turnApplied?.();
      }
    },
    async finishRead() {
      reads.shift()?.();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
    get readsUnderWay() {
      return reads.length;
    },
  };
}

interface Watching {
  readonly seen: number[];
  readonly isSynced: () => boolean;
  readonly watcher: Watcher;
}

function watchFrom(stage: Stage, startRevision: number, isFull = (): boolean => false): Watching {
  const seen: number[] = [];
  const watcher = stage.hub.watch(
    { key: 'a', rangeEnd: null, startRevision, noPut: false, noDelete: false, prevKv: false },
    {
      events(events: readonly WatchEvent[]) {
        seen.push(...events.map(({ kv }) => kv.modRevision));
        return true;
      },
      isFull,
      compacted: () => undefined,
      ended: () => undefined,
    },
  );
  return { seen, isSynced: () => watcher.isSynced, watcher };
}

function upTo(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('a watcher that catches up', () => {
  test('gets what was applied while its last piece was read, once, and is synced then', async () => {
    const stage = setStage(5);
    const { seen, isSynced } = watchFrom(stage, 3);
    expect(stage.readsUnderWay).toBe(1);
    stage.applyUpTo(9);
    expect(seen).toEqual([]);
    await stage.finishRead();
    expect([seen, isSynced()]).toEqual([upTo(3, 9), true]);
    stage.applyUpTo(11);
    expect(seen).toEqual(upTo(3, 11));
  });

  test('reads on when more was applied meanwhile than is kept', async () => {
    const stage = setStage(5);
    const { seen, isSynced } = watchFrom(stage, 3);
    stage.applyUpTo(25_000);
    await stage.finishRead();
    expect([seen, isSynced()]).toEqual([upTo(3, 5), false]);
    await stage.finishRead();
    expect([seen.length, isSynced()]).toEqual([24_998, true]);
  });

  test('that joins while others are served waits for its own turn', async () => {
    const stage = setStage(5);
    const first = watchFrom(stage, 4);
    const second = watchFrom(stage, 2);
    stage.applyUpTo(6);
    await stage.finishRead();
    expect([first.seen, second.seen]).toEqual([upTo(4, 6), []]);
    await stage.finishRead();
    expect(second.seen).toEqual(upTo(2, 6));
  });
});

describe('a watcher whose sink is full', () => {
  test('is given nothing, and gets all of it from history later', async () => {
    const stage = setStage(5);
    let isFull = true;
    const { seen, isSynced, watcher } = watchFrom(stage, 0, () => isFull);
    stage.applyUpTo(6);
    expect([isSynced(), watcher.nextRevision]).toEqual([false, 6]);
    stage.applyUpTo(8);
    watcher.resume();
    await stage.finishRead();
    expect([seen, isSynced(), watcher.nextRevision]).toEqual([[], false, 6]);
    isFull = false;
    watcher.resume();
    await stage.finishRead();
    expect([seen, isSynced()]).toEqual([upTo(6, 8), true]);
    stage.applyUpTo(9);
    expect(seen).toEqual(upTo(6, 9));
  });
});

describe('all watchers of a member', () => {
  test('have a bound on their memory; who goes makes room', () => {
    const stage = setStage(5, { ...defaultLimits, watchersSizeBytesMax: 3 * 1100 });
    const [first] = [watchFrom(stage, 0), watchFrom(stage, 0), watchFrom(stage, 0)];
    expect(() => watchFrom(stage, 0)).toThrow('too-many-requests');
    first.watcher.cancel();
    first.watcher.cancel();
    watchFrom(stage, 0);
    expect(() => watchFrom(stage, 0)).toThrow('too-many-requests');
  });
});
