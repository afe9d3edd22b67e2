import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cycles } from '../../../jepsen-like/checkers/cycles/index.js';
import type { History, Operation } from '../../../jepsen-like/history/index.js';
import { expectBlame, expectNoBlame, namesOf } from './judge.js';
import { endUs, historyOf, mixed, withOperation } from './legal.js';
import { legalLists, legalRegisters, lists, registers } from './transactions.js';
import type { When } from './transactions.js';

describe('cycles never blames', () => {
  test('a legal history of lists', () => {
    expectNoBlame(cycles, (seed) => historyOf({ operations: legalLists(seed) }));
  });

  test('a legal history of registers', () => {
    expectNoBlame(cycles, (seed) => historyOf({ operations: legalRegisters(seed) }));
  });

  test('those in which half of all outcomes are not known', () => {
    const shape = { unknownShare: 0.5, failedShare: 0.2, processes: 8 };
    expectNoBlame(cycles, (seed) => historyOf({ operations: legalLists(seed, shape) }));
    expectNoBlame(cycles, (seed) => historyOf({ operations: legalRegisters(seed, shape) }));
  });
});

/** Transactions that overlap with all others and with each other, … */
const wide = (operations: readonly Operation[], process: number): When => ({
  process,
  invokedUs: 0,
  completedUs: endUs(operations) + 1,
});
/** … and those that come when all is over, one after the other. */
const late = (operations: readonly Operation[], nth: number): When => ({
  process: 1000 + nth,
  invokedUs: endUs(operations) + 10 * nth,
  completedUs: endUs(operations) + 10 * nth + 5,
});

type Plant = (seed: number) => History;

function plantLists(atOnce: readonly string[], later: readonly string[] = []): Plant {
  return (seed) => {
    const operations = legalLists(seed);
    const first = atOnce.map((text, nth) => lists(wide(operations, 900 + nth), text));
    const last = later.map((text, nth) => lists(late(operations, nth + 1), text));
    return historyOf({ operations: mixed(operations, [...first, ...last]) });
  };
}

function plantRegisters(atOnce: readonly string[], later: readonly string[] = []): Plant {
  return (seed) => {
    const operations = legalRegisters(seed);
    const first = atOnce.map((text, nth) => registers(wide(operations, 900 + nth), text));
    const last = later.map((text, nth) => registers(late(operations, nth + 1), text));
    return historyOf({ operations: mixed(operations, [...first, ...last]) });
  };
}

// One-letter keys are of nobody else: those of the random transactions have two.
describe('cycles always finds, in lists:', () => {
  test.each<readonly [name: string, at: Plant]>([
    ['G0', plantLists(['p+1 q+1', 'p+2 q+2', 'p=1,2', 'q=2,1'])],
    ['G1c', plantLists(['p+1 q=2', 'q+2 p=1'])],
    ['G-single', plantLists(['p= q=2', 'p+1 q+2', 'p=1'])],
    ['G-single (lost update)', plantLists(['p= p+1', 'p= p+2', 'p=1,2'])],
    ['G2-item', plantLists(['p= q+1', 'q= p+2', 'p=2', 'q=1'])],
    ['G2-item', plantLists(['p= q+1', 'q= r+2', 'r= p+3', 'p=3', 'q=1', 'r=2'])],
    ['G0-realtime', plantLists([], ['p+1', 'p+2', 'p=2,1'])],
    ['G1c-realtime', plantLists(['p=1 q+2'], ['q=2', 'p+1'])],
    ['G-single-realtime (stale read)', plantLists([], ['p+1', 'p=', 'p=1'])],
    ['G-single-realtime (stale read)', plantLists([], ['p+1', 'p='])],
    ['G1b (intermediate read)', plantLists(['p+1 p+2', 'p=1', 'p=1,2'])],
    ['G1b (intermediate read)', plantLists(['p+1 p+2', 'p+3', 'p=1,3,2'])],
    ['incompatible orders', plantLists(['p+1', 'p+2', 'p=1', 'p=2', 'p=1,2'])],
    ['duplicate elements', plantLists(['p+1', 'p+2', 'p=1,2,1'])],
    ['value from nowhere', plantLists(['p+1', 'p=1,7'])],
    ['internal inconsistency', plantLists(['p+1 p='])],
    ['internal inconsistency', plantLists(['p=1 p=', 'p+1'])],
    ['internal inconsistency', plantLists(['p=1 p+1'])],
  ])('%s', (name, plant) => {
    expectBlame(cycles, plant, new RegExp(`^${name.replaceAll(/[()]/g, '\\$&')}$`), { runs: 6 });
  });

  test('G1a, when one was refused that others read', () => {
    expectBlame(cycles, (seed) => refused(legalLists(seed)), /^G1a/);
  });

  test('a lost append, whatever else happened', () => {
    expectBlame(
      cycles,
      (seed) => {
        const operations = legalLists(seed, { unknownShare: 0 });
        const keys = ['x0', 'x1', 'x2'];
        const final = lists(late(operations, 1), keys.map((key) => `${key.at(-1) ?? ''}=`).join(' '));
        const whole: unknown = final;
        return withoutAppend(operations, whole as Operation);
      },
      /stale read|G-single|G1c|G2-item|incompatible/,
    );
  });
});

