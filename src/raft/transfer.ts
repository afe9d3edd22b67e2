import { isVoter } from './configuration.js';
import type { CoreState, Leading } from './state.js';
import type { NodeId, Rejection } from './types.js';

/**
 * Hands the leadership over (dissertation §3.10): no more proposals, bring the successor's log up to date, tell it to
 * campaign at once. Ends with the successor's election, or after an election timeout, so that a lost message cannot
 * hold up writes for good.
 */
export function transferLeadership(state: CoreState, to: NodeId): Rejection | null {
  const { leading } = state;
  if (leading === null) return 'not-leader';
  if (to === state.id) {
    leading.transferee = null;
    return null;
  }
  if (!leading.progress.has(to) || !isVoter(state.history.latest, to)) return 'unknown-node';
  if (leading.transferee === to) return null;
  leading.transferee = to;
  leading.transferTicks = 0;
  continueTransfer(state, leading, to);
  return null;
}

/** `node` has answered: if it is the successor and holds the whole log, its time has come. */
export function continueTransfer(state: CoreState, leading: Leading, node: NodeId): void {
  if (leading.transferee !== node) return;
  if (leading.progress.get(node)?.match === state.log.lastIndex) sendTimeoutNow(state, node);
}

export function tickTransfer(state: CoreState, leading: Leading): void {
  if (leading.transferee === null) return;
  leading.transferTicks++;
  if (leading.transferTicks >= state.options.electionTimeoutTicks) leading.transferee = null;
}

export function sendTimeoutNow(state: CoreState, to: NodeId): void {
  state.outbox.messages.push({ type: 'timeout-now', from: state.id, to, term: state.term });
}
