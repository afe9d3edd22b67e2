import { becomeFollower, standSoon } from './role.js';
import type { CoreState } from './state.js';
import type { Position, PreVote, Vote } from './types.js';

/** Raft §5.4.1: the candidate's log must hold all that may be committed. */
function isUpToDate(state: CoreState, last: Position): boolean {
  const term = state.log.lastTerm;
  return last.term > term || (last.term === term && last.index >= state.log.lastIndex);
}

function isFreeFor(state: CoreState, candidate: string): boolean {
  return state.vote === candidate || (state.vote === null && state.leader === null);
}

/**
 * Would this node vote for the sender? Nothing changes here: no term, no vote, no timer. A grant names the term that
 * the sender would campaign in, so that it can tell this round from another. A refusal names our own, so that a
 * sender whose term is behind moves on (without it, a node with a newer term and an older log and another one the
 * other way round would refuse each other for ever: etcd #8501).
 */
export function answerPreVote(state: CoreState, message: PreVote): void {
  const free = message.term > state.term || (message.term === state.term && isFreeFor(state, message.from));
  const granted = free && isUpToDate(state, message.last);
  const term = granted ? message.term : state.term;
  state.outbox.messages.push({ type: 'pre-vote-response', from: state.id, to: message.from, term, granted });
  // The sender hears no leader either, and cannot win. This node may.
  if (free && !granted && state.role === 'follower') standSoon(state);
  if (granted && state.role === 'pre-candidate' && yieldsTo(state, message)) {
    becomeFollower(state, state.term, null);
    standSoon(state);
    state.hasYielded = true;
  }
}

/**
 * Two that ask at the same time would both be told yes, both stand, split the votes and wait out another timeout. One
 * gives way: the one with the older log, or of two equal ones that with the greater name. But once only: the other one may
 * never hear the consent, where links are cut in one direction.
 */
function yieldsTo(state: CoreState, { from, last }: PreVote): boolean {
  if (state.hasYielded) return false;
  const isEqual = last.term === state.log.lastTerm && last.index === state.log.lastIndex;
  return !isEqual || from < state.id;
}

/**
 * Votes once in a term (Raft §5.2), whatever role the own configuration gives to either side: it may be behind the
 * sender's (a promoted learner that has not heard of it must vote). The answer waits until the vote is durable.
 */
export function answerVote(state: CoreState, message: Vote): void {
  const granted =
    message.term === state.term && isFreeFor(state, message.from) && isUpToDate(state, message.last);
  if (granted) {
    state.vote = message.from;
    state.electionTicks = 0;
  }
  const { id: from, term } = state;
  state.outbox.afterPersist.push({ type: 'vote-response', from, to: message.from, term, granted });
}
