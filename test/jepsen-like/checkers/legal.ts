import { seededRandom } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import type { History, Operation, Outcome } from '../../../jepsen-like/history/index.js';

/** One thing that was done: what was meant, and what came of it. */
export interface Done<Intent, Result> {
  readonly id: number;
  readonly process: number;
  readonly invokedUs: number;
  readonly completedUs: number | null;
  readonly intent: Intent;
  readonly outcome: Outcome<Result>;
  /** Position among all that took effect; null: it never did. */
  readonly effect: number | null;
}

export interface Model<Intent, Result> {
  /** `nth` is new for each. */
  draw(random: Random, nth: number): Intent;
  /** Takes effect, at one moment. Null: it is refused, and leaves no trace. */
  execute(intent: Intent): Result | null;
}

export interface Shape {
  readonly seed: number;
  readonly count: number;
  readonly processes: number;
  /** Of operations: nobody learns what came of them. */
  readonly unknownShare: number;
  /** Of operations: refused without effect. */
  readonly failedShare: number;
}

export const usualShape: Omit<Shape, 'seed'> = {
  count: 60,
  processes: 4,
  unknownShare: 0.1,
  failedShare: 0.05,
};

interface Running<Intent, Result> {
  readonly id: number;
  process: number;
  readonly intent: Intent;
  readonly fate: 'ok' | 'failed' | 'unknown';
  result: Result | null;
  effect: number | null;
}

/**
 * A history that a correct system may have: clients that overlap at random execute operations on the model, each at one moment between its
 * invocation and its end. Those that nobody learns the end of take effect in between, long after, or never; their client goes on as a new
 * process. Many things happen at the same moment. `tick` is told the time.
 */
export function legalHistory<Intent, Result>(
  model: Model<Intent, Result>,
  { seed, count, processes, unknownShare, failedShare }: Shape,
  tick: (nowUs: number) => void = () => undefined,
): readonly Done<Intent, Result>[] {
  const random = seededRandom(seed);
  const done: Done<Intent, Result>[] = [];
  const running: (Running<Intent, Result> | null)[] = Array.from({ length: processes }, () => null);
  const names = Array.from({ length: processes }, (_, place) => place);
  /** Given up by their clients, and perhaps still on their way. */
  const lost: Running<Intent, Result>[] = [];
  let nextProcess = processes;
  let effects = 0;
  let nowUs = 0;

  function take(each: Running<Intent, Result>): void {
    each.result = model.execute(each.intent);
    each.effect = effects++;
    const known = done[each.id];
    if (known !== undefined) done[each.id] = { ...known, effect: each.effect };
  }

  function invoke(place: number): void {
    const id = done.length;
    const intent = model.draw(random, id);
    const process = names[place] ?? 0;
    const fate = random.chance(unknownShare) ? 'unknown' : random.chance(failedShare) ? 'failed' : 'ok';
    running[place] = { id, process, intent, fate, result: null, effect: null };
    const outcome = { type: 'unknown', error: 'no answer' } as const;
    done.push({ id, process, invokedUs: nowUs, completedUs: null, intent, outcome, effect: null });
  }

  function goOn(place: number, each: Running<Intent, Result>): void {
    const known = done[each.id];
    if (known === undefined) return;
    if (each.fate === 'unknown') {
      if (each.effect === null && random.chance(0.5)) take(each);
      else {
        if (each.effect === null) lost.push(each);
        done[each.id] = { ...known, completedUs: random.chance(0.5) ? nowUs : null, effect: each.effect };
        running[place] = null;
        names[place] = nextProcess++;
      }
      return;
    }
    if (each.fate === 'ok' && each.effect === null) {
      take(each);
      return;
    }
    const { result } = each;
    const outcome: Outcome<Result> =
      each.fate === 'failed' || result === null
        ? { type: 'failed', error: 'refused' }
        : { type: 'ok', value: result };
    done[each.id] = { ...known, completedUs: nowUs, outcome, effect: each.effect };
    running[place] = null;
  }

  while (done.length < count || running.some((each) => each !== null)) {
    nowUs += random.below(3);
    tick(nowUs);
    if (lost.length > 0 && random.chance(0.1)) {
      const [late] = lost.splice(random.below(lost.length), 1);
      if (late !== undefined && random.chance(0.7)) take(late);
    }
    const place = random.below(processes);
    const each = running[place] ?? null;
    if (each !== null) goOn(place, each);
    else if (done.length < count) invoke(place);
  }
  return done;
}

export function historyOf(parts: Partial<History>): History {
  return {
    format: 'quorate-history-1',
    system: 'a model',
    replay: null,
    plan: null,
    operations: [],
    calls: [],
    watches: [],
    faults: [],
    members: [],
    ...parts,
  };
}

/** What was done to a model whose intents are those of operations. */
export function operationsOf(
  done: readonly Done<{ readonly kind: Operation['kind'] }, unknown>[],
): readonly Operation[] {
  return done.map(({ id, process, invokedUs, completedUs, intent, outcome }) => {
    const whole: unknown = { ...intent, id, process, invokedUs, completedUs, outcome };
    return whole as Operation; // The model's results are those of its intents.
  });
}

/** The same with one operation changed. */
export function withOperation(
  operations: readonly Operation[],
  id: number,
  change: (operation: Operation) => Operation,
): readonly Operation[] {
  return operations.map((operation) => (operation.id === id ? change(operation) : operation));
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

/** With others put among them; ids are positions in order of invocation again. */
export function mixed(
  operations: readonly Operation[],
  more: readonly Unnumbered<Operation>[],
): readonly Operation[] {
  const all: readonly Unnumbered<Operation>[] = [...operations, ...more];
  return [...all]
    .sort((a, b) => a.invokedUs - b.invokedUs)
    .map((operation, id): Operation => ({ ...operation, id }));
}

/** When the last of them ended. */
export function endUs(
  all: readonly { readonly invokedUs: number; readonly completedUs: number | null }[],
): number {
  return Math.max(0, ...all.map(({ invokedUs, completedUs }) => Math.max(invokedUs, completedUs ?? 0)));
}
