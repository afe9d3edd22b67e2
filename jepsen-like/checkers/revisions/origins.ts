import type { Call, History } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import type { Change, Changes } from '../changes.js';
import type { Anomaly } from '../types.js';
import { hasWritten, possibleSteps } from '../writes.js';
import { shown } from './words.js';

/** Calls that put a value to a key: those that may have done it, and those that were refused. */
interface Origin {
  readonly possible: Call[];
  readonly refused: Call[];
}

/** What is there was written by somebody, each write is one revision, and versions count them. */
export function checkOrigins({ calls }: History, changes: Changes): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const origins = originsOf(calls);
  const first = firstRevision(calls);
  for (const [key, values] of origins) {
    const its = changes.of(key);
    checkVersions(its, anomalies);
    const byValue = new Map<string, Change[]>();
    for (const change of its) {
      // What was there before the history began is of nobody in it.
      if (change.value === null || change.revision <= first) continue;
      const known = byValue.get(change.value);
      if (known === undefined) byValue.set(change.value, [change]);
      else known.push(change);
    }
    for (const [value, written] of byValue) checkValue(written, values.get(value), anomalies);
  }
  return anomalies;
}

function originsOf(calls: readonly Call[]): ReadonlyMap<string, ReadonlyMap<string, Origin>> {
  const origins = new Map<string, Map<string, Origin>>();
  for (const call of calls) {
    for (const step of possibleSteps(call)) {
      if (step.type !== 'put') continue;
      const values = origins.get(step.key) ?? new Map<string, Origin>();
      origins.set(step.key, values);
      const origin = values.get(step.value) ?? { possible: [], refused: [] };
      values.set(step.value, origin);
      (call.outcome.type === 'failed' ? origin.refused : origin.possible).push(call);
    }
  }
  return origins;
}

function firstRevision(calls: readonly Call[]): number {
  let first = Infinity;
  for (const call of calls) {
    if (call.outcome.type !== 'ok') continue;
    const { revision } = call.outcome.value;
    first = Math.min(first, hasWritten(call) ? revision - 1 : revision);
  }
  return first;
}

function checkValue(written: readonly Change[], origin: Origin | undefined, anomalies: Anomaly[]): void {
  const [change] = written;
  if (change === undefined) return;
  const { key, value, revision } = change;
  const told = written.map((each) => each.call).filter((call) => call !== null);
  const { possible = [], refused = [] } = origin ?? {};
  if (possible.length === 0) {
    const name = refused.length > 0 ? 'aborted read' : 'value from nowhere';
    const why = refused.length > 0 ? 'though that write was refused' : 'and nobody has written it';
    const what = `${shown(value)} is in ${key} at revision ${revision}, ${why}`;
    anomalies.push(anomalyOf(name, what, { calls: [...refused.map(({ id }) => id), ...told] }));
  } else if (possible.length < written.length) {
    const times = written.map((each) => each.revision).join(' and ');
    const what = `${shown(value)} was written to ${key} at revisions ${times}, by ${possible.length} requests`;
    anomalies.push(anomalyOf('a write that happened twice', what, { calls: possible.map(({ id }) => id) }));
  }
}

/** Of one life of a key, in order of revision. */
function checkVersions(changes: readonly Change[], anomalies: Anomaly[]): void {
  let before: Change | null = null;
  let deletedAt = 0;
  let puts = 0;
  for (const change of changes) {
    puts += 1;
    if (change.value === null) {
      before = null;
      deletedAt = change.revision;
      continue;
    }
    if (change.kv === null) continue;
    const { createRevision, version } = change.kv;
    const isSameLife = before?.kv?.createRevision === createRevision;
    const isLater = before !== null && createRevision <= before.revision;
    const grown = version - (before?.kv?.version ?? 0);
    if ((isSameLife && grown < puts) || (isLater && !isSameLife) || createRevision <= deletedAt) {
      const what =
        `${change.key} has version ${version} since revision ${createRevision} at revision ${change.revision}, and had ` +
        `${before?.kv?.version ?? 0} since ${before?.kv?.createRevision ?? 0} at ${before?.revision ?? deletedAt}`;
      const calls = [before?.call ?? null, change.call].filter((call) => call !== null);
      anomalies.push(anomalyOf('impossible version', what, { calls }));
    }
    before = change;
    puts = 0;
  }
}
