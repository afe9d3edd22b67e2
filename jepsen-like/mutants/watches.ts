import type { Mutant } from './types.js';

/** What watches hear of. */
export const watches: readonly Mutant[] = [
  {
    name: 'watches go back in time when a snapshot replaces the state',
    after: '15271',
    file: 'src/member/watches.js',
    find: `place(watcher, Math.max(watcher.next, before + 1));`,
    replace: `place(watcher, Math.max(1, before - 5));`,
    workloads: ['watch'],
  },
  {
    name: 'what happens while a watch catches up is lost',
    after: '17529, 18089, 19179',
    file: 'src/member/watches.js',
    find: `serve([...revisions, ...kept], from, handedOut + 1);`,
    replace: `serve(revisions, from, handedOut + 1);`,
    workloads: ['watch'],
  },
  {
    name: 'a watch that was parked begins again where it stopped reading',
    after: '17247',
    file: 'src/member/watches.js',
    find: `watcher.next = Math.max(watcher.next, next);
        if (wanted.length === 0`,
    replace: `if (wanted.length > 0 && watcher.sink.isFull?.() !== true) watcher.next = Math.max(watcher.next, next - (next % 7 === 0 ? 1 : 0));
        else watcher.next = Math.max(watcher.next, next);
        if (wanted.length === 0`,
    workloads: ['watch'],
  },
  {
    name: 'a watch tells one event of a revision with many',
    after: 'revisions that were split',
    file: 'src/mvcc/history.js',
    find: `if (isNew && sizeBytes >= sizeBytesMax)`,
    replace: `if (!isNew && recorded.revision % 3 === 0) return true;
            if (isNew && sizeBytes >= sizeBytesMax)`,
    workloads: ['watch'],
  },
  {
    name: 'progress is told ahead of the events before it',
    after: '15220',
    file: 'src/api/watch/session.js',
    find: `return watcher.isSynced && watcher.nextRevision <= revision + 1 && revision >= startRevision;`,
    replace: `return watcher !== null && revision >= startRevision;`,
    workloads: ['watch'],
  },
  {
    name: 'a watch from a future revision hears of what comes before',
    after: '20221',
    file: 'src/member/watches.js',
    find: `const next = wanted.startRevision === 0 ? handedOut + 1 : wanted.startRevision;`,
    replace: `const next = wanted.startRevision === 0 ? handedOut + 1 : Math.min(wanted.startRevision, handedOut + 1);`,
    workloads: ['watch'],
  },
];
