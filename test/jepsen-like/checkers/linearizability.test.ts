import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linearizability } from '../../../jepsen-like/checkers/linearizability.js';
import { precedes } from '../../../jepsen-like/checkers/order.js';
import type { Operation } from '../../../jepsen-like/history/index.js';
import { expectBlame, expectNoBlame, namesOf } from './judge.js';
import { historyOf, legalHistory, operationsOf, usualShape, withOperation } from './legal.js';
import type { Model, Shape } from './legal.js';

type Intent =
  | { readonly kind: 'read'; readonly key: string; readonly serializable: boolean }
  | { readonly kind: 'write' | 'concat'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'cas';
      readonly key: string;
      readonly expected: string | null;
      readonly value: string;
    };

interface Choice {
  readonly keys: number;
  /** Few values make many orders possible; null: each is written once. */
  readonly values: number | null;
  readonly concat: boolean;
}

function registers({ keys, values, concat }: Choice): Model<Intent, unknown> {
  const state = new Map<string, string | null>();
  return {
    draw(random, nth) {
      const key = `k${random.below(keys)}`;
      const value = String(values === null ? nth : random.below(values));
      const kind = random.below(10);
      if (kind < 5) return { kind: 'read', key, serializable: false };
      if (kind < 8) return { kind: concat && random.chance(0.5) ? 'concat' : 'write', key, value };
      const current = state.get(key) ?? null;
      return { kind: 'cas', key, expected: random.chance(0.7) ? current : value, value: `${value}!` };
    },
    execute(intent) {
      const { kind, key } = intent;
      const current = state.get(key) ?? null;
      if (kind === 'read') return { value: current };
      if (kind === 'cas') {
        const swapped = current === intent.expected;
        if (swapped) state.set(key, intent.value);
        return { swapped };
      }
      state.set(key, kind === 'concat' ? (current ?? '') + intent.value : intent.value);
      return undefined;
    },
  };
}

const usual: Choice = { keys: 2, values: null, concat: false };

function legal(seed: number, choice: Choice = usual, shape: Partial<Shape> = {}): readonly Operation[] {
  return operationsOf(legalHistory(registers(choice), { ...usualShape, ...shape, seed }));
}

describe('linearizability never blames', () => {
  test('a legal history, whatever overlaps in it and whatever nobody learnt the end of', () => {
    expectNoBlame(linearizability, (seed) => historyOf({ operations: legal(seed) }));
  });

  test('one in which few values are written again and again', () => {
    expectNoBlame(linearizability, (seed) =>
      historyOf({ operations: legal(seed, { ...usual, keys: 1, values: 3 }, { unknownShare: 0.2 }) }),
    );
  });

  test('one of texts that grow', () => {
    expectNoBlame(linearizability, (seed) =>
      historyOf({ operations: legal(seed, { keys: 1, values: 4, concat: true }, { count: 40 }) }),
    );
  });

  test('and finds an order for each of them, without coming to the end of its budget', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const operations = legal(seed, usual, { count: 150, unknownShare: 0.15, processes: 8 });
        expect(linearizability.check(historyOf({ operations }), { steps: 200_000 })).toEqual({ type: 'ok' });
      }),
      { numRuns: 30 },
    );
  });
});

describe('linearizability always finds', () => {
  test('a stale read', () => {
    expectBlame(linearizability, (seed) => withRead(seed, staleValue), /^stale read$/);
  });

  test('a read of what was refused', () => {
    expectBlame(
      linearizability,
      (seed) => withRead(seed, refusedValue, { failedShare: 0.3 }),
      /^aborted read$/,
    );
  });

  test('a read of what nobody wrote', () => {
    expectBlame(linearizability, (seed) => withRead(seed, () => 'ghost'), /^value from nowhere$/);
  });

  test('a read of what is written only later', () => {
    expectBlame(linearizability, (seed) => withRead(seed, futureValue), /^read from the future$/);
  });

  test('an update that another one overwrote without having seen it', () => {
    expectBlame(linearizability, lostUpdate, /^lost update$/);
  });

  test('a write that was acknowledged and never seen', () => {
    expectBlame(linearizability, lostWrite, /^stale read$/);
  });
});

