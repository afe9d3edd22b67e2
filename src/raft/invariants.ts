import { assert } from '../base/index.js';
import { configurationProblem, equalConfigurations, membersOf } from './configuration.js';
import { ConfigurationHistory } from './history.js';
import { entrySizeBytes } from './log.js';
import type { CoreState, Leading } from './state.js';

/**
 * Ends every step. A handful of comparisons, so that a core that contradicts itself stops before it tells anybody.
 *
 *      compacted           in the log
 *   ──────────────┬──────────────────────────────────────────────▶ index
 *             snapshot ≤ applied ≤ handed out ≤ commit    ≤ last
 *                                            ≤ persisted ≤
 *
 * While a snapshot is being installed the state machine is still behind it, and so is the disk:
 *
 *              applied < snapshot = handed out ≤ commit ≤ last,    persisted < snapshot
 */
export function assertCheapInvariants(state: CoreState): void {
  const { log, disk, commit, applied, handedOut } = state;
  const { index: snapshotIndex } = log.snapshot;
  if (disk.isInstalling) {
    assert(applied < snapshotIndex, 'a snapshot being installed is not applied yet');
    assert(disk.persisted < snapshotIndex, 'a snapshot being installed is not durable yet');
    assert(handedOut === snapshotIndex, 'nothing is handed out before the snapshot is installed');
  } else {
    assert(snapshotIndex <= applied, 'what is compacted was applied');
    assert(handedOut <= disk.persisted, 'what is handed out is durable');
  }
  assert(applied <= handedOut, 'what is applied was handed out');
  assert(handedOut <= commit, 'what is handed out is committed');
  assert(commit <= log.lastIndex, 'what is committed is in the log');
  assert(disk.persisted <= log.lastIndex, 'what is durable is in the log');
  assert(disk.handed <= log.lastIndex, 'what went to the disk is in the log');
  assert(log.lastTerm <= state.term, 'no entry is newer than the term');
  assertRole(state);
}

function assertRole(state: CoreState): void {
  assert((state.role === 'leader') === (state.leading !== null), 'a leader, and only a leader, leads');
  assert((state.role === 'leader') === (state.leader === state.id), 'only a leader follows itself');
  if (state.role === 'candidate') assert(state.vote === state.id, 'a candidate has voted for itself');
  if (state.role === 'candidate' || state.role === 'pre-candidate') {
    assert(state.leader === null, 'a candidate knows no leader');
  }
}

/** Looks at everything, in time proportional to the log: for tests. */
export function assertFullInvariants(state: CoreState): void {
  assertCheapInvariants(state);
  state.disk.assertInvariants();
  assertLog(state);
  assertConfigurations(state);
  if (state.leading !== null) assertLeading(state, state.leading);
}

function assertLog({ log }: CoreState): void {
  let { term, index } = log.snapshot;
  let sizeBytes = 0;
  for (const entry of log.between(log.firstIndex, log.lastIndex)) {
    assert(entry.index === index + 1, 'the log has no gap');
    assert(entry.term >= term, 'terms never decrease along the log');
    ({ term, index } = entry);
    sizeBytes += entrySizeBytes(entry);
  }
  assert(sizeBytes === log.sizeBytes, 'the size of the log is the sum of its entries');
}

function assertConfigurations({ log, history, leading, commit }: CoreState): void {
  const replayed = new ConfigurationHistory(log.snapshot);
  const planned = replayed.plan(log.between(log.firstIndex, log.lastIndex));
  assert(planned !== null, 'the configuration entries of the log make sense');
  replayed.append(planned);
  for (const { index } of [log.snapshot, ...planned]) {
    assert(equalConfigurations(replayed.at(index), history.at(index)), 'configurations follow from the log');
  }
  const latestIndex = Math.max(history.latestIndex, log.snapshot.index);
  assert(replayed.latestIndex === latestIndex, 'the latest configuration is that of the log');
  assert(configurationProblem(history.latest) === null, 'the configuration in force is valid');
  if (leading === null) return;
  // A leader commits only through its own term, so older ones can be uncommitted; but only one change is under way.
  const uncommitted = planned.filter(({ index }) => index > commit && index >= leading.termStart);
  assert(uncommitted.length <= 1, 'one configuration change is under way at most');
}

function assertLeading(state: CoreState, leading: Leading): void {
  const { log } = state;
  const others = membersOf(state.history.latest).filter((node) => node !== state.id);
  assert(others.length === leading.progress.size, 'a leader tracks every other member and nobody else');
  for (const node of others) assert(leading.progress.has(node), 'a leader tracks every other member');
  for (const progress of leading.progress.values()) {
    assert(progress.match < progress.next, 'what a peer lacks begins after what it has');
    assert(progress.next <= log.lastIndex + 1, 'nothing is sent that is not in the log');
    assert(
      progress.inflightCount <= state.options.inflightMessagesMax,
      'the window bounds what is on its way',
    );
  }
  assert(
    log.termAt(leading.termStart) === state.term || leading.termStart < log.firstIndex,
    'the term was opened',
  );
  const uncommittedBytes = log.sizeBytesBetween(state.commit + 1, log.lastIndex);
  assert(
    uncommittedBytes === leading.uncommittedBytes,
    'the uncommitted bytes are those after the commit index',
  );
}
