import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { groupBy } from './group-by.js';
import { precedes } from './order.js';
import type { Timed } from './order.js';
import type { Anomaly, Checker } from './types.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;
type Add = Kind<'add'>;
type Read = Kind<'elements'>;

/**
 * Sets only grow: what was added and acknowledged, or read once, is in every read that begins later; nothing is in a read that nobody can
 * have added by then, and nothing twice.
 */
export const sets: Checker = {
  name: 'sets',
  check({ operations }: History) {
    const adds = operations.filter((each): each is Add => each.kind === 'add');
    // Those that a lock guards are judged with their locks.
    const guarded = new Set(operations.flatMap((each) => (each.kind === 'guarded-add' ? [each.set] : [])));
    const reads = operations.filter(
      (each): each is Read => each.kind === 'elements' && !guarded.has(each.set),
    );
    if (reads.length === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    const addsOf = groupBy(adds, ({ set }) => set);
    for (const [set, its] of groupBy(reads, (read) => read.set))
      checkSet(set, addsOf.get(set) ?? [], its, anomalies);
    return verdictOf(anomalies);
  },
};

/** How an element came to be known. */
interface Known {
  readonly element: number;
  readonly by: Timed;
  readonly words: string;
}

function checkSet(set: string, adds: readonly Add[], reads: readonly Read[], anomalies: Anomaly[]): void {
  const firstTry = new Map<number, Add>();
  for (const add of adds)
    if (add.outcome.type !== 'failed' && !firstTry.has(add.element)) firstTry.set(add.element, add);
  const refused = new Map(adds.map((add) => [add.element, add]));
  const knowns: Known[] = [];
  for (const add of adds)
    if (add.outcome.type === 'ok') knowns.push({ element: add.element, by: add, words: 'was acknowledged' });
  const lastSeen = new Map<number, Read>();
  const done = reads.filter(({ outcome }) => outcome.type === 'ok');
  for (const read of done) {
    for (const element of elementsOf(read)) {
      if (!lastSeen.has(element)) knowns.push({ element, by: read, words: 'was read' });
      lastSeen.set(element, read);
    }
  }
  for (const read of done) checkOrigins(set, read, { firstTry, refused }, anomalies);
  checkLosses(set, done, { knowns, lastSeen }, anomalies);
}

function elementsOf({ outcome }: Read): readonly number[] {
  return outcome.type === 'ok' ? outcome.value.elements : [];
}

function checkOrigins(
  set: string,
  read: Read,
  {
    firstTry,
    refused,
  }: { readonly firstTry: ReadonlyMap<number, Add>; readonly refused: ReadonlyMap<number, Add> },
  anomalies: Anomaly[],
): void {
  const elements = elementsOf(read);
  const seen = new Set(elements);
  if (seen.size < elements.length) {
    const twice = elements.find((element, place) => elements.indexOf(element) !== place) ?? 0;
    const what = `a read of set ${set} has ${twice} twice`;
    anomalies.push(anomalyOf('duplicate element', what, { operations: [read.id] }));
  }
  for (const element of seen) {
    const add = firstTry.get(element);
    if (add !== undefined && add.invokedUs <= (read.completedUs ?? Infinity)) continue;
    const attempt = add ?? refused.get(element);
    const why =
      add !== undefined
        ? 'though it was added only later'
        : attempt === undefined
          ? 'though nobody added it'
          : 'though its addition was refused';
    const ids = attempt === undefined ? [read.id] : [attempt.id, read.id];
    const what = `${element} is in set ${set}, ${why}`;
    anomalies.push(anomalyOf('element from nowhere', what, { operations: ids }));
  }
}

/** Walks through time: what was known before a read began has to be in it. */
function checkLosses(
  set: string,
  reads: readonly Read[],
  { knowns, lastSeen }: { readonly knowns: Known[]; readonly lastSeen: ReadonlyMap<number, Read> },
  anomalies: Anomaly[],
): void {
  knowns.sort((a, b) => (a.by.completedUs ?? Infinity) - (b.by.completedUs ?? Infinity));
  const expected = new Map<number, Known>();
  const told = new Set<number>();
  let next = 0;
  for (const read of reads) {
    const missing: Known[] = [];
    for (
      let known = knowns[next];
      known !== undefined && endsBefore(known.by, read.invokedUs);
      known = knowns[++next]
    )
      if (!expected.has(known.element)) expected.set(known.element, known);
    const seen = new Set(elementsOf(read));
    // In the same moment and process: few, and looked at one by one.
    for (let at = next; knowns[at]?.by.completedUs === read.invokedUs; at++) {
      const known = knowns[at];
      if (known !== undefined && precedes(known.by, read) && !seen.has(known.element)) missing.push(known);
    }
    if (!containsAll(seen, expected))
      for (const [element, known] of expected) if (!seen.has(element)) missing.push(known);
    for (const { element, by, words } of missing) {
      if (told.has(element)) continue;
      told.add(element);
      const isBack = (lastSeen.get(element)?.id ?? -1) > read.id;
      const what = `${element} ${words} in set ${set}, and a read that began later does not have it${isBack ? ', though a later one has' : ''}`;
      anomalies.push(
        anomalyOf(isBack ? 'stale read' : 'lost element', what, { operations: [by.id, read.id] }),
      );
    }
  }
}

function endsBefore({ completedUs }: Timed, atUs: number): boolean {
  return completedUs !== null && completedUs < atUs;
}

function containsAll(seen: ReadonlySet<number>, expected: ReadonlyMap<number, unknown>): boolean {
  if (seen.size < expected.size) return false;
  for (const element of expected.keys()) if (!seen.has(element)) return false;
  return true;
}
