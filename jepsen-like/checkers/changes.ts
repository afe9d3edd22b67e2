import type { Call, History, Kv } from '../history/index.js';
import { compareKeys, covers } from './key-range.js';
import type { KeyRange } from './key-range.js';
import { deletedBy, doneSteps, possibleSteps } from './writes.js';

/** That a revision changed a key, as somebody was told. */
export interface Change {
  readonly key: string;
  readonly revision: number;
  /** Null: deleted. */
  readonly value: string | null;
  /** As somebody read it; null: nobody has, or it was deleted. */
  readonly kv: Kv | null;
  /** Null: not known. */
  readonly lease: string | null;
  /** The call that told it; null: a watch did. */
  readonly call: number | null;
}

/** All that is known of what was changed when: from acknowledged writes, from reads and from watches. */
export interface Changes {
  /** In order of revision. */
  readonly all: readonly Change[];
  /** In order. */
  readonly keys: readonly string[];
  of(key: string): readonly Change[];
  /** The latest that is known at this revision. */
  latest(key: string, revision: number): Change | null;
  /**
   * Whether the key may have been deleted after this change and by that revision, by something that was asked for until then: on a lease, by a
   * deletion of a range, or by one that nobody knows the end of.
   */
  mayBeGone(change: Change, revision: number, untilUs: number): boolean;
  /** The same of any change. */
  mayHaveChanged(change: Change, revision: number, untilUs: number): boolean;
  readonly conflicts: readonly Conflict[];
}

/** Two that do not agree on what a revision did to a key. */
export interface Conflict {
  readonly first: Change;
  readonly second: Change;
}

export function gatherChanges({ calls, watches }: Pick<History, 'calls' | 'watches'>): Changes {
  const byKey = new Map<string, Map<number, Change>>();
  const conflicts: Conflict[] = [];

  function note(change: Change): void {
    const known = byKey.get(change.key) ?? new Map<number, Change>();
    byKey.set(change.key, known);
    const before = known.get(change.revision);
    if (before === undefined) known.set(change.revision, change);
    else if (!agree(before, change)) conflicts.push({ first: before, second: change });
    else if (before.kv === null && change.kv !== null)
      known.set(change.revision, { ...before, kv: change.kv, lease: change.lease });
  }

  for (const call of calls) noteCall(call, note);
  for (const { entries } of watches) {
    for (const entry of entries) {
      if (entry.type !== 'events') continue;
      for (const { type, kv, previous } of entry.events) {
        if (type === 'put') note(seen(kv, null));
        else note({ key: kv.key, revision: kv.modRevision, value: null, kv: null, lease: null, call: null });
        if (previous !== null) note(seen(previous, null));
      }
    }
  }
  const sorted = new Map(
    [...byKey].map(([key, known]) => [key, [...known.values()].sort((a, b) => a.revision - b.revision)]),
  );
  return { conflicts, ...lookUps(sorted), ...uncertainties(calls) };
}

function seen(kv: Kv, call: number | null): Change {
  return { key: kv.key, revision: kv.modRevision, value: kv.value, kv, lease: kv.lease, call };
}

function noteCall(call: Call, note: (change: Change) => void): void {
  if (call.outcome.type !== 'ok') return;
  const { revision } = call.outcome.value;
  for (const done of doneSteps(call)) {
    const { step, response } = done;
    const common = { key: step.key, revision, kv: null, call: call.id };
    if (step.type === 'put') note({ ...common, value: step.value, lease: step.lease });
    else if (step.type === 'delete' && step.rangeEnd === '' && deletedBy(done) > 0)
      note({ ...common, value: null, lease: null });
    else if (response?.type === 'range') for (const kv of response.kvs) note(seen(kv, call.id));
  }
}

function agree(a: Change, b: Change): boolean {
  if (a.value !== b.value) return false;
  if (a.lease !== null && b.lease !== null && a.lease !== b.lease) return false;
  if (a.kv === null || b.kv === null) return true;
  return a.kv.createRevision === b.kv.createRevision && a.kv.version === b.kv.version;
}

function lookUps(
  byKey: ReadonlyMap<string, readonly Change[]>,
): Pick<Changes, 'all' | 'keys' | 'of' | 'latest'> {
  return {
    all: [...byKey.values()].flat().sort((a, b) => a.revision - b.revision),
    keys: [...byKey.keys()].sort(compareKeys),
    of: (key) => byKey.get(key) ?? [],
    latest(key, revision) {
      const changes = byKey.get(key) ?? [];
      return changes[countUpTo(changes, revision) - 1] ?? null;
    },
  };
}

/** How many of them are at this revision or below. */
export function countUpTo(changes: readonly { readonly revision: number }[], revision: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.revision ?? Infinity) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Threat extends KeyRange {
  readonly isDelete: boolean;
  /** Of a deletion of a range that was acknowledged; null: nobody knows whether it happened, and when. */
  readonly revision: number | null;
  readonly invokedUs: number;
}

function uncertainties(calls: readonly Call[]): Pick<Changes, 'mayBeGone' | 'mayHaveChanged'> {
  const ofKey = new Map<string, Threat[]>();
  const ofRanges: Threat[] = [];
  const written = new Set<string>();
  for (const call of calls) {
    const { outcome, invokedUs } = call;
    for (const step of possibleSteps(call)) {
      if (step.type === 'range') continue;
      if (step.type === 'put') written.add(step.key);
      const rangeEnd = step.type === 'delete' ? step.rangeEnd : '';
      const revision = outcome.type === 'ok' ? outcome.value.revision : null;
      if (outcome.type === 'failed' || (revision !== null && rangeEnd === '')) continue;
      const threat = { key: step.key, rangeEnd, isDelete: step.type === 'delete', revision, invokedUs };
      if (rangeEnd !== '') ofRanges.push(threat);
      else {
        const known = ofKey.get(step.key);
        if (known === undefined) ofKey.set(step.key, [threat]);
        else known.push(threat);
      }
    }
  }
  const threats = (key: string): readonly Threat[] => {
    const ranges = ofRanges.filter((threat) => covers(threat, key));
    const single = ofKey.get(key) ?? [];
    return ranges.length === 0 ? single : [...single, ...ranges];
  };
  function isThreatened(
    since: Change,
    revision: number,
    untilUs: number,
    isThreat: (threat: Threat) => boolean,
  ): boolean {
    return threats(since.key).some(
      (threat) =>
        isThreat(threat) &&
        threat.invokedUs <= untilUs &&
        (threat.revision === null || (threat.revision > since.revision && threat.revision <= revision)),
    );
  }
  return {
    mayBeGone(since, revision, untilUs) {
      // What others than the recorded clients wrote, they may also delete.
      if (since.lease !== '0' || !written.has(since.key)) return true;
      return isThreatened(since, revision, untilUs, ({ isDelete }) => isDelete);
    },
    mayHaveChanged: (since, revision, untilUs) => isThreatened(since, revision, untilUs, () => true),
  };
}