/** A legal history in which one read has another value than it had. */
function withRead(
  seed: number,
  choose: (read: Operation, operations: readonly Operation[]) => string | null,
  shape: Partial<Shape> = {},
): ReturnType<typeof historyOf> | null {
  const operations = legal(seed, usual, shape);
  for (const read of operations) {
    if (read.kind !== 'read' || read.outcome.type !== 'ok') continue;
    const value = choose(read, operations);
    if (value === null) continue;
    const outcome = { type: 'ok', value: { value } } as const;
    const changed = withOperation(operations, read.id, () => ({ ...read, outcome }));
    return historyOf({ operations: changed });
  }
  return null;
}

type Write = Extract<Operation, { readonly kind: 'write' }>;

function writesTo(read: Operation, operations: readonly Operation[]): readonly Write[] {
  if (read.kind !== 'read') return [];
  return operations.filter((each): each is Write => each.kind === 'write' && each.key === read.key);
}

/** What a write left that was over before another write began, which was over before the read. */
function staleValue(read: Operation, operations: readonly Operation[]): string | null {
  const before = writesTo(read, operations).filter(
    (write) => write.outcome.type === 'ok' && precedes(write, read),
  );
  return before.find((old) => before.some((next) => precedes(old, next)))?.value ?? null;
}

function refusedValue(read: Operation, operations: readonly Operation[]): string | null {
  return writesTo(read, operations).find(({ outcome }) => outcome.type === 'failed')?.value ?? null;
}

function futureValue(read: Operation, operations: readonly Operation[]): string | null {
  const later = writesTo(read, operations).filter((write) => precedes(read, write));
  return later.find(({ outcome }) => outcome.type !== 'failed')?.value ?? null;
}

/** Somebody swaps a value for another, and a moment later somebody else swaps the same value once more. */
function lostUpdate(seed: number): ReturnType<typeof historyOf> | null {
  const operations = legal(seed);
  const swap = operations.find(
    (each) =>
      each.kind === 'cas' &&
      each.outcome.type === 'ok' &&
      each.outcome.value.swapped &&
      each.expected !== null,
  );
  if (swap?.kind !== 'cas' || swap.completedUs === null) return null;
  return historyOf({
    operations: [
      ...operations,
      {
        kind: 'cas',
        ...{ id: operations.length, process: 999, key: swap.key, expected: swap.expected, value: 'other' },
        ...{ invokedUs: lastUs(operations) + 1, completedUs: lastUs(operations) + 2 },
        outcome: { type: 'ok', value: { swapped: true } },
      },
    ],
  });
}

function lastUs(operations: readonly Operation[]): number {
  return Math.max(...operations.map(({ invokedUs, completedUs }) => Math.max(invokedUs, completedUs ?? 0)));
}

/** A write at the very end, and a read after it that sees what was there before. */
function lostWrite(seed: number): ReturnType<typeof historyOf> | null {
  const operations = legal(seed, usual, { unknownShare: 0 });
  const last = operations.findLast((each) => each.kind === 'read' && each.outcome.type === 'ok');
  if (last?.kind !== 'read' || last.outcome.type !== 'ok') return null;
  const endUs = lastUs(operations);
  const { key } = last;
  const common = { process: 999, key } as const;
  const id = operations.length;
  return historyOf({
    operations: [
      ...operations,
      {
        ...common,
        kind: 'write',
        id,
        value: 'lost',
        invokedUs: endUs + 1,
        completedUs: endUs + 2,
        outcome: { type: 'ok', value: null },
      },
      {
        ...common,
        kind: 'read',
        id: id + 1,
        serializable: false,
        invokedUs: endUs + 3,
        completedUs: endUs + 4,
        outcome: last.outcome,
      },
    ],
  });
}

