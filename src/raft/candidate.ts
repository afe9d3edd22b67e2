import { votersOf } from './configuration.js';
import { becomeLeader } from './leader.js';
import { voteResult } from './quorum.js';
import { becomeFollower, enterRole, enterTerm, standSoon } from './role.js';
import { isPromotable } from './state.js';
import type { CoreState } from './state.js';
import type { PreVoteResponse, VoteResponse } from './types.js';

/**
 * Asks whether an election could be won, in the term that it would have, before it disturbs anybody (dissertation
 * §9.6). Keeps no promise, so nothing of it waits for the disk.
 */
export function startPreVote(state: CoreState): void {
  if (state.role === 'leader' || !isPromotable(state)) return;
  enterRole(state, 'pre-candidate', null);
  standSoon(state);
  state.votes.set(state.id, true);
  const term = state.term + 1;
  const last = state.log.last;
  for (const to of votersOf(state.history.latest)) {
    if (to !== state.id) state.outbox.messages.push({ type: 'pre-vote', from: state.id, to, term, last });
  }
  tallyPreVotes(state);
}

/**
 * Stands for election. Requests go out once our vote for ourselves is durable, and only then it counts: otherwise a
 * lone voter could lead a term, crash, forget, and lead the same term once more with other entries.
 */
export function startElection(state: CoreState, transfer: boolean): void {
  if (state.role === 'leader' || !isPromotable(state)) return;
  enterTerm(state, state.term + 1);
  enterRole(state, 'candidate', null);
  state.vote = state.id;
  const { id: from, term } = state;
  const last = state.log.last;
  for (const to of votersOf(state.history.latest)) {
    if (to !== from) state.outbox.afterPersist.push({ type: 'vote', from, to, term, last, transfer });
  }
}

export function onOwnVoteDurable(state: CoreState): void {
  state.votes.set(state.id, true);
  tallyVotes(state);
}

export function onPreVoteResponse(state: CoreState, message: PreVoteResponse): void {
  if (state.role !== 'pre-candidate') return;
  if (message.granted && message.term !== state.term + 1) return; // Of another round.
  state.votes.set(message.from, message.granted);
  tallyPreVotes(state);
}

export function onVoteResponse(state: CoreState, message: VoteResponse): void {
  if (state.role !== 'candidate') return;
  state.votes.set(message.from, message.granted);
  tallyVotes(state);
}

function tallyPreVotes(state: CoreState): void {
  const result = voteResult(state.history.latest, state.votes);
  if (result === 'won') startElection(state, false);
  else if (result === 'lost') {
    becomeFollower(state, state.term, null);
    standSoon(state);
  }
}

function tallyVotes(state: CoreState): void {
  const result = voteResult(state.history.latest, state.votes);
  if (result === 'won') becomeLeader(state);
  else if (result === 'lost') becomeFollower(state, state.term, null);
}
