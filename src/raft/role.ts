import { assert } from '../base/index.js';
import type { CoreState } from './state.js';
import type { NodeId, Role, Term } from './types.js';

/** Enters a term: at its beginning this node has voted for nobody. */
export function enterTerm(state: CoreState, term: Term): void {
  assert(term > state.term, 'terms only grow');
  state.term = term;
  state.vote = null;
}

/** Enters a role in the present term, with a timeout drawn anew. A leader gets its `leading` from leader.ts. */
export function enterRole(state: CoreState, role: Role, leader: NodeId | null): void {
  state.role = role;
  state.leading = null;
  state.votes.clear();
  setLeader(state, leader);
  resetElectionTimer(state);
}

export function becomeFollower(state: CoreState, term: Term, leader: NodeId | null): void {
  if (term !== state.term) enterTerm(state, term);
  enterRole(state, 'follower', leader);
}

/** A message that only the leader of the present term sends has come from `leader`. */
export function hearFromLeader(state: CoreState, leader: NodeId): void {
  if (state.role === 'follower' && state.leader === leader) state.electionTicks = 0;
  else becomeFollower(state, state.term, leader);
}

/**
 * The reads that wait for a leader's answer end with it. The driver sees that `leader` has changed, and asks again
 * with a new context: the old ones must never be answered by somebody else.
 */
export function setLeader(state: CoreState, leader: NodeId | null): void {
  if (state.leader === leader) return;
  state.leader = leader;
  if (leader !== null) state.hasYielded = false;
  state.pendingReads = [];
  state.outbox.readToRequest = 0;
}

export function resetElectionTimer(state: CoreState): void {
  const { electionTimeoutTicks } = state.options;
  state.electionTicks = 0;
  state.electionDeadlineTicks = electionTimeoutTicks + state.random.below(electionTimeoutTicks);
}

/**
 * The connection to the leader was lost: most likely its process is dead, and waiting for the timeout only costs time.
 * Forget it and stand soon. Safe, because what comes first is a pre-vote: members that still hear from the leader refuse it. A leader
 * that lives after all is heard again within a heartbeat, and that cancels the plan.
 */
export function suspectLeader(state: CoreState): void {
  setLeader(state, null);
  standSoon(state);
}

/**
 * Asks for pre-votes after a short random time, so that not all do at once, instead of a whole timeout. That disturbs nobody, and
 * where links are cut in one direction the first to ask often cannot win.
 */
export function standSoon(state: CoreState): void {
  const patience = Math.floor(state.options.electionTimeoutTicks / 5) + 1;
  const soon = state.electionTicks + 1 + state.random.below(patience);
  state.electionDeadlineTicks = Math.min(state.electionDeadlineTicks, soon);
}

/** Has heard from a living leader within the shortest election timeout: no reason to help unseat it. */
export function hasLease(state: CoreState): boolean {
  return state.leader !== null && state.electionTicks < state.options.electionTimeoutTicks;
}
