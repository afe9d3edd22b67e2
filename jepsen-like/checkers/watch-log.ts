import type { WatchEvent, WatchLog } from '../history/index.js';
import { covers } from './key-range.js';

export interface Told {
  readonly event: WatchEvent;
}

/** What a watch said, and what is wrong with it whatever the store holds. */
export interface WatchStory {
  readonly told: readonly Told[];
  /** The first revision that it is about. */
  readonly from: number;
  /** All up to here has been told. */
  readonly complete: number;
  readonly complaints: readonly Complaint[];
}

export interface Complaint {
  readonly name: string;
  readonly what: string;
  readonly revision: number;
}

export function readWatch(log: WatchLog): WatchStory {
  const complaints: Complaint[] = [];
  const told: Told[] = [];
  const names = new Set<string>();
  let from = log.startRevision;
  /** The highest revision that came, and the highest that came before the present answer. */
  let last = 0;
  let before = 0;
  let complete = 0;

  function take(event: WatchEvent): void {
    const { key, modRevision: revision } = event.kv;
    const name = `${revision} ${key}`;
    const blame = (what: string, why: string): void =>
      void complaints.push({ name: what, what: why, revision });
    if (names.has(name)) blame('event twice', `${key} at revision ${revision}`);
    else if (revision < last) blame('events out of order', `revision ${revision} comes after ${last}`);
    else if (revision === before) blame('split revision', `revision ${revision} comes in two answers`);
    else if (revision <= complete)
      blame('progress ahead of events', `revision ${revision} comes after progress to ${complete}`);
    if (revision < from) blame('event from before', `revision ${revision}, though it began at ${from}`);
    if (!covers(log, key) || (event.type === 'put' ? log.noPut : log.noDelete))
      blame('event that nobody asked for', `${event.type} of ${key}`);
    names.add(name);
    told.push({ event });
    last = Math.max(last, revision);
  }

  for (const entry of log.entries) {
    if (entry.type === 'created' && log.startRevision === 0) from = entry.revision + 1;
    else if (entry.type === 'progress') complete = Math.max(complete, entry.revision);
    else if (entry.type === 'events') {
      before = last;
      for (const event of entry.events) take(event);
      complete = Math.max(complete, last);
    } else if (entry.type === 'compacted' && entry.compactRevision < Math.max(from, last)) {
      const what = `it ended for a compaction up to ${entry.compactRevision}, and goes on from ${Math.max(from, last + 1)}`;
      complaints.push({ name: 'wrongly compacted', what, revision: entry.compactRevision });
    }
  }
  return { told, from, complete, complaints };
}
