import fc from 'fast-check';
import { createMemoryDisk, openWal } from '../../../src/storage/index.js';
import type {
  MemoryDisk,
  MemoryDiskOptions,
  Wal,
  WalAppend,
  WalContents,
} from '../../../src/storage/index.js';
import type { SnapshotMeta } from '../../../src/raft/index.js';
import { append, entries, genesis, metaAt, plain } from './fixture.js';

/** One step of a run, in terms that fit any log: what exactly it does follows from the log it meets. */
export type Action =
  | {
      readonly type: 'append';
      /** Entries at the end to replace, as far as they are not committed. */
      readonly replace: number;
      readonly count: number;
      /** A new term begins. */
      readonly newTerm: boolean;
      readonly vote: boolean;
      /** Commit so many more. */
      readonly commit: number;
      readonly mustSync: boolean;
      /** Waits for it before the next step. */
      readonly wait: boolean;
    }
  /** Forgets so many committed entries. */
  | { readonly type: 'compact'; readonly count: number; readonly wait: boolean }
  /** Begins anew so far beyond the commit index. */
  | { readonly type: 'reset'; readonly jump: number; readonly count: number }
  | { readonly type: 'settle' };

export type State = Omit<WalContents, 'identity' | 'tornEntries'>;

/** A call to the log, and the log after it. */
export interface Call {
  readonly action: Action;
  readonly append: WalAppend | null;
  readonly compact: SnapshotMeta | null;
  /** It must outlive a power cut once it is acknowledged. */
  readonly durable: boolean;
  readonly after: State;
}

export const fresh: State = {
  hardState: { term: 0, vote: null, commit: 0 },
  snapshot: { index: 0, term: 0, configuration: genesis.configuration },
  entries: [],
  stateStore: genesis.stateStore,
};

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      replace: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat({ max: 6 })),
      count: fc.nat({ max: 4 }),
      newTerm: fc.boolean(),
      vote: fc.boolean(),
      commit: fc.nat({ max: 4 }),
      mustSync: fc.boolean(),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('compact' as const),
      count: fc.nat({ max: 8 }),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('reset' as const),
      jump: fc.nat({ max: 5 }),
      count: fc.nat({ max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('settle' as const) }) },
);

export const actions: fc.Arbitrary<readonly Action[]> = fc.array(step, { minLength: 1, maxLength: 14 });

/** The calls that the actions come to. */
export function callsOf(list: readonly Action[]): readonly Call[] {
  let state = fresh;
  return list.map((action) => {
    const call = callOf(action, state);
    state = call.after;
    return call;
  });
}

function callOf(action: Action, state: State): Call {
  const { hardState, snapshot } = state;
  const last = state.entries.at(-1)?.index ?? snapshot.index;
  switch (action.type) {
    case 'append': {
      const first = Math.max(hardState.commit, last - action.replace) + 1;
      const added = entries(first, first + action.count - 1, hardState.term + 1);
      const kept = added.length === 0 ? state.entries : state.entries.filter(({ index }) => index < first);
      const newLast = added.length === 0 ? last : first + added.length - 1;
      const term = hardState.term + (action.newTerm || added.length > 0 ? 1 : 0);
      const vote = term > hardState.term ? (action.vote ? 'b' : null) : hardState.vote;
      const commit = Math.min(newLast, hardState.commit + action.commit);
      const changed = term !== hardState.term || vote !== hardState.vote || commit !== hardState.commit;
      const next = { term, vote, commit };
      return {
        action,
        append: append({ hardState: changed ? next : null, entries: added, mustSync: action.mustSync }),
        compact: null,
        durable: action.mustSync || added.length > 0 || term !== hardState.term,
        after: { ...state, hardState: next, entries: [...kept, ...added] },
      };
    }
    case 'compact': {
      const index = Math.min(hardState.commit, snapshot.index + action.count);
      const meta = index === snapshot.index ? snapshot : metaAt(index, termAt(state, index));
      const after = {
        ...state,
        snapshot: meta,
        entries: state.entries.filter((entry) => entry.index > index),
      };
      return { action, append: null, compact: meta, durable: meta !== snapshot, after };
    }
    case 'reset': {
      const index = Math.max(hardState.commit, snapshot.index) + 1 + action.jump;
      const term = hardState.term + 1;
      const added = entries(index + 1, index + action.count, term);
      const meta = metaAt(index, term);
      const stateStore = `state-${index}`;
      const next = { term, vote: null, commit: index };
      return {
        action,
        append: append({ hardState: next, entries: added, reset: { meta, stateStore } }),
        compact: null,
        durable: true,
        after: { hardState: next, snapshot: meta, entries: added, stateStore },
      };
    }
    case 'settle':
      return { action, append: null, compact: null, durable: false, after: state };
  }
}

function termAt(state: State, index: number): number {
  return state.entries.find((entry) => entry.index === index)?.term ?? state.snapshot.term;
}

/** What became of a run: which calls were made, and which of them were acknowledged. Counts, from the first call on. */
export interface Outcome {
  readonly disk: MemoryDisk;
  readonly wal: Wal | null;
  readonly issued: number;
  readonly acknowledged: number;
  readonly durable: number;
  readonly failed: boolean;
}

/** Makes the calls until all are made, a write fails, or the `stopAt`-th write has been handed to the disk. */
export async function run(
  calls: readonly Call[],
  options: { readonly stopAt?: number } & Pick<MemoryDiskOptions, 'random' | 'faults'> = {},
): Promise<Outcome> {
  let running = true;
  let stop: () => void = () => undefined;
  const stopped = new Promise<'stopped'>((resolve) => {
    stop = () => resolve('stopped');
  });
  const disk = createMemoryDisk({
    ...options,
    schedule: async ({ number }) => {
      if (!running || number !== options.stopAt) return;
      stop();
      await new Promise<never>(() => undefined);
    },
  });
  let issued = 0;
  let acknowledged = 0;
  let durable = 0;
  let failed = false;
  let wal: Wal | null = null;

  async function make(opened: Wal, call: Call, position: number): Promise<void> {
    try {
      if (call.append !== null) await opened.append(call.append);
      else if (call.compact !== null) await opened.compact(call.compact);
      else await opened.settle();
      acknowledged = Math.max(acknowledged, position);
      if (call.durable) durable = Math.max(durable, position);
    } catch {
      failed = true;
    }
  }

  async function all(): Promise<'done'> {
    const opened = await openWal(await disk.open('wal'), genesis);
    ({ wal } = opened);
    const waiting: Promise<void>[] = [];
    for (const call of calls) {
      issued += 1;
      const done = make(opened.wal, call, issued);
      waiting.push(done);
      if (!('wait' in call.action) || call.action.wait) await done;
    }
    await Promise.all(waiting);
    return 'done';
  }

  await Promise.race([all(), stopped]);
  running = false;
  return { disk, wal, issued, acknowledged, durable, failed };
}

/** The states that a log may be in which was to make these calls: the place of each is the count of calls made. */
export function statesOf(calls: readonly Call[]): readonly unknown[] {
  return [fresh, ...calls.map(({ after }) => after)].map(plain);
}

/** Opens the log of a disk and says what is in it; closes it again. */
export async function contentsOf(disk: MemoryDisk): Promise<unknown> {
  const store = await disk.open('wal');
  try {
    const { wal, contents } = await openWal(store, genesis);
    await wal.close();
    return plain(contents);
  } finally {
    await store.close();
  }
}