describe('cycles always finds, in registers:', () => {
  test.each<readonly [name: string, at: Plant]>([
    ['G1c', plantRegisters(['p:1 q=2', 'q:2 p=1'])],
    ['G0', plantRegisters(['p:1 q=2 q:3', 'q:2 p=1 p:4', 'q=3 q:5 p=4 p:6', 'p=6', 'q:7 p:8'])],
    ['G-single', plantRegisters(['p= q=2', 'p:1 q:2'])],
    ['G2-item (lost update)', plantRegisters(['p=1 p:2', 'p=1 p:3', 'p:1'])],
    ['G2-item', plantRegisters(['p= q:1', 'q= p:2'])],
    ['G-single-realtime', plantRegisters([], ['p:1', 'p:2', 'p=1'])],
    ['G-single-realtime (stale read)', plantRegisters([], ['p:1', 'p='])],
    ['G1b (intermediate read)', plantRegisters(['p:1 p:2', 'p=1'])],
    ['value from nowhere', plantRegisters(['p:1', 'p=7'])],
    ['internal inconsistency', plantRegisters(['p:1 p=2', 'p:2'])],
    ['internal inconsistency', plantRegisters(['p=1 p:1'])],
  ])('%s', (name, plant) => {
    expectBlame(cycles, plant, new RegExp(`^${name.replaceAll(/[()]/g, '\\$&')}`), { runs: 6 });
  });

  test('G1a, when one was refused that others read', () => {
    expectBlame(cycles, (seed) => refused(legalRegisters(seed)), /^G1a/);
  });
});

/** One of which something was read was refused after all; null: nothing was read. */
function refused(operations: readonly Operation[]): History | null {
  const seen = new Set<string>();
  for (const each of operations) {
    if ((each.kind !== 'append' && each.kind !== 'registers') || each.outcome.type !== 'ok') continue;
    for (const [place, step] of each.steps.entries()) {
      const read = each.outcome.value.reads[place] ?? null;
      const last = Array.isArray(read) ? (read.at(-1) as number | undefined) : read;
      if (step.type === 'read' && last !== null && last !== undefined)
        seen.add(`${step.key} ${last as string} ${each.id}`);
    }
  }
  const isRead = (operation: Operation): boolean =>
    (operation.kind === 'append' || operation.kind === 'registers') &&
    operation.outcome.type === 'ok' &&
    operation.steps.some(
      (step) =>
        step.type !== 'read' &&
        [...seen].some((name) => {
          const [key, value, by] = name.split(' ');
          return key === step.key && value === String(step.value) && by !== String(operation.id);
        }),
    );
  const victim = operations.find(isRead);
  if (victim === undefined) return null;
  const outcome = { type: 'failed', error: 'refused' } as const;
  return historyOf({
    operations: withOperation(operations, victim.id, (each) => ({ ...each, outcome })),
  });
}