describe('linearizability', () => {
  test('agrees with somebody who tries all orders of small histories', () => {
    let bad = 0;
    fc.assert(
      fc.property(smallHistory, (operations) => {
        const verdict = linearizability.check(historyOf({ operations }));
        const isLegal = hasOrder(operations, null, new Set());
        if (!isLegal) bad += 1;
        expect(verdict.type).toBe(isLegal ? 'ok' : 'violated');
      }),
      { numRuns: 1000 },
    );
    expect(bad).toBeGreaterThan(100);
  });

  test('does not blame a client that goes on in the moment in which its last operation ended', () => {
    const operations: readonly Operation[] = [
      {
        kind: 'write',
        id: 0,
        process: 1,
        invokedUs: 0,
        completedUs: 5,
        key: 'k',
        value: 'a',
        outcome: done(null),
      },
      {
        kind: 'write',
        id: 1,
        process: 1,
        invokedUs: 5,
        completedUs: 5,
        key: 'k',
        value: 'b',
        outcome: done(null),
      },
      {
        kind: 'read',
        id: 2,
        process: 1,
        invokedUs: 5,
        completedUs: 9,
        key: 'k',
        serializable: false,
        outcome: done({ value: 'b' }),
      },
    ];
    expect(linearizability.check(historyOf({ operations })).type).toBe('ok');
    const stale = withOperation(operations, 2, (read) =>
      read.kind === 'read' ? { ...read, outcome: done({ value: 'a' }) } : read,
    );
    expect(namesOf(linearizability.check(historyOf({ operations: stale })))).toEqual(['stale read']);
  });

  test('blames a client that reads what it only writes in the moment after, though nobody learnt the end of that', () => {
    const times = { process: 1, key: 'k', invokedUs: 3 } as const;
    const operations: readonly Operation[] = [
      { ...times, kind: 'read', id: 0, serializable: false, completedUs: 4, outcome: done({ value: 'a' }) },
      {
        ...{ ...times, kind: 'write', id: 1, value: 'a', invokedUs: 4, completedUs: null },
        outcome: { type: 'unknown', error: 'no answer' },
      },
    ];
    expect(namesOf(linearizability.check(historyOf({ operations })))).toEqual(['read from the future']);
  });

  test('tells the operation that fits nowhere, and the values that were possible then', () => {
    const operations: readonly Operation[] = [
      {
        kind: 'write',
        id: 0,
        process: 1,
        invokedUs: 0,
        completedUs: 1,
        key: 'k',
        value: 'a',
        outcome: done(null),
      },
      {
        kind: 'write',
        id: 1,
        process: 2,
        invokedUs: 2,
        completedUs: 5,
        key: 'k',
        value: 'b',
        outcome: done(null),
      },
      {
        kind: 'write',
        id: 2,
        process: 3,
        invokedUs: 3,
        completedUs: 6,
        key: 'k',
        value: 'c',
        outcome: done(null),
      },
      {
        kind: 'read',
        id: 3,
        process: 1,
        invokedUs: 7,
        completedUs: 8,
        key: 'k',
        serializable: false,
        outcome: done({ value: 'a' }),
      },
    ];
    const verdict = linearizability.check(historyOf({ operations }));
    const [anomaly] = verdict.type === 'violated' ? verdict.anomalies : [];
    expect(anomaly?.operations.at(-1)).toBe(3);
    expect(anomaly?.explanation).toMatch(
      /operation 3 of process 1 on k \(it read a\).* holds (b or c|c or b) then/,
    );
    const { drawing } = anomaly ?? {};
    expect(drawing?.type === 'linearization' ? drawing.states.map(({ state }) => state).sort() : []).toEqual([
      'b',
      'c',
    ]);
  });

  test('says `unknown` when its budget ends, and never `ok`', () => {
    const operations = puzzle(12);
    const verdict = linearizability.check(historyOf({ operations }), { steps: 3000 });
    expect(verdict).toMatchObject({
      type: 'unknown',
      reason: expect.stringContaining('3000 steps') as string,
    });
  });

  test('finds the bad key beside one that is too hard', () => {
    const bad: readonly Operation[] = [
      {
        kind: 'read',
        id: 100,
        process: 100,
        invokedUs: 0,
        completedUs: 1,
        key: 'bad',
        serializable: false,
        outcome: done({ value: 'x' }),
      },
    ];
    const verdict = linearizability.check(historyOf({ operations: [...puzzle(12), ...bad] }), {
      steps: 10_000,
    });
    expect(namesOf(verdict)).toEqual(['value from nowhere']);
  });

  test('skips a history without registers', () => {
    expect(linearizability.check(historyOf({})).type).toBe('skipped');
  });
});

