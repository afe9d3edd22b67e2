import { assert, QuorateError } from '../base/index.js';
import { hearFromLeader } from './role.js';
import { advanceCommit } from './state.js';
import type { CoreState } from './state.js';
import type { Append, Heartbeat, Index, NodeId, ReadIndexResponse, SnapshotArrived } from './types.js';

/**
 * Raft §5.3, the follower's side. Sets the log right and answers once it is durable.
 *
 *   previous < commit        the leader is behind: what is committed agrees anyway, say how far that is
 *   previous not in the log  refuse, with the best guess at where the logs agree
 *   otherwise                replace what conflicts, append what is new
 */
export function onAppend(state: CoreState, message: Append): void {
  const { log } = state;
  const { previous, entries } = message;
  if (previous.index < state.commit) {
    acknowledge(state, message.from, state.commit);
    return;
  }
  if (!log.holds(previous) || (previous.index === 0 && knowsNobody(state))) {
    refuseAppend(state, message);
    return;
  }
  let known = 0;
  while (known < entries.length) {
    const entry = entries[known];
    if (entry === undefined || !log.holds(entry)) break;
    known++;
  }
  if (known < entries.length) {
    const news = known === 0 ? entries : entries.slice(known);
    const planned = state.history.plan(news);
    if (planned === null) return; // No leader makes such an entry: not a message of ours.
    truncateFrom(state, previous.index + known + 1);
    log.append(news);
    state.history.append(planned);
  }
  const lastNew = previous.index + entries.length;
  const commitBefore = state.commit;
  advanceCommit(state, Math.min(message.commit, lastNew));
  const isNotice =
    entries.length === 0 && state.commit > commitBefore && hasAcknowledged(state, message.from, lastNew);
  if (!isNotice) acknowledge(state, message.from, lastNew);
}

export function onHeartbeat(state: CoreState, message: Heartbeat): void {
  if (message.commit > state.log.lastIndex) throw wentBack(state, message.commit);
  advanceCommit(state, message.commit);
  const { id: from, term } = state;
  const { readContext } = message;
  state.outbox.messages.push({ type: 'heartbeat-response', from, to: message.from, term, readContext });
}

/**
 * A leader claims no more than this node has acknowledged in its term. So the disk has lost what it had synced: it lies, or an
 * old copy of it was put back (etcd #10166, #13509). Such a node must not vote any more.
 */
function wentBack({ log }: CoreState, commit: Index): QuorateError {
  return new QuorateError(
    'storage-corrupt',
    `this member's log ends at ${log.lastIndex}, but it has acknowledged the entries up to ${commit}: its data is an old copy, ` +
      'or its disk has lost synced writes. Remove it from the cluster, and add it again with an empty data folder',
  );
}

/**
 * A whole snapshot has arrived. An old one changes nothing: what it holds is committed here already. One whose position
 * is in our log tells only that this much is committed: the log goes on beyond it and must not be lost. Any other one
 * replaces log and state machine.
 */
export function onSnapshot(state: CoreState, message: SnapshotArrived): void {
  const { log } = state;
  const { meta } = message;
  if (meta.index > state.commit) {
    if (log.holds(meta)) {
      advanceCommit(state, meta.index);
    } else {
      log.restore(meta);
      state.history.restore(meta);
      state.disk.restored(meta);
      state.commit = meta.index;
      state.handedOut = meta.index;
    }
  }
  acknowledge(state, message.from, state.commit);
}

export function onReadIndexResponse(state: CoreState, message: ReadIndexResponse): void {
  if (state.leader !== message.from) return;
  hearFromLeader(state, message.from);
  let answered = 0;
  for (const context of state.pendingReads) {
    if (context > message.context) break;
    state.outbox.confirmedReads.push({ context, index: message.index });
    answered++;
  }
  state.pendingReads.splice(0, answered);
}

function truncateFrom(state: CoreState, index: Index): void {
  if (index > state.log.lastIndex) return;
  assert(index > state.commit, 'what is committed is never replaced');
  state.log.truncateFrom(index);
  state.history.truncateFrom(index);
  state.disk.truncatedFrom(index);
}

/** The log matches the leader's up to `index`: said once that is durable, and only for the last append of a turn. */
function acknowledge(state: CoreState, to: NodeId, index: Index): void {
  const { id: from, term, outbox } = state;
  const before = outbox.acknowledgement;
  if (before !== null && before.term === term && before.to === to && before.index >= index) return;
  if (before !== null && (before.term !== term || before.to !== to)) outbox.afterPersist.push(before);
  outbox.acknowledgement = { type: 'append-response', from, to, term, index, conflict: null };
  if (!hasAcknowledged(state, to, index)) state.acknowledged = { leader: to, term, index };
}

/**
 * Was that said before? Then an append that only brings a new commit index needs no answer: half of all answers, and
 * each would wait its turn at the disk. One that was lost is asked for by an append that brings nothing new.
 */
function hasAcknowledged(state: CoreState, leader: NodeId, index: Index): boolean {
  const before = state.acknowledged;
  return before !== null && before.leader === leader && before.term === state.term && before.index >= index;
}

function refuseAppend(state: CoreState, message: Append): void {
  const { id: from, term, log } = state;
  const { index } = message.previous;
  const guess = log.lastPossibleMatch(message.previous);
  const conflict = { term: log.termAt(guess) ?? 0, index: guess };
  state.outbox.afterPersist.push({ type: 'append-response', from, to: message.from, term, index, conflict });
}

/**
 * A node that waits to be added knows no configuration, and the one that the cluster began with is in no entry. From
 * the first entry on it would learn additions alone and could take itself for the only voter. It needs a snapshot, and
 * tells the leader by refusing even the empty log: nobody else ever does.
 */
function knowsNobody(state: CoreState): boolean {
  return state.log.snapshot.index === 0 && state.log.snapshot.configuration.voters.length === 0;
}
