import { assert, createGate } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { OrderedStore } from '../storage/index.js';
import { createAlarms } from './alarms.js';
import { applyProposal } from './apply.js';
import type { ApplyOptions, State } from './apply.js';
import { createAuthState } from './auth/index.js';
import { createBatches } from './batches.js';
import { estimateKeys } from './command-work.js';
import { createCompaction } from './compaction.js';
import { createFlusher } from './flusher.js';
import { hashRecords } from './hash-kv.js';
import { createHistory } from './history.js';
import { createKeyIndex } from './key-index.js';
import { createTally } from './inventory.js';
import { createLeases } from './leases.js';
import { createPins } from './pins.js';
import { checkRevision, readOne, readRange } from './range.js';
import type { View } from './range.js';
import { createRecords } from './records.js';
import { compareInventories, loadMeta, refuseUnknownKeys, restoreIndex } from './restore.js';
import { runFirst, runYielding } from './steps.js';
import type { Steps } from './steps.js';
import { openTables } from './tables.js';
import { checkPlan, planTxn, readPlan } from './txn.js';
import type {
  AppliedPosition,
  HashKvResult,
  Outcome,
  RangeRequest,
  Revision,
  StateMachine,
  StateMachineOptions,
  TxnRequest,
  TxnResponse,
} from './types.js';
import { boundedWork, createBudget } from './work.js';
import type { Work } from './work.js';

/** What an applied entry weighs until it is flushed, even if it changed nothing: its index has to become durable. */
const entrySizeBytes = 32;
/** Long reads that go on side by side; those that wait for them; more are `too-many-requests`. */
const longReadsAtOnceMax = 4;
const longReadsWaitingMax = 1000;
/** Hashes of the whole store likewise. */
const hashesWaitingMax = 16;

/**
 * Opens the state machine over its store, which it uses alone: reads all records to build the index in memory. An empty
 * store becomes that of a new cluster. Throws `storage-corrupt` for a store that is not whole.
 */
