import type { ClientHistory } from './process.js';

/**
 * The histories of several processes as one: everything in order of its beginning, with new numbers, and processes that stay apart.
 */
export function mergeHistories(histories: readonly ClientHistory[]): ClientHistory {
  const count = histories.length;
  const apart = <T extends { readonly process: number }>(items: readonly T[], place: number): readonly T[] =>
    items.map((item) => ({ ...item, process: item.process * count + place }));
  const operations = histories.flatMap((history, place) => apart(history.operations, place));
  const calls = histories.flatMap((history, place) => apart(history.calls, place));
  operations.sort((a, b) => a.invokedUs - b.invokedUs);
  calls.sort((a, b) => a.invokedUs - b.invokedUs);

  const watches = histories.flatMap((history, place) =>
    apart(history.watches, place).map((watch) => ({ watch, place })),
  );
  watches.sort((a, b) => a.watch.requestedUs - b.watch.requestedUs);
  const numbers = new Map(watches.map(({ watch, place }, id) => [`${place} ${watch.id}`, id]));
  return {
    operations: operations.map((operation, id) => ({ ...operation, id })),
    calls: calls.map((call, id) => ({ ...call, id })),
    watches: watches.map(({ watch, place }, id) => ({
      ...watch,
      id,
      resumes: watch.resumes === null ? null : (numbers.get(`${place} ${watch.resumes}`) ?? null),
    })),
  };
}
