import type { History, Operation } from '../history/index.js';
import type { Anomaly, Checker, Verdict } from './types.js';

/** An operation on a register. */
interface Step {
  readonly id: number;
  readonly invokedUs: number;
  /** Infinite: it may take effect at any later time, or never. */
  readonly returnedUs: number;
  /** The state after it, if it can happen in that state; undefined: it cannot. */
  readonly apply: (state: string | null) => string | null | undefined;
}

/** Steps that may be tried, for all keys together. */
const budget = 2_000_000;

/**
 * Linearizability of registers, key by key (Wing and Gong 1993, with the memory of states seen of Lowe 2017). It trusts no revision:
 * an independent look at what the revisions claim.
 */
export const linearizability: Checker = {
  name: 'linearizability',
  check({ operations }: History): Verdict {
    const byKey = new Map<string, Step[]>();
    for (const operation of operations) addStep(byKey, operation);
    if (byKey.size === 0) return { type: 'skipped' };
    let left = budget;
    const anomalies: Anomaly[] = [];
    for (const [key, steps] of byKey) {
      const result = search(steps, left);
      if (result.type === 'unknown')
        return { type: 'unknown', reason: `${key}: ${budget} steps were not enough` };
      left -= result.tried;
      if (result.type === 'stuck') anomalies.push(anomalyFor(key, result));
    }
    return anomalies.length === 0 ? { type: 'ok' } : { type: 'violated', anomalies };
  },
};

function addStep(byKey: Map<string, Step[]>, operation: Operation): void {
  const step = stepOf(operation);
  if (step === null || !('key' in operation)) return;
  const steps = byKey.get(operation.key);
  if (steps === undefined) byKey.set(operation.key, [step]);
  else steps.push(step);
}

/** Null: it says nothing. */
function stepOf(operation: Operation): Step | null {
  const { id, invokedUs, completedUs } = operation;
  const { outcome } = operation;
  if (outcome.type === 'failed') return null;
  const returnedUs = outcome.type === 'ok' ? (completedUs ?? Infinity) : Infinity;
  const times = { id, invokedUs, returnedUs };
  if (operation.kind === 'read') {
    if (operation.serializable || operation.outcome.type !== 'ok') return null;
    const { value } = operation.outcome.value;
    return { ...times, apply: (state) => (state === value ? state : undefined) };
  }
  if (operation.kind === 'write') {
    const { value } = operation;
    return { ...times, apply: () => value };
  }
  if (operation.kind !== 'cas') return null;
  const { expected, value } = operation;
  const swapped = operation.outcome.type === 'ok' ? operation.outcome.value.swapped : null;
  return {
    ...times,
    apply(state) {
      const holds = state === expected;
      if (swapped !== null && swapped !== holds) return undefined;
      return holds ? value : state;
    },
  };
}

type SearchResult =
  | { readonly type: 'found'; readonly tried: number }
  | { readonly type: 'unknown' }
  | {
      readonly type: 'stuck';
      readonly tried: number;
      readonly order: readonly number[];
      readonly stuck: number;
      readonly state: string | null;
    };

/** A point in time: an invocation, or the return that ends it. */
interface Event {
  readonly step: Step;
  readonly place: number;
  readonly isReturn: boolean;
  before: Event | null;
  after: Event | null;
  /** Of an invocation: its return. */
  match: Event | null;
}

interface Frame {
  readonly call: Event;
  readonly state: string | null;
}

function search(steps: readonly Step[], limit: number): SearchResult {
  const head = eventsOf(steps);
  const done = new Uint8Array(steps.length);
  const seen = new Set<string>();
  const frames: Frame[] = [];
  let state: string | null = null;
  let tried = 0;
  let longest: Extract<SearchResult, { type: 'stuck' }> | null = null;
  for (let event = head.after; event !== null;) {
    if (++tried > limit) return { type: 'unknown' };
    if (!event.isReturn) {
      const next = event.step.apply(state);
      if (next !== undefined && remember(seen, done, event.place, next)) {
        frames.push({ call: event, state });
        done[event.place] = 1;
        state = next;
        lift(event);
        event = head.after;
      } else event = event.after;
      continue;
    }
    // Everything from here on waits for this one, which fits nowhere.
    if (event.step.returnedUs === Infinity) return { type: 'found', tried };
    if (longest === null || frames.length > longest.order.length) {
      const order = frames.map(({ call }) => call.step.id);
      longest = { type: 'stuck', tried, order, stuck: event.step.id, state };
    }
    const frame = frames.pop();
    if (frame === undefined) return { ...longest, tried };
    done[frame.call.place] = 0;
    state = frame.state;
    unlift(frame.call);
    event = frame.call.after;
  }
  return { type: 'found', tried };
}

/** In a list, by time; what returns when another is invoked comes after it: they may have overlapped. */
function eventsOf(steps: readonly Step[]): Event {
  const make = (step: Step, place: number, isReturn: boolean): Event => ({
    ...{ step, place, isReturn },
    before: null,
    after: null,
    match: null,
  });
  const events = steps.flatMap((step, place) => {
    const call = make(step, place, false);
    call.match = make(step, place, true);
    return [call, call.match];
  });
  const timeOf = ({ step, isReturn }: Event): number => (isReturn ? step.returnedUs : step.invokedUs);
  events.sort((a, b) => {
    const [left, right] = [timeOf(a), timeOf(b)];
    return left === right ? Number(a.isReturn) - Number(b.isReturn) : left - right;
  });
  const nothing = { id: -1, invokedUs: -1, returnedUs: -1, apply: () => undefined };
  const head = make(nothing, -1, false);
  let last = head;
  for (const event of events) {
    last.after = event;
    event.before = last;
    last = event;
  }
  return head;
}

function remember(seen: Set<string>, done: Uint8Array, place: number, state: string | null): boolean {
  done[place] = 1;
  // All before the first that is not done are done: only what lies around that border says more.
  const from = done.indexOf(0);
  const name = `${from} ${from < 0 ? '' : Buffer.from(done.subarray(from, done.lastIndexOf(1) + 1)).toString('latin1')} ${state ?? ''}${state === null ? '-' : '='}`;
  done[place] = 0;
  if (seen.has(name)) return false;
  seen.add(name);
  return true;
}

function lift(call: Event): void {
  unlink(call);
  if (call.match !== null) unlink(call.match);
}

function unlift(call: Event): void {
  if (call.match !== null) relink(call.match);
  relink(call);
}

function unlink(event: Event): void {
  if (event.before !== null) event.before.after = event.after;
  if (event.after !== null) event.after.before = event.before;
}

function relink(event: Event): void {
  if (event.before !== null) event.before.after = event;
  if (event.after !== null) event.after.before = event;
}

/** So much of the order is shown. */
const shownMax = 12;

function anomalyFor(key: string, { order, stuck, state }: Extract<SearchResult, { type: 'stuck' }>): Anomaly {
  const shown = order.slice(-shownMax);
  return {
    name: 'not linearizable',
    explanation: `operation ${stuck} on ${key} fits nowhere: after the longest order that was found the value is ${state ?? 'not there'}`,
    operations: [...shown, stuck],
    calls: [],
    watches: [],
    drawing: {
      type: 'linearization',
      order: shown,
      stuck,
      states: [
        { state: state ?? 'nothing', excludes: 'what the operation saw or expected is something else' },
      ],
    },
  };
}
