import type { WatchLog } from '../history/index.js';
import { countUpTo } from './changes.js';
import type { Change, Changes } from './changes.js';
import { covers } from './key-range.js';
import type { Drawing } from './types.js';
import type { Told } from './watch-log.js';

export interface WatchFacts {
  readonly told: readonly Told[];
  readonly changes: Changes;
  readonly from: number;
  readonly complete: number;
}

/** So many revisions before and after the one where it went wrong are drawn. */
const aroundMax = 8;
const valueMax = 24;

/** What it should have said and what it said, around this revision. */
export function drawingOf(log: WatchLog, { told, changes, from, complete }: WatchFacts, at: number): Drawing {
  const its = log.rangeEnd === '' ? changes.of(log.key) : changes.all;
  const wanted = its
    .slice(countUpTo(its, from - 1), countUpTo(its, Math.max(complete, at)))
    .filter(({ key, value }) => covers(log, key) && !(value === null ? log.noDelete : log.noPut));
  const middle = countUpTo(wanted, at - 1);
  const around = wanted.slice(Math.max(0, middle - aroundMax), middle + aroundMax);
  const low = Math.min(at, around[0]?.revision ?? at);
  const high = Math.max(at, around.at(-1)?.revision ?? at);
  const expected = around.map(lineOf);
  const actual = told
    .filter(({ event: { kv } }) => kv.modRevision >= low && kv.modRevision <= high)
    .map(({ event: { type, kv } }) =>
      lineOf({ key: kv.key, revision: kv.modRevision, value: type === 'put' ? kv.value : null }),
    );
  let parting = 0;
  while (parting < expected.length && expected[parting] === actual[parting]) parting += 1;
  return { type: 'watch', watch: log.id, expected, actual, at: parting };
}

function lineOf({ key, revision, value }: Pick<Change, 'key' | 'revision' | 'value'>): string {
  return value === null
    ? `${revision} delete ${key}`
    : `${revision} put ${key} = ${value.slice(0, valueMax)}`;
}
