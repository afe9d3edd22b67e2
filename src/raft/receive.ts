import { unreachable } from '../base/index.js';
import { onPreVoteResponse, onVoteResponse, startElection } from './candidate.js';
import { isMember } from './configuration.js';
import { onAppend, onHeartbeat, onReadIndexResponse, onSnapshot } from './follower.js';
import { onAppendResponse, onHeartbeatResponse } from './leader.js';
import { onPropose } from './proposals.js';
import { onReadIndexRequest } from './reads.js';
import { becomeFollower, hasLease, hearFromLeader } from './role.js';
import type { CoreState } from './state.js';
import type { Append, Heartbeat, Message, NodeId, SnapshotArrived, TimeoutNow } from './types.js';
import { isWellFormed } from './validate.js';
import { answerPreVote, answerVote } from './votes.js';

/** A message has come from the network. What breaks the rules is dropped. */
export function receive(state: CoreState, message: Message): void {
  if (!isWellFormed(message, state.id) || !listensTo(state, message.from)) return;
  if (message.term < state.term) {
    receiveFromOlderTerm(state, message);
  } else if (message.term === state.term || joinNewerTerm(state, message)) {
    deliver(state, message);
  }
}

/**
 * Whoever knows a living leader takes nothing from a node that no configuration names: it could be anybody, and a word
 * from it unseats the leader. Without a leader it has to be believed: it may lead a cluster that has changed while this
 * node was away (dissertation §4.1), and that costs such a node one election timeout. A leader outside of the
 * configuration is one that removes itself.
 */
export function listensTo(state: CoreState, node: NodeId): boolean {
  const { history, commit, leader } = state;
  if (isMember(history.latest, node) || node === leader || !hasLease(state)) return true;
  return isMember(history.at(commit), node);
}

/** Moves to the message's term where it proves one. False: not worth an answer. */
function joinNewerTerm(state: CoreState, message: Message): boolean {
  // Whoever hears a leader does not help to unseat it, unless it asked for that itself (dissertation §4.2.3).
  if (message.type === 'pre-vote' && hasLease(state)) return false;
  if (message.type === 'vote' && hasLease(state) && !message.transfer) return false;
  // A question about a term, and the consent to it, move nobody there.
  if (message.type === 'pre-vote') return true;
  if (message.type === 'pre-vote-response' && message.granted) return true;
  becomeFollower(state, message.term, isFromLeader(message) ? message.from : null);
  return true;
}

/**
 * The sender is behind. A leader has to learn it: if our term is newer, and others do not help to unseat it, nothing
 * else would ever let us follow again (etcd #8243). It steps down, and the next election is in a term above ours.
 */
function receiveFromOlderTerm(state: CoreState, message: Message): void {
  if (isFromLeader(message)) {
    const { id: from, term, outbox } = state;
    outbox.messages.push({ type: 'heartbeat-response', from, to: message.from, term, readContext: 0 });
  } else if (message.type === 'pre-vote') {
    answerPreVote(state, message);
  } else if (message.type === 'vote') {
    answerVote(state, message);
  } else if (message.type === 'propose') {
    onPropose(state, message); // Requests mean the same in any term.
  } else if (message.type === 'read-index') {
    onReadIndexRequest(state, message);
  }
}

function deliver(state: CoreState, message: Message): void {
  switch (message.type) {
    case 'append':
    case 'heartbeat':
    case 'snapshot':
    case 'timeout-now':
      deliverFromLeader(state, message);
      break;
    case 'append-response':
      if (state.leading !== null) onAppendResponse(state, state.leading, message);
      break;
    case 'heartbeat-response':
      if (state.leading !== null) onHeartbeatResponse(state, state.leading, message);
      break;
    case 'pre-vote':
      answerPreVote(state, message);
      break;
    case 'pre-vote-response':
      onPreVoteResponse(state, message);
      break;
    case 'vote':
      answerVote(state, message);
      break;
    case 'vote-response':
      onVoteResponse(state, message);
      break;
    case 'propose':
      onPropose(state, message);
      break;
    case 'read-index':
      onReadIndexRequest(state, message);
      break;
    case 'read-index-response':
      onReadIndexResponse(state, message);
      break;
    default:
      unreachable(message);
  }
}

type FromLeader = Append | Heartbeat | SnapshotArrived | TimeoutNow;

function isFromLeader(message: Message): message is FromLeader {
  const { type } = message;
  return type === 'append' || type === 'heartbeat' || type === 'snapshot' || type === 'timeout-now';
}

function deliverFromLeader(state: CoreState, message: FromLeader): void {
  // A term has one leader (Raft §5.2). A second one that claims it is not believed.
  if (state.leader !== null && state.leader !== message.from) return;
  hearFromLeader(state, message.from);
  switch (message.type) {
    case 'append':
      onAppend(state, message);
      break;
    case 'heartbeat':
      onHeartbeat(state, message);
      break;
    case 'snapshot':
      onSnapshot(state, message);
      break;
    case 'timeout-now':
      startElection(state, true); // Without a pre-vote: the leader itself wants to be replaced.
      break;
    default:
      unreachable(message);
  }
}
