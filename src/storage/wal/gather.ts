import { assert } from '../../base/index.js';
import type { Entry, HardState, SnapshotMeta } from '../../raft/index.js';
import { entryHeaderSizeBytes } from './format.js';
import type { WalAppend } from './types.js';

export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What one batch is going to write: appends and a compaction, merged. To be done in the order of the fields. */
export interface Gathered {
  reset: WalAppend['reset'];
  /** Contiguous. Replaces what the log has from the first on. */
  entries: Entry[];
  hardState: HardState;
  compact: SnapshotMeta | null;
  /** There is something to write. */
  dirty: boolean;
  sync: boolean;
  /** Of all appends in it, also of entries that a later one replaced. */
  sizeBytes: number;
  waiters: Waiter[];
}

/** The log as it will be once everything accepted is written. */
export interface Outlook {
  hardState: HardState;
  snapshotIndex: number;
  last: number;
}

export function nothingGathered(hardState: HardState): Gathered {
  return {
    reset: null,
    entries: [],
    hardState,
    compact: null,
    dirty: false,
    sync: false,
    sizeBytes: 0,
    waiters: [],
  };
}

/** Adds an append to the batch, after checking that it fits the log. */
export function gatherAppend(gathered: Gathered, outlook: Outlook, append: WalAppend): void {
  const { reset, entries, mustSync } = append;
  const before = outlook.hardState;
  const hardState = checkedHardState(outlook, append);
  checkEntries(outlook, append);
  if (reset !== null) {
    gathered.reset = reset;
    gathered.entries = [];
    gathered.compact = null;
    outlook.snapshotIndex = reset.meta.index;
    outlook.last = reset.meta.index;
  }
  const first = entries[0];
  if (first !== undefined) {
    const kept = gathered.entries[0] === undefined ? 0 : Math.max(0, first.index - gathered.entries[0].index);
    gathered.entries.length = Math.min(gathered.entries.length, kept);
    for (const entry of entries) gathered.entries.push(entry);
    outlook.last = first.index + entries.length - 1;
  }
  assert(hardState.commit <= outlook.last, 'what is committed is in the log');
  outlook.hardState = hardState;
  gathered.hardState = hardState;
  const changed = hardState !== before;
  gathered.dirty ||= changed || reset !== null || entries.length > 0;
  gathered.sync ||= mustSync || reset !== null || entries.length > 0 || isNewBallot(before, hardState);
  gathered.sizeBytes += sizeBytesOf(entries);
}

/** Adds a compaction to the batch; one that is behind what the log already forgot does nothing. */
export function gatherCompaction(gathered: Gathered, outlook: Outlook, meta: SnapshotMeta): void {
  assert(meta.index <= outlook.last, 'what is cut off is in the log');
  if (meta.index <= outlook.snapshotIndex) return;
  outlook.snapshotIndex = meta.index;
  outlook.hardState = committedTo(outlook.hardState, meta.index);
  gathered.hardState = outlook.hardState;
  gathered.compact = meta;
  gathered.dirty = true;
  // Every later head names the snapshot record that this batch writes, so it must not be lost before them.
  gathered.sync = true;
}

function checkedHardState(outlook: Outlook, { hardState, reset }: WalAppend): HardState {
  const old = outlook.hardState;
  const commitMin = reset?.meta.index ?? old.commit;
  assert(commitMin >= old.commit, 'a snapshot does not take back what is committed');
  const next = hardState ?? old;
  assert(next.term >= old.term, 'the term does not decrease');
  assert(
    next.term > old.term || old.vote === null || next.vote === old.vote,
    'a vote is not taken back within its term',
  );
  return committedTo(next, commitMin);
}

/** What is committed stays so, and what a snapshot sums up is, whether or not the log was told. */
function committedTo(hardState: HardState, commitMin: number): HardState {
  return hardState.commit < commitMin ? { ...hardState, commit: commitMin } : hardState;
}

function checkEntries(outlook: Outlook, { entries, reset }: WalAppend): void {
  const first = entries[0];
  if (first === undefined) return;
  const last = reset?.meta.index ?? outlook.last;
  const committed = Math.max(reset?.meta.index ?? 0, outlook.hardState.commit);
  assert(first.index <= last + 1, 'entries follow on those in the log');
  assert(first.index > committed, 'a committed entry is not replaced');
  assert(
    entries.every(({ index }, n) => index === first.index + n),
    'the entries of an append are contiguous',
  );
}

function isNewBallot(before: HardState, after: HardState): boolean {
  return before.term !== after.term || before.vote !== after.vote;
}

function sizeBytesOf(entries: readonly Entry[]): number {
  let sum = 0;
  for (const { data } of entries) sum += entryHeaderSizeBytes + data.length;
  return sum;
}