/** An acknowledged append vanishes from all lists but those of its own transaction, and one that begins later does not have it. */
function withoutAppend(operations: readonly Operation[], template: Operation): History | null {
  const victim = operations.find(
    (each) =>
      each.kind === 'append' &&
      each.outcome.type === 'ok' &&
      each.steps.some(({ type }) => type === 'append'),
  );
  if (victim?.kind !== 'append' || template.kind !== 'append') return null;
  const step = victim.steps.find(({ type }) => type === 'append');
  if (step?.type !== 'append') return null;
  const changed = operations.map((each): Operation => {
    if (each.kind !== 'append' || each.outcome.type !== 'ok' || each.id === victim.id) return each;
    const reads = each.outcome.value.reads.map(
      (list) => list?.filter((value) => value !== step.value) ?? null,
    );
    return { ...each, outcome: { type: 'ok', value: { reads } } };
  });
  const whole = changed
    .flatMap((each) =>
      each.kind === 'append' && each.outcome.type === 'ok'
        ? each.steps.flatMap((one, place) =>
            one.type === 'read' && one.key === step.key && each.outcome.type === 'ok'
              ? [each.outcome.value.reads[place] ?? []]
              : [],
          )
        : [],
    )
    .reduce((best, list) => (list.length > best.length ? list : best), []);
  const read: Operation = {
    ...template,
    steps: [{ type: 'read', key: step.key }],
    outcome: { type: 'ok', value: { reads: [whole.filter((value) => value !== step.value)] } },
  };
  return historyOf({ operations: mixed(changed, [read]) });
}

describe('cycles', () => {
  test('tells the shortest cycle, with why each comes before the next', () => {
    const history = plantLists(['p= q=2', 'p+1 q+2', 'p=1'])(7);
    const verdict = cycles.check(history);
    const [anomaly] = verdict.type === 'violated' ? verdict.anomalies : [];
    expect(anomaly?.operations).toHaveLength(2);
    expect(anomaly?.explanation).toMatch(/\(rw: 1 in p was not yet there\).*\(wr: 2 in q was read\)/);
    expect(anomaly?.drawing?.type).toBe('cycle');
  });

  test('cannot tell when a value was written twice, and says so', () => {
    const verdict = cycles.check(plantLists(['p+1', 'p+1', 'p=1'])(7));
    expect(verdict).toMatchObject({
      type: 'unknown',
      reason: expect.stringContaining('1 was written to p more than once') as string,
    });
  });

  test('skips a history without transactions', () => {
    expect(cycles.check(historyOf({})).type).toBe('skipped');
  });

  test('takes a try that was refused and made again for one', () => {
    const when = (nth: number): When => ({ process: nth, invokedUs: 10 * nth, completedUs: 10 * nth + 5 });
    const refusedOnce = { ...lists(when(0), 'p+1'), outcome: { type: 'failed', error: 'conflict' } } as const;
    const operations = mixed([], [refusedOnce, lists(when(1), 'p+1'), lists(when(2), 'p=1')]);
    expect(namesOf(cycles.check(historyOf({ operations })))).toEqual([]);
  });

  test('finds an end also in histories where everything hangs together', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const operations = legalRegisters(seed, { count: 200, processes: 8 });
        // All the reads of one half are those of the other: nothing fits to anything.
        const shifted = operations.map((each, place): Operation => {
          const other = operations[(place + 100) % 200];
          if (each.kind !== 'registers' || other?.kind !== 'registers') return each;
          return { ...each, outcome: other.outcome };
        });
        expect(cycles.check(historyOf({ operations: shifted })).type).toBe('violated');
      }),
      { numRuns: 3 },
    );
  });
});
