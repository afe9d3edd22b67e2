import type { Call, History, WatchLog } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { countUpTo, gatherChanges } from './changes.js';
import type { Change, Changes } from './changes.js';
import { covers } from './key-range.js';
import type { Anomaly, Checker } from './types.js';
import { drawingOf } from './watch-drawing.js';
import { readWatch } from './watch-log.js';
import type { Told } from './watch-log.js';

/**
 * What etcd promises of a watch: its events come in the order of their revisions, each once, a revision never split; none is missing
 * between its beginning and what it has been told; progress is never ahead of them; only what was asked for, with what was there before.
 */
export const watch: Checker = {
  name: 'watch',
  check(history: History) {
    if (history.watches.length === 0) return { type: 'skipped' };
    const changes = gatherChanges(history);
    const compacted = compactedUpTo(history);
    const anomalies: Anomaly[] = [];
    for (const log of history.watches) checkWatch(log, { changes, compacted }, anomalies);
    return verdictOf(anomalies);
  },
};

interface Known {
  /** Of all watches, calls and reads together: what one was told, no other may miss. */
  readonly changes: Changes;
  readonly compacted: number;
}

/** Below this, the past may be gone. */
function compactedUpTo({ calls, watches }: History): number {
  const asked = calls.map(({ request, outcome }: Call) =>
    request.type === 'compact' && outcome.type !== 'failed' ? request.revision : 0,
  );
  const told = watches.flatMap(({ entries }) =>
    entries.map((entry) => (entry.type === 'compacted' ? entry.compactRevision : 0)),
  );
  return [...asked, ...told].reduce((most, each) => Math.max(most, each), 0);
}

function checkWatch(log: WatchLog, { changes, compacted }: Known, anomalies: Anomaly[]): void {
  const { told, from, complete, complaints } = readWatch(log);
  const title = `watch ${log.id} of ${log.key}${log.rangeEnd === '' ? '' : ' and others'} from ${log.startRevision}`;
  const blame = (name: string, what: string, at: number, change?: Change): void =>
    void anomalies.push({
      ...anomalyOf(name, `${title}: ${what}`, {
        watches: [log.id],
        calls: change?.call === null || change === undefined ? [] : [change.call],
      }),
      drawing: drawingOf(log, { told, changes, from, complete }, at),
    });
  for (const { name, what, revision } of complaints) blame(name, what, revision);
  for (const each of told) checkPrevious(log, each, { changes, compacted }, blame);
  const names = new Set(told.map(({ event: { kv } }) => nameOf(kv.key, kv.modRevision)));
  for (const change of changesWithin(log, changes, from, complete)) {
    if (!isWanted(log, change) || names.has(nameOf(change.key, change.revision))) continue;
    const what = `${change.key} at revision ${change.revision} is missing, though it was told all up to ${complete}`;
    blame('event lost', what, change.revision, change);
  }
}

const nameOf = (key: string, revision: number): string => `${revision} ${key}`;

function changesWithin(log: WatchLog, changes: Changes, from: number, to: number): readonly Change[] {
  const its = log.rangeEnd === '' ? changes.of(log.key) : changes.all;
  return its.slice(countUpTo(its, from - 1), countUpTo(its, to));
}

function isWanted(log: WatchLog, { key, value }: Change): boolean {
  return covers(log, key) && !(value === null ? log.noDelete : log.noPut);
}

/** What was there before comes along when that was asked for, unless the past is gone. */
function checkPrevious(
  log: WatchLog,
  { event: { type, kv, previous } }: Told,
  { changes, compacted }: Known,
  blame: (name: string, what: string, at: number) => void,
): void {
  const { key, modRevision } = kv;
  const at = `${key} at revision ${modRevision}`;
  if (previous === null) {
    const wasThere = type === 'delete' || kv.version > 1;
    if (log.prevKv && wasThere && modRevision - 1 > compacted)
      blame('wrong previous value', `${at} comes without what was there before`, modRevision);
    return;
  }
  const latest = changes.latest(key, modRevision - 1);
  const isTooOld = latest !== null && latest.revision > previous.modRevision;
  const isFirst = type === 'put' && kv.version === 1;
  if (!log.prevKv) blame('wrong previous value', `${at} comes with what was there before`, modRevision);
  else if (previous.key !== key || previous.modRevision >= modRevision || isFirst || isTooOld)
    blame(
      'wrong previous value',
      `${at} comes with what was there at ${previous.modRevision}${isTooOld ? `, and not at ${latest.revision}` : ''}`,
      modRevision,
    );
}
