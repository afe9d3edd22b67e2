import { assert, some, unreachable } from '../base/index.js';
import type { Random } from '../base/index.js';
import { onOwnVoteDurable, startPreVote } from './candidate.js';
import { isLearner } from './configuration.js';
import { assertCheapInvariants, assertFullInvariants } from './invariants.js';
import { commitByCounting, onSnapshotStatus, onUnreachable, tickLeader } from './leader.js';
import { propose, proposeConfiguration } from './proposals.js';
import { onRead } from './reads.js';
import { hasReady, takeReady } from './ready.js';
import { listensTo, receive } from './receive.js';
import { resetElectionTimer, setLeader, suspectLeader } from './role.js';
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
  NodeId,
  PeerProgress,
  Rejection,
  SnapshotMeta,
} from './types.js';

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
    get isLearner() {
      return isLearner(state.history.latest, state.id);
    },
    get commit() {
      return state.commit;
    },
    listensTo: (node) => listensTo(state, node),
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
  if (state.leading !== null) {
    tickLeader(state, state.leading);
    return;
  }
  state.electionTicks++;
  if (state.electionTicks < state.electionDeadlineTicks) return;
  if (isPromotable(state)) {
    startPreVote(state);
  } else {
    setLeader(state, null); // A learner only stops to count on a leader that it does not hear.
    resetElectionTimer(state);
  }
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
