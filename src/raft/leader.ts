import { assert } from '../base/index.js';
import { isJoint, isVoter } from './configuration.js';
import { leaveJoint, openTerm, trackMembers } from './proposals.js';
import type { Progress } from './progress.js';
import { quorumIndex, voteResult } from './quorum.js';
import { confirmReads, LeaderReads } from './reads.js';
import { sendAppends } from './replication.js';
import { becomeFollower, enterRole } from './role.js';
import { advanceCommit } from './state.js';
import type { CoreState, Leading } from './state.js';
import { continueTransfer, sendTimeoutNow, tickTransfer } from './transfer.js';
import type { AppendResponse, HeartbeatResponse, NodeId } from './types.js';

/** A stream that ended well and was never acknowledged: begin anew after so many election timeouts. */
const snapshotPatience = 3;

export function becomeLeader(state: CoreState): void {
  assert(state.role === 'candidate', 'only a candidate becomes leader');
  enterRole(state, 'leader', state.id);
  const leading: Leading = {
    progress: new Map(),
    termStart: state.log.lastIndex + 1,
    reads: new LeaderReads(),
    uncommittedBytes: state.log.sizeBytesBetween(state.commit + 1, state.log.lastIndex),
    heartbeatTicks: 0,
    heartbeatDue: false,
    ticks: 0,
    transferee: null,
    transferTicks: 0,
  };
  state.leading = leading;
  trackMembers(state, leading, { active: false });
  openTerm(state, leading);
}

export function tickLeader(state: CoreState, leading: Leading): void {
  const { electionTimeoutTicks, heartbeatTicks } = state.options;
  leading.heartbeatTicks++;
  if (leading.heartbeatTicks >= heartbeatTicks) leading.heartbeatDue = true;
  tickTransfer(state, leading);
  for (const progress of leading.progress.values()) {
    progress.tick();
    if ((progress.snapshotSentTicks ?? 0) >= snapshotPatience * electionTimeoutTicks) progress.becomeProbe();
  }
  leading.ticks++;
  if (leading.ticks >= electionTimeoutTicks && !hearsQuorum(state, leading))
    becomeFollower(state, state.term, null);
}

/**
 * Check-quorum (dissertation §6.2): a leader that nobody answers stops, so that its clients look for another one and
 * the others, who do hear it, stop waiting for it. Asked at every tick, for over a link that is cut in one direction
 * everybody waits for this, and for a timeout after it.
 */
function hearsQuorum(state: CoreState, leading: Leading): boolean {
  const active = new Map<NodeId, boolean>([[state.id, true]]);
  for (const [node, progress] of leading.progress) if (progress.recentActive) active.set(node, true);
  return voteResult(state.history.latest, active) === 'won';
}

export function onAppendResponse(state: CoreState, leading: Leading, message: AppendResponse): void {
  const progress = leading.progress.get(message.from);
  if (progress === undefined || message.index > state.log.lastIndex) return;
  progress.heard();
  if (message.conflict !== null) {
    if (!progress.refuse(message.index, state.log.lastPossibleMatch(message.conflict))) return;
    if (message.index === 0) progress.needsSnapshot = true;
    return;
  }
  const { index } = message;
  const isNews = progress.acknowledge(index);
  if (!isNews && !(progress.state === 'probe' && progress.match === index)) return;
  if (progress.state === 'probe') progress.becomeReplicate();
  if (progress.state === 'snapshot') leaveSnapshot(state, progress);
  if (isNews) commitByCounting(state, leading);
  continueTransfer(state, leading, message.from);
}

/** The snapshot has arrived if the log goes on where the peer is now. If it was compacted further meanwhile: again. */
function leaveSnapshot(state: CoreState, progress: Progress): void {
  if (progress.match + 1 >= state.log.firstIndex) progress.becomeReplicate();
  else if (progress.snapshotSentTicks !== null) progress.becomeProbe();
}

export function onHeartbeatResponse(state: CoreState, leading: Leading, message: HeartbeatResponse): void {
  const progress = leading.progress.get(message.from);
  if (progress === undefined) return;
  progress.heard();
  progress.probeSent = false;
  // It lives and lacks something: either that is on its way, or it was lost and this shows it.
  if (progress.state === 'replicate' && progress.match < state.log.lastIndex) progress.poke = true;
  continueTransfer(state, leading, message.from);
  if (message.readContext === 0 || message.readContext > leading.reads.newestRound) return;
  progress.readRound = Math.max(progress.readRound, message.readContext);
  confirmReads(state, leading);
}

/** Messages to the peer were lost: what runs ahead of its answers has to be sent again. */
export function onUnreachable(leading: Leading, peer: NodeId): void {
  const progress = leading.progress.get(peer);
  if (progress?.state === 'replicate') progress.becomeProbe();
}

export function onSnapshotStatus(leading: Leading, peer: NodeId, ok: boolean): void {
  const progress = leading.progress.get(peer);
  if (progress?.state !== 'snapshot') return;
  if (ok) {
    progress.snapshotSentTicks = 0;
    return;
  }
  progress.becomeProbe();
  progress.probeSent = true; // Until it answers a heartbeat: no stream after stream to one that refuses them.
}

/**
 * Commits what a majority holds durably, this node included only with what its own disk has. Only an entry of the
 * present term is committed by counting, and all before it with it (Raft §5.4.2, figure 8).
 */
export function commitByCounting(state: CoreState, leading: Leading): void {
  const index = quorumIndex(state.history.latest, (node) => matchOf(state, leading, node));
  if (index <= state.commit || state.log.termAt(index) !== state.term) return;
  leading.uncommittedBytes -= state.log.sizeBytesBetween(state.commit + 1, index);
  advanceCommit(state, index);
  settleConfiguration(state, leading);
}

/**
 * Once a joint configuration is committed the leader leaves it, whether it entered it itself, inherited it in its log
 * or found it in a snapshot. And once a configuration without it is committed, it has served, and names a successor.
 */
function settleConfiguration(state: CoreState, leading: Leading): void {
  const { latest, latestIndex } = state.history;
  if (latestIndex > state.commit) return;
  if (isJoint(latest)) {
    leaveJoint(state, leading);
    return;
  }
  if (isVoter(latest, state.id)) return;
  sendAppends(state, leading); // The others learn of the commit.
  const successor = bestVoter(state, leading);
  if (successor !== null) sendTimeoutNow(state, successor);
  becomeFollower(state, state.term, null);
}

function bestVoter(state: CoreState, leading: Leading): NodeId | null {
  let best: { readonly node: NodeId; readonly progress: Progress } | null = null;
  for (const [node, progress] of leading.progress) {
    if (!isVoter(state.history.latest, node)) continue;
    if (best === null || progress.match > best.progress.match) best = { node, progress };
  }
  return best?.node ?? null;
}

function matchOf(state: CoreState, leading: Leading, node: NodeId): number {
  return node === state.id ? state.disk.persisted : (leading.progress.get(node)?.match ?? 0);
}
