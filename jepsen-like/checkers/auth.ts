import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import type { Anomaly, Checker } from './types.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;
type Change = Kind<'auth-change'>;

/**
 * A request in somebody's name is judged by the facts that hold at some time between its invocation and its answer: served, there was
 * a time at which they allowed it; refused, there was one at which they did not. Where it is not known what held, anything may have.
 */
export const auth: Checker = {
  name: 'auth',
  check({ operations }: History) {
    const requests = operations.filter((each): each is Kind<'auth-request'> => each.kind === 'auth-request');
    if (requests.length === 0) return { type: 'skipped' };
    const facts = gatherFacts(operations);
    const anomalies: Anomaly[] = [];
    for (const request of requests) judge(request, facts, anomalies);
    return verdictOf(anomalies);
  },
};

interface Turn {
  readonly change: Change;
  readonly holds: boolean;
}

/** For each fact, what made it hold or not, in order of invocation. */
function gatherFacts(operations: readonly Operation[]): ReadonlyMap<string, readonly Turn[]> {
  const facts = new Map<string, Turn[]>();
  for (const change of operations) {
    if (change.kind !== 'auth-change' || change.outcome.type === 'failed') continue;
    for (const { fact, holds } of change.facts) {
      const turns = facts.get(fact);
      if (turns === undefined) facts.set(fact, [{ change, holds }]);
      else turns.push({ change, holds });
    }
  }
  return facts;
}

function judge(
  request: Kind<'auth-request'>,
  facts: ReadonlyMap<string, readonly Turn[]>,
  anomalies: Anomaly[],
): void {
  const { id, what, needs, invokedUs, completedUs, outcome } = request;
  if (outcome.type !== 'ok' || completedUs === null) return;
  const span = { fromUs: invokedUs, untilUs: completedUs };
  const why: Change[] = [];
  const surely = (fact: string, holds: boolean): boolean => {
    const turn = surelySince(facts.get(fact) ?? [], holds, span);
    if (turn !== null) why.push(turn.change);
    return turn !== null;
  };
  const ids = (): { readonly operations: readonly number[] } => ({
    operations: [...new Set([...why.map((change) => change.id), id])],
  });
  if (outcome.value.allowed) {
    if (!needs.every((way) => way.some((fact) => surely(fact, false) || isUnheardOf(facts, fact)))) return;
    const told = `${what}: it was served, though nothing allowed it from its beginning to its end`;
    anomalies.push(anomalyOf('served without a right', told, ids()));
    return;
  }
  const way = needs.find((each) => each.every((fact) => surely(fact, true)));
  if (way === undefined) return;
  const told = `${what}: it was refused, though all the while ${way.join(', ')}`;
  anomalies.push(anomalyOf('refused in spite of a right', told, ids()));
}

/** Nobody ever tried to make it hold. What a run begins with is made by its changes too. */
function isUnheardOf(facts: ReadonlyMap<string, readonly Turn[]>, fact: string): boolean {
  return (facts.get(fact) ?? []).every(({ holds }) => !holds) && fact !== untoldAtFirst;
}

/** The one fact that may hold before anybody has said so. */
const untoldAtFirst = 'users are not needed';

/** What made it so before the span began, if nothing can have made it otherwise since; null: nobody can be sure. */
function surelySince(
  turns: readonly Turn[],
  holds: boolean,
  { fromUs, untilUs }: { readonly fromUs: number; readonly untilUs: number },
): Turn | null {
  for (let place = turns.length - 1; place >= 0; place--) {
    const made = turns[place];
    if (made?.holds !== holds || endOf(made.change) >= fromUs) continue;
    const isOpen = turns.some(
      (other) =>
        other.holds !== holds &&
        other.change.invokedUs <= untilUs &&
        endOf(other.change) >= made.change.invokedUs,
    );
    return isOpen ? null : made;
  }
  return null;
}

/** Unknown ones may happen at any time from their beginning on. */
function endOf({ outcome, completedUs }: Change): number {
  return outcome.type === 'ok' ? (completedUs ?? Infinity) : Infinity;
}
