import { describe, expect, test } from 'vitest';
import { bank } from '../../../jepsen-like/checkers/bank.js';
import type { History, Operation } from '../../../jepsen-like/history/index.js';
import { expectBlame, expectNoBlame } from './judge.js';
import { historyOf, legalHistory, operationsOf, usualShape, withOperation } from './legal.js';
import type { Model, Shape } from './legal.js';

type Intent =
  | { readonly kind: 'transfer'; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly kind: 'balances' };

function bankModel(): Model<Intent, unknown> {
  const balances = new Map(['a', 'b', 'c'].map((account) => [account, 50]));
  const names = [...balances.keys()];
  return {
    draw(random) {
      if (random.chance(0.4)) return { kind: 'balances' };
      const from = random.below(3);
      const to = (from + 1 + random.below(2)) % 3;
      return { kind: 'transfer', from: names[from] ?? '', to: names[to] ?? '', amount: 1 + random.below(20) };
    },
    execute(intent) {
      if (intent.kind === 'balances') return { balances: Object.fromEntries(balances) };
      const { from, to, amount } = intent;
      const source = balances.get(from) ?? 0;
      if (source < amount) return { moved: false };
      balances.set(from, source - amount);
      balances.set(to, (balances.get(to) ?? 0) + amount);
      return { moved: true };
    },
  };
}

function legal(seed: number, shape: Partial<Shape> = {}): readonly Operation[] {
  return operationsOf(legalHistory(bankModel(), { ...usualShape, ...shape, seed }));
}

describe('bank never blames', () => {
  test('a legal history', () => {
    expectNoBlame(bank, (seed) => historyOf({ operations: legal(seed) }));
    expectNoBlame(bank, (seed) =>
      historyOf({ operations: legal(seed, { unknownShare: 0.4, failedShare: 0.2 }) }),
    );
  });
});

/** Changes the last read. */
function changeLast(
  operations: readonly Operation[],
  to: (balances: Readonly<Record<string, number>>) => Readonly<Record<string, number>>,
): History | null {
  const reads = operations.filter(({ kind, outcome }) => kind === 'balances' && outcome.type === 'ok');
  const read = reads.at(-1);
  if (reads.length < 2 || read?.kind !== 'balances' || read.outcome.type !== 'ok') return null;
  const outcome = { type: 'ok', value: { balances: to(read.outcome.value.balances) } } as const;
  return historyOf({ operations: withOperation(operations, read.id, () => ({ ...read, outcome })) });
}

describe('bank always finds', () => {
  test('money that was made, and money that was lost', () => {
    expectBlame(
      bank,
      (seed) => changeLast(legal(seed), (all) => ({ ...all, a: (all['a'] ?? 0) + 1 })),
      /^money$/,
    );
    expectBlame(
      bank,
      (seed) => changeLast(legal(seed), (all) => ({ ...all, a: (all['a'] ?? 0) - 1 })),
      /^money$/,
    );
  });

  test('an account that was overdrawn', () => {
    expectBlame(
      bank,
      (seed) =>
        changeLast(legal(seed), (all) => ({ ...all, a: -1, b: (all['b'] ?? 0) + (all['a'] ?? 0) + 1 })),
      /^overdrawn account$/,
    );
  });

  test('an account that is gone', () => {
    expectBlame(bank, (seed) => changeLast(legal(seed), ({ a = 0, b = 0 }) => ({ a, b })), /^accounts$/);
  });

  test('a transfer that was acknowledged and undone, though the total is right', () => {
    expectBlame(
      bank,
      (seed) => {
        const operations = legal(seed, { unknownShare: 0 });
        // A transfer that begins after one read is over and ends before another begins, with nothing else at that time.
        const endUs = Math.max(...operations.map(({ completedUs }) => completedUs ?? 0));
        const last = operations.findLast(({ kind, outcome }) => kind === 'balances' && outcome.type === 'ok');
        if (last?.kind !== 'balances' || last.outcome.type !== 'ok') return null;
        const at = (nth: number) => ({
          id: operations.length + nth,
          process: 99,
          invokedUs: endUs + 10 * nth + 1,
          completedUs: endUs + 10 * nth + 5,
        });
        const { outcome } = last;
        const moved = { type: 'ok', value: { moved: true } } as const;
        const quiet: Operation = { ...at(0), kind: 'balances', outcome };
        const transfer: Operation = {
          ...at(1),
          kind: 'transfer',
          from: 'a',
          to: 'b',
          amount: 1,
          outcome: moved,
        };
        return historyOf({
          operations: [...operations, quiet, transfer, { ...at(2), kind: 'balances', outcome }],
        });
      },
      /^lost transfer$/,
    );
  });
});

describe('bank', () => {
  test('skips a history that nobody read in', () => {
    expect(bank.check(historyOf({})).type).toBe('skipped');
  });
});
