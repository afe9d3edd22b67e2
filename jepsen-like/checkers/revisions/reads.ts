import type { Call, History, Kv, RangeRequest, RangeResponse } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import type { Change, Changes } from '../changes.js';
import { compareKeys, covers } from '../key-range.js';
import type { Anomaly } from '../types.js';
import { deletedBy, doneSteps, hasWritten } from '../writes.js';
import { shown } from './words.js';

interface Read {
  readonly call: Call;
  readonly request: RangeRequest;
  readonly response: RangeResponse;
  /** The revision that it sees. */
  readonly revision: number;
  /** Keys that the same transaction writes: what it sees of them hangs on the order of its steps. */
  readonly own: ReadonlySet<string>;
}

/** A read at a revision has the latest change of each key at or below it that anybody knows of. */
export function checkReads({ calls }: History, changes: Changes): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  for (const call of calls) {
    for (const read of readsOf(call)) {
      checkForm(read, anomalies);
      checkSeen(read, changes, anomalies);
    }
  }
  return anomalies;
}

function readsOf(call: Call): readonly Read[] {
  if (call.outcome.type !== 'ok') return [];
  const steps = doneSteps(call);
  const now = call.outcome.value.revision;
  const own = new Set(steps.flatMap(({ step }) => (step.type === 'put' ? [step.key] : [])));
  // What a deletion of a range deletes is not told by the answer.
  const isVague = steps.some((done) => done.step.type === 'delete' && deletedBy(done) > 0);
  if (isVague) return [];
  return steps.flatMap(({ step: request, response }) =>
    request.type === 'range' && response?.type === 'range'
      ? [{ call, request, response, revision: request.revision > 0 ? request.revision : now, own }]
      : [],
  );
}

/** In order, within what was asked for, and not from the future. */
function checkForm({ call, request, response, revision, own }: Read, anomalies: Anomaly[]): void {
  const { kvs, count, more } = response;
  const blame = (name: string, what: string): void =>
    void anomalies.push(
      anomalyOf(name, `call ${call.id}, a read of ${request.key}: ${what}`, { calls: [call.id] }),
    );
  for (const [place, kv] of kvs.entries()) {
    const before = kvs[place - 1];
    if (!covers(request, kv.key)) blame('malformed answer', `${kv.key} was not asked for`);
    if (before !== undefined && compareKeys(before.key, kv.key) >= 0)
      blame('malformed answer', `${kv.key} comes after ${before.key}`);
    if (kv.modRevision > revision && !own.has(kv.key))
      blame('a read from the future', `it sees revision ${kv.modRevision} at revision ${revision}`);
    checkVersion(kv, blame);
  }
  if (request.limit > 0 && kvs.length > request.limit)
    blame('malformed answer', 'it has more keys than its limit');
  if (count < kvs.length || more !== count > kvs.length)
    blame(
      'malformed answer',
      `it counts ${count} keys and has ${kvs.length}, and says ${more ? '' : 'not '}more`,
    );
}

function checkVersion(
  { key, createRevision, modRevision, version }: Kv,
  blame: (name: string, what: string) => void,
): void {
  const isFirst = version === 1;
  if (version < 1 || createRevision > modRevision || isFirst !== (createRevision === modRevision))
    blame(
      'impossible version',
      `${key} has version ${version}, from revision ${createRevision} to ${modRevision}`,
    );
}

function checkSeen(read: Read, changes: Changes, anomalies: Anomaly[]): void {
  const { request, response, own } = read;
  if (request.rangeEnd === '') {
    if (!own.has(request.key)) checkKey(read, request.key, response.kvs[0], changes, anomalies);
    return;
  }
  const seen = new Map(response.kvs.map((kv) => [kv.key, kv]));
  // A list that was cut says nothing of the keys behind its end.
  const last = response.more ? response.kvs.at(-1)?.key : undefined;
  for (let place = placeOf(changes.keys, request.key); place < changes.keys.length; place++) {
    const key = changes.keys[place] ?? '';
    if (!covers(request, key) || (last !== undefined && compareKeys(key, last) > 0)) break;
    if (!own.has(key)) checkKey(read, key, seen.get(key), changes, anomalies);
  }
}

/** Of the first of the keys that is not below this one. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkKey(
  { call, revision }: Read,
  key: string,
  kv: Kv | undefined,
  changes: Changes,
  anomalies: Anomaly[],
): void {
  const seen = kv?.modRevision ?? 0;
  const latest = changes.latest(key, revision);
  if (latest === null || latest.revision <= seen) return;
  if (seen === 0 && mayBeAbsent(latest, { call, revision }, changes)) return;
  const what =
    `a read of ${key} at revision ${revision} sees ${seen === 0 ? 'nothing' : `the write of revision ${seen}`}, ` +
    `though revision ${latest.revision} wrote ${shown(latest.value)}`;
  const calls = [latest.call, call.id].filter((each) => each !== null);
  anomalies.push(anomalyOf('a read misses a write', what, { calls }));
}

function mayBeAbsent(
  latest: Change,
  { call, revision }: Pick<Read, 'call' | 'revision'>,
  changes: Changes,
): boolean {
  return latest.value === null || changes.mayBeGone(latest, revision, call.completedUs ?? Infinity);
}

/** A call that wrote sees in its compares what was there one revision before. */
export function revisionBefore(call: Call): number {
  const revision = call.outcome.type === 'ok' ? call.outcome.value.revision : 0;
  return hasWritten(call) ? revision - 1 : revision;
}
