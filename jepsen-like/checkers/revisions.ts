import type { Call, History, Kv, PutRequest, Request, Response } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import type { Anomaly, Checker } from './types.js';

/**
 * Answers carry revisions, which claim an order: what one revision wrote is the same to everybody, writes have revisions of their own,
 * reads see the latest write below theirs, and revisions never go back in real time.
 */
export const revisions: Checker = {
  name: 'revisions',
  check(history: History) {
    if (history.calls.length === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    const facts = gatherFacts(history, anomalies);
    checkReads(history, facts, anomalies);
    checkRealTime(history, anomalies);
    return verdictOf(anomalies);
  },
};

interface Facts {
  /** Keys that hung on a lease: they may go without anybody's request. */
  readonly leased: ReadonlySet<string>;
  /** For each key: the revisions that are known to have changed it, in order; null: deleted. */
  readonly changes: ReadonlyMap<string, readonly Change[]>;
}

interface Change {
  readonly revision: number;
  /** Undefined: it is only known that something was written. */
  readonly value: string | null;
  readonly call: number;
}

function gatherFacts({ calls, watches }: History, anomalies: Anomaly[]): Facts {
  const changes = new Map<string, Map<number, Change>>();
  const owners = new Map<number, number>();
  const leased = new Set<string>();

  function note(key: string, revision: number, value: string | null, call: number): void {
    const known = changes.get(key) ?? new Map<number, Change>();
    changes.set(key, known);
    const before = known.get(revision);
    if (before === undefined) known.set(revision, { revision, value, call });
    else if (before.value !== value) {
      const what = `revision ${revision} of ${key} is ${shown(before.value)} to one and ${shown(value)} to another`;
      anomalies.push(anomalyOf('two values of one revision', what, { calls: [before.call, call] }));
    }
  }

  function own(revision: number, call: number): void {
    const owner = owners.get(revision);
    if (owner === undefined) owners.set(revision, call);
    else
      anomalies.push(
        anomalyOf('a revision twice', `two writes have revision ${revision}`, { calls: [owner, call] }),
      );
  }

  for (const call of calls) {
    // Whatever came of it: one that was never answered may have hung its key on the lease all the same.
    for (const { key, lease } of putsOf(call.request)) if (lease !== '0') leased.add(key);
    if (call.outcome.type !== 'ok') continue;
    const wrote = noteWrites(call.request, call.outcome.value, (key, revision, value) =>
      note(key, revision, value, call.id),
    );
    if (wrote !== null) own(wrote, call.id);
    for (const kv of kvsOf(call.outcome.value)) {
      note(kv.key, kv.modRevision, kv.value, call.id);
      if (kv.lease !== '0') leased.add(kv.key);
    }
  }
  for (const { entries } of watches) {
    for (const entry of entries) {
      if (entry.type !== 'events') continue;
      for (const { type, kv } of entry.events)
        note(kv.key, kv.modRevision, type === 'put' ? kv.value : null, -1);
    }
  }
  return {
    leased,
    changes: new Map(
      [...changes].map(([key, known]) => [key, [...known.values()].sort((a, b) => a.revision - b.revision)]),
    ),
  };
}

/** The revision that the request made, if it made one. */
function noteWrites(
  request: Request,
  response: Response,
  note: (key: string, revision: number, value: string | null) => void,
): number | null {
  const { revision } = response;
  if (request.type === 'put') {
    note(request.key, revision, request.value);
    return revision;
  }
  if (request.type === 'delete' && response.type === 'delete') {
    if (response.deleted === 0) return null;
    if (request.rangeEnd === '') note(request.key, revision, null);
    return revision;
  }
  if (request.type !== 'txn' || response.type !== 'txn') return null;
  let wrote = false;
  for (const [place, operation] of (response.succeeded ? request.success : request.failure).entries()) {
    if (operation.type === 'put') {
      wrote = true;
      note(operation.key, revision, operation.value);
    } else if (operation.type === 'delete') {
      const answer = response.responses[place];
      if (answer?.type === 'delete' && answer.deleted > 0) wrote = true;
    }
  }
  return wrote ? revision : null;
}

function putsOf(request: Request): readonly PutRequest[] {
  if (request.type === 'put') return [request];
  if (request.type !== 'txn') return [];
  return [...request.success, ...request.failure].filter((each): each is PutRequest => each.type === 'put');
}

function kvsOf(response: Response): readonly Kv[] {
  if (response.type === 'range') return response.kvs;
  return response.type === 'txn' ? response.responses.flatMap(kvsOf) : [];
}

/** A read of one key at a revision has the latest change at or below it that anybody knows of. */
function checkReads({ calls }: History, { changes, leased }: Facts, anomalies: Anomaly[]): void {
  for (const { id, request, outcome } of calls) {
    if (outcome.type !== 'ok' || request.type !== 'range' || request.rangeEnd !== '') continue;
    if (outcome.value.type !== 'range') continue;
    const at = request.revision > 0 ? request.revision : outcome.value.revision;
    const seen = outcome.value.kvs[0]?.modRevision ?? 0;
    const latest = latestBelow(changes.get(request.key) ?? [], at);
    if (latest === null || latest.revision <= seen) continue;
    if (seen === 0 && (latest.value === null || leased.has(request.key))) continue;
    const what =
      `a read of ${request.key} at revision ${at} sees ${seen === 0 ? 'nothing' : `the write of revision ${seen}`}, ` +
      `though revision ${latest.revision} wrote ${shown(latest.value)}`;
    anomalies.push(
      anomalyOf('a read misses a write', what, { calls: [latest.call, id].filter((call) => call >= 0) }),
    );
  }
}

function latestBelow(changes: readonly Change[], revision: number): Change | null {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.revision ?? Infinity) <= revision) low = middle + 1;
    else high = middle;
  }
  return changes[low - 1] ?? null;
}

/** What begins after something was answered is not older than that answer, unless it allows for it. */
function checkRealTime({ calls }: History, anomalies: Anomaly[]): void {
  const ends = calls
    .filter(({ outcome, completedUs }) => outcome.type === 'ok' && completedUs !== null)
    .sort((a, b) => (a.completedUs ?? 0) - (b.completedUs ?? 0));
  let next = 0;
  let newest: Call | null = null;
  let newestRevision = 0;
  for (const call of calls) {
    for (
      let end = ends[next];
      end !== undefined && (end.completedUs ?? Infinity) < call.invokedUs;
      end = ends[++next]
    ) {
      const revision = end.outcome.type === 'ok' ? end.outcome.value.revision : 0;
      if (revision > newestRevision) {
        newestRevision = revision;
        newest = end;
      }
    }
    if (
      call.outcome.type !== 'ok' ||
      !isLinearizable(call.request) ||
      call.outcome.value.revision >= newestRevision
    )
      continue;
    const what =
      `call ${call.id} was answered at revision ${call.outcome.value.revision}, though revision ${newestRevision} ` +
      'had been answered before it began';
    anomalies.push(anomalyOf('a stale answer', what, { calls: [newest?.id ?? call.id, call.id] }));
  }
}

function isLinearizable(request: Request): boolean {
  switch (request.type) {
    case 'range':
      return !request.serializable;
    case 'put':
    case 'delete':
    case 'txn':
      return true;
    case 'compact':
    case 'lease-grant':
    case 'lease-revoke':
    case 'lease-keep-alive':
    case 'lease-time-to-live':
      return false;
  }
}

function shown(value: string | null): string {
  return value === null ? 'a deletion' : JSON.stringify(value.slice(0, 40));
}
