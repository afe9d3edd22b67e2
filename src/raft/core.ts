import { assert, some, unreachable } from '../base/index.js';
import type { Random } from '../base/index.js';
import {
  onPreVoteResponse,
  onOwnVoteDurable,
  onVoteResponse,
  startElection,
  startPreVote,
} from './candidate.js';
import { isLearner } from './configuration.js';
import { onAppend, onHeartbeat, onReadIndexResponse, onSnapshot } from './follower.js';
import { assertCheapInvariants, assertFullInvariants } from './invariants.js';
import {
  commitByCounting,
  onAppendResponse,
  onHeartbeatResponse,
  onSnapshotStatus,
  onUnreachable,
} from './leader.js';
import { tickLeader } from './leader.js';
import { onPropose, propose, proposeConfiguration } from './proposals.js';
import { onRead, onReadIndexRequest } from './reads.js';
import { hasReady, takeReady } from './ready.js';
import {
  becomeFollower,
  hasLease,
  hearFromLeader,
  resetElectionTimer,
  setLeader,
  suspectLeader,
} from './role.js';
import { createState, isPromotable } from './state.js';
import type { CoreState } from './state.js';
import { transferLeadership } from './transfer.js';
import type {
  Core,
  CoreOptions,
  CoreStatus,
  Event,
  Index,
  InitialState,
  Message,
  NodeId,
  PeerProgress,
  Rejection,
  SnapshotMeta,
} from './types.js';
import { isWellFormed } from './validate.js';
import { answerPreVote, answerVote } from './votes.js';

/** A node of the cluster as a state machine without I/O. `random` draws election timeouts only. */
export function createCore(options: CoreOptions, initial: InitialState, random: Random): Core {
  const state = createState(options, initial, random);
  return {
    step(event) {
      const rejection = dispatch(state, event);
      assertCheapInvariants(state);
      return rejection;
    },
    hasReady: () => hasReady(state),
    takeReady() {
      const ready = takeReady(state);
      assertCheapInvariants(state);
      return ready;
    },
    get role() {
      return state.role;
    },
    get term() {
      return state.term;
    },
    get leader() {
      return state.leader;
    },
    get commit() {
      return state.commit;
    },
    status: () => statusOf(state),
    assertInvariants: () => assertFullInvariants(state),
    snapshotMetaAt: (index) => snapshotMetaAt(state, index),
    entriesBetween: (first, last) => state.log.between(first, last),
    get logSizeBytes() {
      return state.log.sizeBytes;
    },
  };
}

function dispatch(state: CoreState, event: Event): Rejection | null {
  switch (event.type) {
    case 'tick':
      tick(state);
      return null;
    case 'message':
      receive(state, event.message);
      return null;
    case 'propose':
      return propose(state, event.commands);
    case 'propose-configuration':
      return proposeConfiguration(state, event.change);
    case 'read':
      return onRead(state, event.context);
    case 'persisted':
      onPersisted(state, event.ready);
      return null;
    case 'applied':
      assert(event.index <= state.handedOut, 'what is applied was handed out');
      state.applied = Math.max(state.applied, event.index);
      return null;
    case 'compact':
      compact(state, event.index);
      return null;
    case 'transfer-leadership':
      return transferLeadership(state, event.to);
    case 'unreachable':
      if (state.leading !== null) onUnreachable(state.leading, event.peer);
      return null;
    case 'connection-lost':
      onConnectionLost(state, event.peer);
      return null;
    case 'snapshot-status':
      if (state.leading !== null) onSnapshotStatus(state.leading, event.peer, event.ok);
      return null;
    case 'campaign':
      startPreVote(state);
      return null;
    default:
      return unreachable(event);
  }
}

function tick(state: CoreState): void {
  if (state.leading !== null) return tickLeader(state, state.leading);
  state.electionTicks++;
  if (state.electionTicks < state.electionDeadlineTicks) return;
  if (isPromotable(state)) return startPreVote(state);
  setLeader(state, null); // A learner only stops to count on a leader that it does not hear.
  resetElectionTimer(state);
}

function receive(state: CoreState, message: Message): void {
  if (!isWellFormed(message, state.id)) return;
  if (message.term < state.term) return receiveFromOlderTerm(state, message);
  if (message.term > state.term && !joinNewerTerm(state, message)) return;
  deliver(state, message);
}

