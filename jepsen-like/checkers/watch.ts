import type { Call, History, WatchEvent, WatchLog } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import type { Anomaly, Checker } from './types.js';
import { drawLost, drawStrange, saidOf } from './watch-drawing.js';

/**
 * What etcd promises of a watch: its events come in the order of their revisions, each once, a revision never split; none is missing
 * between its beginning and what it has been told; progress is never ahead of them; only what was asked for.
 */
export const watch: Checker = {
  name: 'watch',
  check({ calls, watches }: History) {
    if (watches.length === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    const writes = writesOf(calls);
    for (const log of watches) checkWatch(log, writes, anomalies);
    return verdictOf(anomalies);
  },
};

/** A change that was acknowledged. */
interface Write {
  readonly key: string;
  readonly revision: number;
  readonly isDelete: boolean;
  readonly call: number;
}

/** In the order of revisions. Deletions are those of single keys that were there. */
function writesOf(calls: readonly Call[]): readonly Write[] {
  const writes: Write[] = [];
  for (const { id: call, request, outcome } of calls) {
    if (outcome.type !== 'ok') continue;
    const { value } = outcome;
    const { revision } = value;
    if (request.type === 'put') writes.push({ key: request.key, revision, isDelete: false, call });
    else if (
      request.type === 'delete' &&
      value.type === 'delete' &&
      request.rangeEnd === '' &&
      value.deleted > 0
    )
      writes.push({ key: request.key, revision, isDelete: true, call });
    else if (request.type === 'txn' && value.type === 'txn') {
      for (const operation of value.succeeded ? request.success : request.failure) {
        if (operation.type === 'put') writes.push({ key: operation.key, revision, isDelete: false, call });
      }
    }
  }
  return writes.sort((a, b) => a.revision - b.revision);
}

function checkWatch(log: WatchLog, writes: readonly Write[], anomalies: Anomaly[]): void {
  /** Among all that it said. */
  let place = -1;
  const blame = (name: string, what: string, lost: Write | null = null): void => {
    const told = `watch ${log.id} of ${log.key} from ${log.startRevision}: ${what}`;
    const said = saidOf(log);
    anomalies.push({
      ...anomalyOf(name, told, { watches: [log.id], calls: lost === null ? [] : [lost.call] }),
      drawing: lost === null ? drawStrange(log.id, said, place) : drawLost(log.id, said, lost),
    });
  };
  const told = new Set<string>();
  let from = log.startRevision;
  let last = 0;
  /** All up to here has been told. */
  let complete = 0;
  for (const entry of log.entries) {
    if (entry.type === 'created') {
      if (log.startRevision === 0) from = entry.revision + 1;
    } else if (entry.type === 'progress') {
      place += 1;
      complete = Math.max(complete, entry.revision);
    } else if (entry.type === 'events') {
      const [first] = entry.events;
      place += 1;
      if (first !== undefined && first.kv.modRevision <= complete && first.kv.modRevision > last)
        blame(
          'progress ahead of events',
          `revision ${first.kv.modRevision} comes after progress to ${complete}`,
        );
      if (first !== undefined && first.kv.modRevision <= last)
        blame('events out of order', `revision ${first.kv.modRevision} comes again or late, after ${last}`);
      for (const [nth, event] of entry.events.entries()) {
        if (nth > 0) place += 1;
        const { key, modRevision } = event.kv;
        const name = `${modRevision} ${key}`;
        if (told.has(name)) blame('event twice', `${key} at revision ${modRevision}`);
        told.add(name);
        if (modRevision < last) blame('events out of order', `revision ${modRevision} comes after ${last}`);
        if (modRevision < from)
          blame('event from before', `revision ${modRevision}, though it began at ${from}`);
        if (!isWanted(log, event)) blame('event that nobody asked for', `${event.type} of ${key}`);
        last = Math.max(last, modRevision);
      }
      complete = Math.max(complete, last);
    }
  }
  for (const write of writes) {
    if (write.revision < from || write.revision > complete || !covers(log, write.key)) continue;
    if (write.isDelete ? log.noDelete : log.noPut) continue;
    if (!told.has(`${write.revision} ${write.key}`))
      blame(
        'event lost',
        `${write.key} at revision ${write.revision}, though it was told all up to ${complete}`,
        write,
      );
  }
}

function covers({ key, rangeEnd }: WatchLog, changed: string): boolean {
  if (rangeEnd === '') return changed === key;
  return changed >= key && (rangeEnd === '\0' || changed < rangeEnd);
}

function isWanted(log: WatchLog, { type, kv }: WatchEvent): boolean {
  return covers(log, kv.key) && !(type === 'put' ? log.noPut : log.noDelete);
}
