import { some } from '../base/index.js';
import type { Progress } from './progress.js';
import type { CoreState, Leading } from './state.js';
import type { Entry, NodeId } from './types.js';

/**
 * Sends every peer what it lacks, once a turn: what was proposed in one turn leaves in one message. Appends leave
 * before our own entries are durable; the leader counts itself only when they are (dissertation §10.2.1).
 */
export function sendAppends(state: CoreState, leading: Leading): void {
  for (const [node, progress] of leading.progress) {
    if (wantsAppend(state, progress)) sendAppendsTo(state, node, progress);
  }
}

export function hasAppendsToSend(state: CoreState, leading: Leading): boolean {
  for (const progress of leading.progress.values()) if (wantsAppend(state, progress)) return true;
  return false;
}

export function sendHeartbeats(state: CoreState, leading: Leading): void {
  leading.heartbeatDue = false;
  leading.heartbeatTicks = 0;
  const readContext = leading.reads.readContext;
  const { id: from, term, outbox } = state;
  for (const [to, progress] of leading.progress) {
    const commit = Math.min(progress.match, state.commit);
    outbox.messages.push({ type: 'heartbeat', from, to, term, commit, readContext });
  }
}

/** Its entries are compacted here, or it said that it can start from a snapshot only. */
function lacksSnapshot(state: CoreState, progress: Progress): boolean {
  return progress.needsSnapshot || progress.next <= state.log.snapshot.index;
}

function wantsAppend(state: CoreState, progress: Progress): boolean {
  switch (progress.state) {
    case 'snapshot':
      return false;
    case 'probe':
      if (progress.probeSent) return false;
      // To a dead peer a snapshot is wasted; and there must be something to take one of.
      return lacksSnapshot(state, progress) ? progress.recentActive && state.applied > 0 : true;
    case 'replicate':
      if (progress.poke) return true;
      if (progress.windowFull) return false;
      return progress.next <= state.log.lastIndex || progress.commitSent < state.commit;
  }
}

function sendAppendsTo(state: CoreState, node: NodeId, progress: Progress): void {
  if (lacksSnapshot(state, progress)) {
    progress.becomeSnapshot();
    state.outbox.sendSnapshotTo.push(node);
    return;
  }
  const { log } = state;
  const { appendSizeBytesMax } = state.options;
  if (progress.state === 'probe') {
    progress.probeSent = true;
    sendAppend(state, node, progress, log.from(progress.next, appendSizeBytesMax));
    return;
  }
  let sent = false;
  while (progress.next <= log.lastIndex && !progress.windowFull) {
    const entries = log.from(progress.next, appendSizeBytesMax);
    sendAppend(state, node, progress, entries);
    progress.sentEntries(progress.next + entries.length - 1);
    sent = true;
  }
  // Without entries it still carries the commit index, and shows by a refusal when something before it was lost.
  if (!sent) sendAppend(state, node, progress, []);
  progress.commitSent = state.commit;
  progress.poke = false;
}

function sendAppend(state: CoreState, to: NodeId, progress: Progress, entries: readonly Entry[]): void {
  const { id: from, term, commit } = state;
  const index = progress.next - 1;
  const previous = { term: some(state.log.termAt(index), 'the entry before those to send is known'), index };
  state.outbox.messages.push({ type: 'append', from, to, term, previous, entries, commit });
}
