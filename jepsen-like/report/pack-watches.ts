import type { WatchLog } from '../history/index.js';
import { placeInRows } from './lanes.js';
import type { Bounds } from './pack.js';
import { differences, entryTypes } from './page/packed.js';
import type { PackedWatches } from './page/packed.js';
import type { Texts } from './texts.js';
import { wordsOfEntry, wordsOfWatch } from './call-words.js';

const watchRowsMax = 12;

export function packWatches(logs: readonly WatchLog[], { startUs }: Bounds, texts: Texts): PackedWatches {
  const watches = [...logs].sort((a, b) => a.requestedUs - b.requestedUs || a.id - b.id);
  const extents = watches.map(({ requestedUs, entries }) => ({
    fromUs: requestedUs,
    toUs: Math.max(requestedUs, entries.at(-1)?.atUs ?? requestedUs),
  }));
  const row = placeInRows(extents, watchRowsMax);
  const entries = watches.flatMap((watch) => watch.entries);
  return {
    rows: row.reduce((most, each) => Math.max(most, each + 1), 0),
    id: watches.map(({ id }) => id),
    at: extents.map(({ fromUs }) => Math.round(fromUs - startUs)),
    length: extents.map(({ fromUs, toUs }) => Math.round(toUs - fromUs)),
    row,
    text: watches.map((watch) => texts.placeOf(wordsOfWatch(watch))),
    entryCount: watches.map((watch) => watch.entries.length),
    entryAt: differences(entries.map(({ atUs }) => Math.round(atUs - startUs))),
    entryType: entries.map(({ type }) => entryTypes.indexOf(type)).join(''),
    entryText: entries.map((entry) => texts.placeOf(wordsOfEntry(entry))),
  };
}