const done = <T>(value: T): { readonly type: 'ok'; readonly value: T } => ({ type: 'ok', value });

/** All overlap, and the last read fits to none of the orders, of which there are too many. */
function puzzle(count: number): readonly Operation[] {
  return Array.from({ length: count }, (_, id): Operation => {
    const times = { id, process: id, invokedUs: 0, completedUs: 100, key: 'hard' };
    return id === count - 1
      ? { ...times, kind: 'cas', expected: 'never', value: 'x', outcome: done({ swapped: true }) }
      : { ...times, kind: 'cas', expected: `${id}`, value: `${id}`, outcome: done({ swapped: false }) };
  }).concat(
    Array.from({ length: count }, (_, place): Operation => {
      const times = { id: 20 + place, process: 20 + place, invokedUs: 0, completedUs: 100, key: 'hard' };
      return { ...times, kind: 'write', value: `w${place}`, outcome: done(null) };
    }),
  );
}

/** Up to seven operations on one key, with few values: legal or not. */
const smallHistory: fc.Arbitrary<readonly Operation[]> = fc
  .array(
    fc.record({
      process: fc.nat(2),
      invokedUs: fc.nat(12),
      length: fc.nat(5),
      fate: fc.constantFrom('ok', 'ok', 'ok', 'unknown', 'failed'),
      kind: fc.constantFrom('read', 'read', 'write', 'cas'),
      value: fc.constantFrom('a', 'b', 'c'),
      expected: fc.constantFrom(null, 'a', 'b'),
      swapped: fc.boolean(),
    }),
    { minLength: 2, maxLength: 7 },
  )
  .map((draws) =>
    draws
      .sort((a, b) => a.invokedUs - b.invokedUs)
      .map(({ process, invokedUs, length, fate, kind, value, expected, swapped }, id): Operation => {
        // Processes of their own, but for those that stand at one moment.
        const times = {
          id,
          process: length === 0 ? process : 10 + id,
          invokedUs,
          completedUs: invokedUs + length,
          key: 'k',
        };
        const outcomeOf = <T>(result: T): Operation['outcome'] & { readonly value?: T } =>
          fate === 'ok'
            ? { type: 'ok', value: result as never }
            : { type: fate === 'failed' ? 'failed' : 'unknown', error: '' };
        const whole: unknown =
          kind === 'read'
            ? { ...times, kind, serializable: false, outcome: outcomeOf({ value: expected }) }
            : kind === 'write'
              ? { ...times, kind, value, outcome: outcomeOf(null) }
              : { ...times, kind, expected, value, outcome: outcomeOf({ swapped }) };
        return whole as Operation;
      }),
  );

/** By the definition: some order of all that is known to be done, and of some that may be, keeps to time and to the register. */
function hasOrder(
  operations: readonly Operation[],
  state: string | null,
  used: ReadonlySet<number>,
): boolean {
  const left = operations.filter(({ id, outcome }) => !used.has(id) && outcome.type !== 'failed');
  if (left.every(({ outcome }) => outcome.type !== 'ok')) return true;
  return left.some((next) => {
    const isFirst = left.every((other) => other.outcome.type !== 'ok' || !precedes(other, next));
    if (!isFirst) return false;
    const after = effect(next, state);
    return after !== undefined && hasOrder(operations, after, new Set([...used, next.id]));
  });
}

function effect(operation: Operation, state: string | null): string | null | undefined {
  if (operation.kind === 'read')
    return operation.outcome.type !== 'ok' || operation.outcome.value.value === state ? state : undefined;
  if (operation.kind === 'write') return operation.value;
  if (operation.kind !== 'cas') return undefined;
  const holds = state === operation.expected;
  if (operation.outcome.type === 'ok' && operation.outcome.value.swapped !== holds) return undefined;
  return holds ? operation.value : state;
}
