import { describe, expect, test } from 'vitest';
import { sets } from '../../../jepsen-like/checkers/sets.js';
import type { History, Operation } from '../../../jepsen-like/history/index.js';
import { expectBlame, expectNoBlame } from './judge.js';
import { historyOf, legalHistory, operationsOf, usualShape, withOperation } from './legal.js';
import type { Model, Shape } from './legal.js';

type Intent =
  | { readonly kind: 'add'; readonly set: string; readonly element: number }
  | { readonly kind: 'elements'; readonly set: string };

function setModel(): Model<Intent, unknown> {
  const elements = new Map<string, number[]>();
  return {
    draw(random, nth) {
      const set = String(random.below(2));
      return random.chance(0.6) ? { kind: 'add', set, element: nth } : { kind: 'elements', set };
    },
    execute(intent) {
      const its = elements.get(intent.set) ?? [];
      if (intent.kind === 'elements') return { elements: its };
      elements.set(intent.set, [...its, intent.element]);
      return undefined;
    },
  };
}

function legal(seed: number, shape: Partial<Shape> = {}): readonly Operation[] {
  return operationsOf(legalHistory(setModel(), { ...usualShape, ...shape, seed }));
}

describe('sets never blames', () => {
  test('a legal history', () => {
    expectNoBlame(sets, (seed) => historyOf({ operations: legal(seed) }));
    expectNoBlame(sets, (seed) =>
      historyOf({ operations: legal(seed, { unknownShare: 0.4, failedShare: 0.2 }) }),
    );
  });
});

type Read = Extract<Operation, { readonly kind: 'elements' }>;

/** Changes the first read, or the last, for which there is another. */
function changeRead(
  operations: readonly Operation[],
  which: 'first' | 'last',
  to: (elements: readonly number[], read: Read, nth: number) => readonly number[] | null,
): History | null {
  const reads = operations.filter(
    (each): each is Read => each.kind === 'elements' && each.outcome.type === 'ok',
  );
  for (const [nth, read] of (which === 'first' ? reads : reads.toReversed()).entries()) {
    const elements = read.outcome.type === 'ok' ? to(read.outcome.value.elements, read, nth) : null;
    if (elements === null) continue;
    const outcome = { type: 'ok', value: { elements } } as const;
    return historyOf({ operations: withOperation(operations, read.id, () => ({ ...read, outcome })) });
  }
  return null;
}

/** The last of each set: nobody reads it after that. */
function lastReads(operations: readonly Operation[]): ReadonlySet<number> {
  const last = new Map<string, number>();
  for (const each of operations)
    if (each.kind === 'elements' && each.outcome.type === 'ok') last.set(each.set, each.id);
  return new Set(last.values());
}

describe('sets always finds', () => {
  test('an acknowledged element that is lost', () => {
    expectBlame(
      sets,
      (seed) => {
        const operations = legal(seed, { unknownShare: 0 });
        const last = lastReads(operations);
        return changeRead(operations, 'last', (elements, { id, invokedUs }) => {
          const victim = operations.find(
            (each) =>
              each.kind === 'add' &&
              (each.completedUs ?? Infinity) < invokedUs &&
              elements.includes(each.element),
          );
          if (!last.has(id) || victim?.kind !== 'add') return null;
          return elements.filter((element) => element !== victim.element);
        });
      },
      /^lost element$/,
    );
  });

  test('one that was read and is gone, whatever came of its addition', () => {
    expectBlame(
      sets,
      (seed) => {
        const operations = legal(seed).map((each) =>
          each.kind === 'add' ? { ...each, outcome: { type: 'unknown', error: '' } as const } : each,
        );
        const last = lastReads(operations);
        return changeRead(operations, 'last', (elements, { id, set, invokedUs }) => {
          const before = operations.find(
            (each) =>
              each.kind === 'elements' &&
              each.set === set &&
              each.outcome.type === 'ok' &&
              each.outcome.value.elements.length > 0 &&
              (each.completedUs ?? Infinity) < invokedUs,
          );
          return last.has(id) && before !== undefined ? elements.slice(1) : null;
        });
      },
      /^lost element$/,
    );
  });

  test('a stale read', () => {
    expectBlame(
      sets,
      (seed) => {
        const operations = legal(seed, { unknownShare: 0 });
        const last = lastReads(operations);
        return changeRead(operations, 'first', (elements, { id, invokedUs }) => {
          const isOld = operations.some(
            (each) =>
              each.kind === 'add' &&
              (each.completedUs ?? Infinity) < invokedUs &&
              elements.includes(each.element),
          );
          return isOld && !last.has(id) ? [] : null;
        });
      },
      /^stale read$/,
    );
  });

  test('an element from nowhere, one that was refused, and one that comes too early', () => {
    expectBlame(
      sets,
      (seed) => changeRead(legal(seed), 'last', (elements) => [...elements, 9999]),
      /^element from nowhere$/,
    );
    expectBlame(
      sets,
      (seed) => {
        const operations = legal(seed, { failedShare: 0.3 });
        return changeRead(operations, 'last', (elements, { set }) => {
          const refused = operations.find(
            (each) => each.kind === 'add' && each.set === set && each.outcome.type === 'failed',
          );
          return refused?.kind === 'add' ? [...elements, refused.element] : null;
        });
      },
      /^element from nowhere$/,
    );
    expectBlame(
      sets,
      (seed) => {
        const operations = legal(seed);
        return changeRead(operations, 'first', (elements, { set, completedUs }) => {
          const later = operations.find(
            (each) => each.kind === 'add' && each.set === set && each.invokedUs > (completedUs ?? Infinity),
          );
          return later?.kind === 'add' ? [...elements, later.element] : null;
        });
      },
      /^element from nowhere$/,
    );
  });

  test('an element that is there twice', () => {
    expectBlame(
      sets,
      (seed) =>
        changeRead(legal(seed), 'last', (elements) =>
          elements.length > 0 ? [...elements, elements[0] ?? 0] : null,
        ),
      /^duplicate element$/,
    );
  });
});

describe('sets', () => {
  test('counts a try that was refused and made again as added once', () => {
    const add = (id: number, type: 'ok' | 'failed'): Operation => ({
      ...{ id, process: 1, invokedUs: id * 10, completedUs: id * 10 + 5, kind: 'add', set: 's', element: 7 },
      outcome: type === 'ok' ? { type, value: null } : { type, error: 'conflict' },
    });
    const read: Operation = {
      ...{ id: 2, process: 1, invokedUs: 20, completedUs: 25, kind: 'elements', set: 's' },
      outcome: { type: 'ok', value: { elements: [7] } },
    };
    expect(sets.check(historyOf({ operations: [add(0, 'failed'), add(1, 'ok'), read] })).type).toBe('ok');
  });

  test('skips a history that nobody read in', () => {
    expect(sets.check(historyOf({})).type).toBe('skipped');
  });
});
