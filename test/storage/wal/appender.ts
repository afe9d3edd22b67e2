import { openLevelDisk, openWal } from '../../../src/storage/index.js';
import { append, entries, genesis, metaAt } from './fixture.js';

/**
 * A process of its own that appends without end to the log in the folder given, until it is killed: now and then it
 * replaces the last entries, commits, or compacts. It tells each acknowledged last index, with its term, on a line.
 */
const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: appender <folder>');
const { wal, contents } = await openWal(await openLevelDisk(folder).open('wal'), genesis);

let { term, commit } = contents.hardState;
let last = contents.entries.at(-1)?.index ?? contents.snapshot.index;
for (let round = 1; ; round++) {
  if (round % 5 === 1) {
    term += 1;
    last = Math.max(commit, last - 2);
  }
  const count = 1 + (round % 7);
  const [first, mid] = [last + 1, last + count];
  last = mid + 1;
  await Promise.all([
    wal.append(append({ hardState: { term, vote: null, commit }, entries: entries(first, mid, term) })),
    wal.append(append({ entries: entries(last, last, term) })),
  ]);
  process.stdout.write(`${term} ${last}\n`);
  commit = Math.max(commit, last - 10);
  const hardState = { term, vote: null, commit };
  await wal.append(append({ hardState, mustSync: false }));
  if (round % 50 === 0) await wal.compact(metaAt(commit - 5, term));
}
