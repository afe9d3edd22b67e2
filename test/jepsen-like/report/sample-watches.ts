import type { Kv, WatchEntry, WatchLog } from '../../../jepsen-like/history/index.js';
import type { Random } from '../../../src/base/index.js';

/** A few watches that live long, lose their streams and go on. */
export function sampleWatches(random: Random, durationUs: number): WatchLog[] {
  const watches: WatchLog[] = [];
  for (let client = 0; client < 4; client++) {
    let startRevision = 0;
    let resumes: number | null = null;
    for (let at = random.below(1_000_000); at < durationUs;) {
      const endUs = Math.min(durationUs - 1, at + 20_000_000 + random.below(30_000_000));
      const entries = entriesOf(random, at, endUs);
      const id = watches.length;
      watches.push({
        ...{
          id,
          process: client,
          member: `m${(id % 5) + 1}`,
          key: 'register/',
          rangeEnd: 'register0',
          startRevision,
        },
        ...{ prevKv: false, noPut: false, noDelete: false, requestedUs: at, entries, resumes },
      });
      resumes = id;
      startRevision = Math.floor(endUs / 1300);
      at = endUs + 100_000 + random.below(200_000);
    }
  }
  return watches;
}

function entriesOf(random: Random, fromUs: number, endUs: number): WatchEntry[] {
  const entries: WatchEntry[] = [
    { atUs: fromUs + 1500, type: 'created', revision: Math.floor(fromUs / 1300) },
  ];
  for (let at = fromUs + 5000; at < endUs; at += 20_000 + random.below(60_000)) {
    const revision = Math.floor(at / 1300);
    if (random.chance(0.1)) entries.push({ atUs: at, type: 'progress', revision });
    else
      entries.push({
        ...{ atUs: at, type: 'events', revision },
        events: [{ type: 'put', kv: kvAt(`register/${random.below(8)}`, revision), previous: null }],
      });
  }
  entries.push({ atUs: endUs, type: 'ended', reason: 'etcdserver: no leader' });
  return entries;
}

export function kvAt(key: string, revision: number): Kv {
  const value = String(revision * 3);
  return { key, value, createRevision: 2, modRevision: revision, version: revision - 1, lease: '0' };
}
