import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import type { Anomaly, Checker } from './types.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;

/**
 * What was added and acknowledged is in every read that begins later; nothing is in a read that nobody can have added by then, and
 * nothing twice.
 */
export const sets: Checker = {
  name: 'sets',
  check({ operations }: History) {
    const adds = operations.filter((each): each is Kind<'add'> => each.kind === 'add');
    const guarded = new Set(operations.map((each) => (each.kind === 'guarded-add' ? each.set : null)));
    // Those that a lock guards are judged with their locks.
    const reads = operations.filter(
      (each): each is Kind<'elements'> => each.kind === 'elements' && !guarded.has(each.set),
    );
    if (reads.length === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    for (const read of reads) {
      if (read.outcome.type === 'ok')
        checkRead(
          read,
          read.outcome.value.elements,
          adds.filter(({ set }) => set === read.set),
          anomalies,
        );
    }
    return verdictOf(anomalies);
  },
};

function checkRead(
  read: Kind<'elements'>,
  elements: readonly number[],
  adds: readonly Kind<'add'>[],
  anomalies: Anomaly[],
): void {
  const seen = new Set(elements);
  if (seen.size < elements.length)
    anomalies.push(
      anomalyOf('duplicate element', `a read of set ${read.set} has an element twice`, {
        operations: [read.id],
      }),
    );
  /** Each element may have been tried several times, each time refused but the last. */
  const possible = new Set<number>();
  for (const add of adds) {
    const { element, outcome, completedUs } = add;
    const isBefore = completedUs !== null && completedUs < read.invokedUs;
    if (outcome.type !== 'failed' && add.invokedUs <= (read.completedUs ?? Infinity)) possible.add(element);
    if (outcome.type === 'ok' && isBefore && !seen.has(element)) {
      const what = `${element} was acknowledged in set ${read.set}, and a read that began later does not have it`;
      anomalies.push(anomalyOf('lost element', what, { operations: [add.id, read.id] }));
    }
  }
  for (const element of seen) {
    if (possible.has(element)) continue;
    const what = `${element} is in set ${read.set}, though nobody can have added it by then`;
    anomalies.push(anomalyOf('element from nowhere', what, { operations: [read.id] }));
  }
}