/** Moves to the message's term where it proves one. False: not worth an answer. */
function joinNewerTerm(state: CoreState, message: Message): boolean {
  switch (message.type) {
    case 'pre-vote':
      return !hasLease(state); // Only a question: it moves nobody's term.
    case 'pre-vote-response':
      if (!message.granted) becomeFollower(state, message.term, null);
      return true;
    case 'vote':
      // Whoever hears a leader does not help to unseat it, unless it asked for that itself (dissertation §4.2.3).
      if (hasLease(state) && !message.transfer) return false;
      becomeFollower(state, message.term, null);
      return true;
    case 'append':
    case 'heartbeat':
    case 'snapshot':
      becomeFollower(state, message.term, message.from);
      return true;
    default:
      becomeFollower(state, message.term, null);
      return true;
  }
}

/**
 * The sender is behind. A leader has to learn it: if our term is newer, and others do not help to unseat it, nothing
 * else would ever let us follow again (etcd #8243). It steps down, and the next election is in a term above ours.
 */
function receiveFromOlderTerm(state: CoreState, message: Message): void {
  const { id: from, term, outbox } = state;
  switch (message.type) {
    case 'append':
    case 'heartbeat':
    case 'snapshot': {
      const conflict = { term: 0, index: 0 };
      outbox.afterPersist.push({ type: 'append-response', from, to: message.from, term, index: 0, conflict });
      return;
    }
    case 'pre-vote':
      return answerPreVote(state, message);
    case 'vote':
      return answerVote(state, message);
    case 'propose': // Requests mean the same in any term.
      return onPropose(state, message);
    case 'read-index':
      return onReadIndexRequest(state, message);
    default:
      return;
  }
}

function deliver(state: CoreState, message: Message): void {
  const { leading } = state;
  switch (message.type) {
    case 'pre-vote':
      return answerPreVote(state, message);
    case 'pre-vote-response':
      return onPreVoteResponse(state, message);
    case 'vote':
      return answerVote(state, message);
    case 'vote-response':
      return onVoteResponse(state, message);
    case 'append':
      if (follow(state, message.from)) onAppend(state, message);
      return;
    case 'heartbeat':
      if (follow(state, message.from)) onHeartbeat(state, message);
      return;
    case 'snapshot':
      if (follow(state, message.from)) onSnapshot(state, message);
      return;
    case 'append-response':
      if (leading !== null) onAppendResponse(state, leading, message);
      return;
    case 'heartbeat-response':
      if (leading !== null) onHeartbeatResponse(state, leading, message);
      return;
    case 'propose':
      return onPropose(state, message);
    case 'read-index':
      return onReadIndexRequest(state, message);
    case 'read-index-response':
      return onReadIndexResponse(state, message);
    case 'timeout-now':
      if (state.role === 'follower' && state.leader === message.from) startElection(state, true);
      return;
    default:
      return unreachable(message);
  }
}

/** A term has one leader (Raft §5.2). A second one that claims it is not believed. */
function follow(state: CoreState, leader: NodeId): boolean {
  if (state.leader !== null && state.leader !== leader) return false;
  hearFromLeader(state, leader);
  return true;
}

function onPersisted(state: CoreState, ready: number): void {
  assert(ready <= state.readyNumber, 'only a Ready that was taken can be durable');
  for (const { snapshotIndex, ownVoteTerm } of state.disk.land(ready)) {
    state.applied = Math.max(state.applied, snapshotIndex);
    if (state.role === 'candidate' && ownVoteTerm === state.term) onOwnVoteDurable(state);
  }
  if (state.leading !== null) commitByCounting(state, state.leading);
}

function compact(state: CoreState, index: Index): void {
  if (index <= state.log.snapshot.index) return;
  assert(index <= state.applied, 'only what is applied is compacted');
  state.log.compactTo(snapshotMetaAt(state, index));
  state.history.compactTo(index);
}

function onConnectionLost(state: CoreState, peer: NodeId): void {
  if (state.leading !== null) onUnreachable(state.leading, peer);
  else if (state.role === 'follower' && state.leader === peer) suspectLeader(state);
}

function snapshotMetaAt(state: CoreState, index: Index): SnapshotMeta {
  const term = some(state.log.termAt(index), 'a snapshot is taken at an index of the log');
  return { term, index, configuration: state.history.at(index) };
}

function statusOf(state: CoreState): CoreStatus {
  const { id, role, leader, term, vote, commit, applied, log, disk, history, leading } = state;
  const progress = new Map<NodeId, PeerProgress>();
  for (const [node, peer] of leading?.progress ?? []) progress.set(node, peer.view());
  return {
    id,
    role,
    leader,
    hardState: { term, vote, commit },
    applied,
    persisted: disk.persisted,
    first: log.firstIndex,
    last: log.last,
    configuration: history.latest,
    isLearner: isLearner(history.latest, id),
    transferee: leading?.transferee ?? null,
    progress,
  };
}