export async function openStateMachine(
  store: OrderedStore,
  options: StateMachineOptions,
): Promise<StateMachine> {
  const { yieldToLoop } = options;
  const { meta, inventory } = await loadMeta(store, options.genesis);
  await refuseUnknownKeys(store);
  const tally = createTally();
  const tables = await openTables(store, tally);
  const leases = createLeases(tables);
  const alarms = createAlarms(tables);
  const auth = createAuthState(tables);
  const index = createKeyIndex(leases.rebind);
  await restoreIndex(store, index, meta, tally, yieldToLoop);
  compareInventories(tally.inventory, inventory);
  const batches = createBatches(store, meta, tally);
  const records = createRecords(store, options.cacheSizeBytesMax, tally);
  const history = createHistory(store, records);
  const pins = createPins();
  const longReads = createGate({ atOnceMax: longReadsAtOnceMax, waitingMax: longReadsWaitingMax });
  const hashes = createGate({ atOnceMax: 1, waitingMax: hashesWaitingMax });
  const compaction = createCompaction({ batches, index, pins, yieldToLoop });
  const state: State = { ...meta };
  const context: ApplyOptions = { state, index, records, leases, alarms, auth };
  let flushedIndex = state.applied.index;
  compaction.begin(state.compactRevision);

  const flusher = createFlusher(async () => {
    const { applied, compactRevision } = state;
    batches.describe(state);
    await batches.write([...records.beginFlush(), ...tables.beginFlush()]);
    records.endFlush();
    flushedIndex = applied.index;
    compaction.begin(compactRevision);
  });

  async function flush(): Promise<void> {
    if (compaction.failure !== undefined) throw compaction.failure;
    if (state.applied.index > flushedIndex) await flusher.flush();
  }

  function advance(position: AppliedPosition): void {
    assert(position.index === state.applied.index + 1, 'entries are applied in order, without a gap');
    assert(position.term >= state.applied.term, 'terms of applied entries do not decrease');
    state.applied = position;
  }

  /** The state as it is now; it stays readable while a pin holds its revision. */
  function viewNow(): View {
    const { revision, compactRevision } = state;
    return { index, records, revision, compactRevision, isLatest: () => state.revision === revision };
  }

  async function pinned<T>(revision: Revision, read: () => Promise<T>): Promise<T> {
    const release = pins.pin(revision);
    try {
      return await read();
    } finally {
      release();
    }
  }

  /** Few long reads go on at once, for what they gather is in memory; the others wait after their first step. */
  async function readPinned<T>(revision: Revision, steps: Steps<T>): Promise<T> {
    return pinned(revision, async () => {
      const first = steps.next();
      if (first.done === true) return first.value;
      return longReads.run(() => runYielding(steps, yieldToLoop));
    });
  }

  function* readTxnAt(request: TxnRequest, view: View, work: Work): Steps<Outcome<TxnResponse>> {
    const plan = yield* planTxn(request, view, work, createBudget(Infinity));
    const error = checkPlan(plan, view, leases);
    if (error !== null) return refused(error);
    return { ok: true, value: yield* readPlan(plan, view, work) };
  }

  return {
    get applied() {
      return state.applied;
    },
    get flushedIndex() {
      return flushedIndex;
    },
    get revision() {
      return state.revision;
    },
    get compactRevision() {
      return state.compactRevision;
    },
    get membership() {
      return state.membership;
    },
    get unflushedSizeBytes() {
      const entries = (state.applied.index - flushedIndex) * entrySizeBytes;
      return records.unflushedSizeBytes + tables.unflushedSizeBytes + entries;
    },
    get keyCount() {
      return index.aliveCount;
    },
    leases,
    get alarms() {
      return alarms.list;
    },
    auth,

    apply(position, proposal) {
      advance(position);
      if (proposal === null) return { ok: true, value: { type: 'none', revision: state.revision } };
      return applyProposal(context, proposal);
    },
    applyMembership(position, membership) {
      advance(position);
      state.membership = membership;
    },
    flush,

    rangeSync(request) {
      const view = viewNow();
      const error = checkRevision(request.revision, view);
      if (error !== null) return refused(error);
      const value = readOne(request, view) ?? runFirst(readRange(request, view));
      return value === null ? null : { ok: true, value };
    },
    async range(request, isWanted) {
      const view = viewNow();
      const error = checkRevision(request.revision, view);
      if (error !== null) return refused(error);
      const value = await readPinned(
        revisionOf(request, view),
        readRange(request, view, boundedWork(records, isWanted)),
      );
      return { ok: true, value };
    },
    async readTxn(request, isWanted) {
      const view = viewNow();
      return readPinned(
        Math.max(view.compactRevision, 0),
        readTxnAt(request, view, boundedWork(records, isWanted)),
      );
    },

    estimateKeys: (request) => estimateKeys(request, viewNow()),

    async hashKv(revision) {
      const { compactRevision, revision: current } = state;
      if (revision > current) return refused('future-revision');
      if (revision > 0 && revision <= compactRevision) return refused('compacted');
      const hashRevision = revision > 0 ? revision : current;
      const hashNow = async (): Promise<number> => {
        await flush();
        const reader = store.snapshot();
        try {
          return await hashRecords({ reader, index, revision: hashRevision, compactRevision, yieldToLoop });
        } finally {
          await reader.close();
        }
      };
      const hash = await pinned(compactRevision, () => hashes.run(hashNow));
      const value: HashKvResult = { hash, hashRevision, compactRevision, revision: current };
      return { ok: true, value };
    },

    takeChanges: () => history.take(),
    recordChanges: (wanted) => history.record(wanted),
    async changesSince(from, sizeBytesMax) {
      const { revision: last, compactRevision } = state;
      if (from < compactRevision) return refused('compacted');
      const value = await pinned(from, () =>
        history.read({ from: Math.max(from, 0), last, compactRevision, sizeBytesMax }),
      );
      return { ok: true, value };
    },
    valueBefore(key, revision) {
      if (revision - 1 < state.compactRevision) return null;
      const id = index.find(key, revision - 1);
      return id === null ? null : records.read(id, key);
    },

    compacted: (revision) => compaction.finished(revision),
    async snapshot() {
      await flush();
      return store.snapshot();
    },
    async sizeBytes() {
      const total = await store.sizeBytes();
      return { total, inUse: total };
    },
    async close() {
      await compaction.close();
      await flusher.idle();
    },
  };
}

function revisionOf(request: RangeRequest, view: View): Revision {
  return request.revision > 0 ? request.revision : view.revision;
}

function refused(error: ErrorCode): { readonly ok: false; readonly error: ErrorCode } {
  return { ok: false, error };
}
