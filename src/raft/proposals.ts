import { emptyBytes } from '../base/index.js';
import { changeConfiguration } from './confchange.js';
import { decodeConfigurationChange, encodeConfigurationChange, isEncodable } from './confcodec.js';
import { isJoint, isVoter, membersOf } from './configuration.js';
import { entrySizeBytes } from './log.js';
import { Progress } from './progress.js';
import { isMemberItself } from './state.js';
import type { CoreState, Leading } from './state.js';
import type { ConfigurationChange, Entry, EntryKind, Propose, Rejection } from './types.js';

/** Commands of this node's own driver: all are taken, or none. */
export function propose(state: CoreState, commands: readonly Uint8Array[]): Rejection | null {
  if (state.leading !== null) return proposeToLog(state, state.leading, commands);
  if (state.leader === null || !isMemberItself(state)) return 'no-leader';
  for (const data of commands) state.outbox.forwards.push({ kind: 'normal', data });
  return null;
}

/** The leader decides; a follower forwards, and then hears of a refusal only by never seeing the entry. */
export function proposeConfiguration(state: CoreState, change: ConfigurationChange): Rejection | null {
  if (!isEncodable(change)) return 'invalid-configuration-change';
  if (state.leading !== null) return proposeChangeToLog(state, state.leading, change);
  if (state.leader === null || !isMemberItself(state)) return 'no-leader';
  state.outbox.forwards.push({ kind: 'configuration', data: encodeConfigurationChange(change) });
  return null;
}

/**
 * What another member forwarded: refusals are silent, its driver gives up after a while. One that no longer leads
 * passes it on, but not back.
 */
export function onPropose(state: CoreState, message: Propose): void {
  const { leading } = state;
  if (leading === null) {
    if (state.leader !== null && state.leader !== message.from)
      state.outbox.forwards.push(...message.entries);
    return;
  }
  takeForwarded(state, leading, message.entries);
}

function takeForwarded(state: CoreState, leading: Leading, entries: Propose['entries']): void {
  const commands: Uint8Array[] = [];
  for (const { kind, data } of entries) {
    if (kind === 'normal') {
      commands.push(data);
      continue;
    }
    const change = decodeConfigurationChange(data);
    if (change !== null) proposeChangeToLog(state, leading, change);
  }
  if (commands.length > 0) proposeToLog(state, leading, commands);
}

/** The commands of one turn leave in one message, to whoever leads by now. */
export function flushForwards(state: CoreState): void {
  const entries = state.outbox.forwards;
  if (entries.length === 0) return;
  state.outbox.forwards = [];
  if (state.leading !== null) takeForwarded(state, state.leading, entries);
  else if (state.leader !== null) {
    const { id: from, term, leader: to } = state;
    state.outbox.messages.push({ type: 'propose', from, to, term, entries });
  }
}

/** Every member but the leader has a progress, and nobody else. */
export function trackMembers(
  state: CoreState,
  leading: Leading,
  options: { readonly active: boolean },
): void {
  const members = membersOf(state.history.latest);
  for (const node of leading.progress.keys()) if (!members.includes(node)) leading.progress.delete(node);
  for (const node of members) {
    if (node === state.id || leading.progress.has(node)) continue;
    const { inflightMessagesMax, electionTimeoutTicks } = state.options;
    leading.progress.set(
      node,
      new Progress(state.log.lastIndex + 1, {
        inflightsMax: inflightMessagesMax,
        patienceTicks: electionTimeoutTicks,
        isActive: options.active,
      }),
    );
  }
  if (leading.transferee !== null && !isVoter(state.history.latest, leading.transferee))
    leading.transferee = null;
}

/** The leader's own second half of a joint change. No limit and no transfer holds it up. */
export function leaveJoint(state: CoreState, leading: Leading): void {
  takeChange(state, leading, { type: 'leave-joint' });
}

export function appendToLog(state: CoreState, leading: Leading, kind: EntryKind, data: Uint8Array): void {
  const entry: Entry = { term: state.term, index: state.log.lastIndex + 1, kind, data };
  state.log.push(entry);
  leading.uncommittedBytes += entrySizeBytes(entry);
}

export function openTerm(state: CoreState, leading: Leading): void {
  appendToLog(state, leading, 'normal', emptyBytes);
}

function proposeToLog(state: CoreState, leading: Leading, commands: readonly Uint8Array[]): Rejection | null {
  const rejection = refusalOfLeader(state, leading);
  if (rejection !== null) return rejection;
  let sizeBytes = 0;
  for (const data of commands) sizeBytes += data.length;
  const full = leading.uncommittedBytes + sizeBytes > state.options.uncommittedSizeBytesMax;
  // One turn's commands are taken when nothing else waits, however large: a limit must not refuse for ever.
  if (full && state.commit < state.log.lastIndex) return 'too-many-uncommitted';
  for (const data of commands) appendToLog(state, leading, 'normal', data);
  return null;
}

function proposeChangeToLog(
  state: CoreState,
  leading: Leading,
  change: ConfigurationChange,
): Rejection | null {
  const rejection = refusalOfLeader(state, leading);
  if (rejection !== null) return rejection;
  const { history, commit } = state;
  // One at a time; and not before an entry of this term is committed: an uncommitted change of an older term may
  // still be in some log, and the two might have disjoint majorities (Ongaro's correction of 2015).
  if (history.latestIndex > commit || commit < leading.termStart) return 'configuration-change-in-progress';
  if (isJoint(history.latest) && change.type === 'change') return 'configuration-change-in-progress';
  return takeChange(state, leading, change) ? null : 'invalid-configuration-change';
}

function takeChange(state: CoreState, leading: Leading, change: ConfigurationChange): boolean {
  const result = changeConfiguration(state.history.latest, change);
  if (result.type === 'refused') return false;
  appendToLog(state, leading, 'configuration', encodeConfigurationChange(change));
  state.history.append([{ index: state.log.lastIndex, configuration: result.configuration }]);
  trackMembers(state, leading, { active: true }); // So that check-quorum gives a newcomer time to answer.
  return true;
}

function refusalOfLeader(state: CoreState, leading: Leading): Rejection | null {
  if (leading.transferee !== null) return 'transferring-leadership';
  return isVoter(state.history.latest, state.id) ? null : 'not-leader';
}
