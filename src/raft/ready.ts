import { equalConfigurations } from './configuration.js';
import { flushForwards } from './proposals.js';
import { canLaunchReads, launchReads } from './reads.js';
import { hasAppendsToSend, sendAppends, sendHeartbeats } from './replication.js';
import { createOutbox } from './state.js';
import type { CoreState, Outbox } from './state.js';
import type { Configuration, HardState, Index, Ready } from './types.js';

/*
 * Why a crash at any moment keeps Raft's promises. A promise is a message on which another member builds: a vote, and
 * "my log matches yours up to here". Both are made into `messagesAfterPersist` of the Ready that holds what they
 * promise (or of a later one, and Readies become durable in their order). Our vote for ourselves and our own log count
 * only when `persisted` has come. All other messages promise nothing about the disk:
 *
 *   append, heartbeat   say what the leader of a term says; a leader's term is durable, since its own vote was
 *   heartbeat-response  says "you still led when I got this", true however the term is forgotten: a quorum of durable
 *                       votes elected that leader, so none can be elected in a lower term
 *   pre-vote            asks, and its answers are opinions
 */

export function hasReady(state: CoreState): boolean {
  const { outbox, leading } = state;
  return (
    hasMessages(state, outbox) ||
    outbox.confirmedReads.length > 0 ||
    outbox.sendSnapshotTo.length > 0 ||
    state.disk.handed < state.log.lastIndex ||
    state.disk.snapshotToInstall !== null ||
    changedHardState(state) !== null ||
    state.handedOut < committable(state) ||
    changedConfiguration(state) !== null ||
    (leading !== null &&
      (leading.heartbeatDue || canLaunchReads(state, leading) || hasAppendsToSend(state, leading)))
  );
}

export function takeReady(state: CoreState): Ready {
  gatherMessages(state);
  const { log, disk, outbox } = state;
  const hardState = changedHardState(state);
  const installSnapshot = disk.snapshotToInstall;
  const entries = log.between(disk.handed + 1, log.lastIndex);
  const promised =
    hardState !== null &&
    (hardState.term !== state.hardStateTaken.term || hardState.vote !== state.hardStateTaken.vote);
  const mustSync = promised || entries.length > 0 || installSnapshot !== null;
  const configuration = changedConfiguration(state);
  const committed = log.between(state.handedOut + 1, committable(state));

  state.readyNumber++;
  if (mustSync) {
    const ownVoteTerm = promised && state.role === 'candidate' ? state.term : 0;
    disk.takeOff({ number: state.readyNumber, last: log.lastIndex, ownVoteTerm });
  }
  if (hardState !== null) state.hardStateTaken = hardState;
  if (configuration !== null) state.configurationTaken = configuration;
  state.handedOut += committed.length;
  const { messages, afterPersist: messagesAfterPersist, confirmedReads, sendSnapshotTo } = outbox;
  Object.assign(outbox, createOutbox());
  return {
    number: state.readyNumber,
    hardState,
    entries,
    installSnapshot,
    mustSync,
    messages,
    messagesAfterPersist,
    committed,
    confirmedReads,
    sendSnapshotTo,
    configuration,
  };
}

/** What one turn says once: the round of reads, the heartbeat, the appends, the forwarded commands, the answer. */
function gatherMessages(state: CoreState): void {
  const { outbox } = state;
  flushForwards(state);
  if (state.leading !== null) {
    launchReads(state, state.leading);
    sendAppends(state, state.leading);
    if (state.leading.heartbeatDue) sendHeartbeats(state, state.leading);
  }
  if (outbox.readToRequest > 0 && state.leader !== null) {
    const { id: from, term, leader: to } = state;
    outbox.messages.push({ type: 'read-index', from, to, term, context: outbox.readToRequest });
  }
  if (outbox.acknowledgement !== null) outbox.afterPersist.push(outbox.acknowledgement);
}

function hasMessages(state: CoreState, outbox: Outbox): boolean {
  return (
    outbox.messages.length > 0 ||
    outbox.afterPersist.length > 0 ||
    outbox.acknowledgement !== null ||
    outbox.readToRequest > 0 ||
    (outbox.forwards.length > 0 && state.leader !== null)
  );
}

/** Entries are handed out once they are committed and durable here. */
function committable(state: CoreState): Index {
  return Math.max(Math.min(state.commit, state.disk.persisted), state.handedOut);
}

function changedHardState(state: CoreState): HardState | null {
  const { term, vote, commit, hardStateTaken: taken } = state;
  if (term === taken.term && vote === taken.vote && commit === taken.commit) return null;
  return { term, vote, commit };
}

function changedConfiguration(state: CoreState): Configuration | null {
  const { latest } = state.history;
  return equalConfigurations(latest, state.configurationTaken) ? null : latest;
}
