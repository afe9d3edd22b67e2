import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { groupBy } from './group-by.js';
import { leaseEnds } from './lease-ends.js';
import type { LeaseEnds } from './lease-ends.js';
import { checkTurns } from './turns.js';
import type { Turn } from './turns.js';
import type { Anomaly, Checker } from './types.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;
type Electoral = Kind<'campaign' | 'resign' | 'leader' | 'observe'>;

/**
 * One leads at a time, in the order of fences, for as long as it neither resigns nor lets its lease end. Whoever asks is told who
 * leads; nobody leads again who was followed by another; and each is known by the value that it stood for.
 */
export const elections: Checker = {
  name: 'elections',
  check({ operations, calls }: History) {
    const electoral = operations.filter((each): each is Electoral => 'election' in each);
    if (electoral.length === 0) return { type: 'skipped' };
    const ends = leaseEnds(calls);
    const anomalies: Anomaly[] = [];
    for (const [name, its] of groupBy(electoral, ({ election }) => election))
      checkElection(`election ${JSON.stringify(name)}`, its, ends, anomalies);
    return verdictOf(anomalies);
  },
};

function checkElection(
  what: string,
  operations: readonly Electoral[],
  ends: LeaseEnds,
  anomalies: Anomaly[],
): void {
  const resigned = new Map<number, number>();
  for (const each of operations) {
    if (each.kind === 'resign')
      resigned.set(each.fence, Math.min(resigned.get(each.fence) ?? Infinity, each.invokedUs));
  }
  const turns = operations.flatMap((each): Turn[] => {
    if (each.kind !== 'campaign' || each.outcome.type !== 'ok' || each.completedUs === null) return [];
    const { fence } = each.outcome.value;
    const { id, invokedUs, completedUs, lease = '' } = each;
    const heldUntilUs = Math.min(ends.of(lease), resigned.get(fence) ?? Infinity);
    return [{ operation: id, fence, invokedUs, completedUs, heldUntilUs }];
  });
  checkTurns(turns, { what, shared: 'two lead' }, anomalies);
  const sights = operations.flatMap(sightsOf);
  checkValues(what, operations, sights, anomalies);
  checkSights(what, sights, anomalies);
  checkPresence(what, sights, turns, anomalies);
}

/** Somebody knew that the leader, at some time from `fromUs` to `untilUs`, was the one with this fence; 0: nobody led. */
interface Sight {
  readonly operation: number;
  readonly fence: number;
  readonly value: string | null;
  /** `-Infinity`: at some time, nobody knows how long ago. */
  readonly fromUs: number;
  readonly untilUs: number;
  /** Asked for, rather than told about oneself or by a stream. */
  readonly isRead: boolean;
}

function sightsOf(each: Electoral): Sight[] {
  const { id, invokedUs: fromUs, completedUs: untilUs } = each;
  if (untilUs === null || each.outcome.type !== 'ok') return [];
  const common = { operation: id, fromUs };
  if (each.kind === 'campaign') {
    const { fence } = each.outcome.value;
    return [{ ...common, fence, value: each.value, untilUs, isRead: false }];
  }
  if (each.kind === 'leader') return [{ ...common, ...each.outcome.value, untilUs, isRead: true }];
  if (each.kind === 'resign') return [];
  return each.outcome.value.leaders.map(({ value, fence, atUs }) => ({
    ...common,
    fence,
    value,
    untilUs: atUs,
    isRead: false,
  }));
}

/** Every leader has campaigned, with the value by which it is known. */
function checkValues(
  what: string,
  operations: readonly Electoral[],
  sights: readonly Sight[],
  anomalies: Anomaly[],
): void {
  const candidates = new Map<string, number>();
  for (const each of operations) {
    if (each.kind === 'campaign' && each.outcome.type !== 'failed' && !candidates.has(each.value))
      candidates.set(each.value, each.invokedUs);
  }
  const known = new Map<number, Sight>();
  for (const sight of sights) {
    const { operation, fence, value, untilUs } = sight;
    if (value === null) continue;
    const first = known.get(fence);
    if (first === undefined) known.set(fence, sight);
    else if (first.value !== value) {
      const told = `the leader of ${what} with fence ${fence} is “${String(first.value)}” to one and “${value}” to another`;
      anomalies.push(
        anomalyOf('two leaders with one fence', told, { operations: [first.operation, operation] }),
      );
    }
    if ((candidates.get(value) ?? Infinity) <= untilUs) continue;
    const told = `“${value}” leads ${what}, though nobody can have campaigned as that by then`;
    anomalies.push(anomalyOf('a leader from nowhere', told, { operations: [operation] }));
  }
}

/** What was seen stays seen: whoever looks later does not see an earlier leader; nor does one observer, from one word to the next. */
function checkSights(what: string, sights: readonly Sight[], anomalies: Anomaly[]): void {
  const led = sights.filter(({ fence }) => fence > 0);
  const byStart = [...led].sort((a, b) => a.fromUs - b.fromUs);
  const byEnd = [...led].sort((a, b) => a.untilUs - b.untilUs);
  let next = 0;
  let latest: Sight | null = null;
  const blame = (earlier: Sight, later: Sight): void => {
    const told = `fence ${earlier.fence} had led ${what}, and whoever asked after that was told of fence ${later.fence}`;
    anomalies.push(
      anomalyOf('a leader that was followed leads again', told, {
        operations: [...new Set([earlier.operation, later.operation])],
      }),
    );
  };
  for (const sight of byStart) {
    for (
      let ended = byEnd[next];
      ended !== undefined && ended.untilUs < sight.fromUs;
      ended = byEnd[++next]
    ) {
      if (latest === null || ended.fence > latest.fence) latest = ended;
    }
    if (latest !== null && sight.fence < latest.fence) blame(latest, sight);
  }
  for (const its of groupBy(led, ({ operation }) => String(operation)).values()) {
    for (const [place, sight] of its.entries()) {
      const before = its[place - 1];
      if (before !== undefined && sight.fence < before.fence) blame(before, sight);
    }
  }
}

/** Whoever asks while somebody surely leads is told of nobody else. */
function checkPresence(
  what: string,
  sights: readonly Sight[],
  turns: readonly Turn[],
  anomalies: Anomaly[],
): void {
  for (const { operation, fence, isRead, fromUs, untilUs } of sights) {
    if (!isRead) continue;
    const leading = turns.find(
      (turn) => turn.fence !== fence && turn.completedUs < fromUs && untilUs < turn.heldUntilUs,
    );
    if (leading === undefined || (fence > 0 && fence < leading.fence)) continue; // Earlier ones are told of above.
    const told =
      `fence ${leading.fence} leads ${what}, with time left on its lease, and whoever asks is told ` +
      (fence === 0 ? 'that nobody does' : `of fence ${fence}`);
    anomalies.push(anomalyOf('a leader is not seen', told, { operations: [leading.operation, operation] }));
  }
}
