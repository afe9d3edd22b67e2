import { describe, expect, test } from 'vitest';
import { leases } from '../../../jepsen-like/checkers/leases.js';
import type { History, Operation } from '../../../jepsen-like/history/index.js';
import { expectBlame, expectNoBlame, namesOf } from './judge.js';
import { historyOf, legalHistory, operationsOf, usualShape, withOperation } from './legal.js';
import type { Model, Shape } from './legal.js';

type Intent =
  | { readonly kind: 'grant'; readonly lease: string; readonly ttlSeconds: number }
  | { readonly kind: 'keep-alive' | 'revoke'; readonly lease: string }
  | { readonly kind: 'attach' | 'attached'; readonly lease: string; readonly key: string };

/** One step of the model's clock: short enough that leases live through many operations. */
const tickUs = 40_000;

/** Leases in memory; the member's clock runs up to a fifth faster than that of the clients, and it ends leases a little late. */
function leaseModel(nowUs: () => number, drift: number): Model<Intent, unknown> {
  const deadlines = new Map<string, number>();
  const used = new Set<string>();
  const ttls = new Map<string, number>();
  const keys = new Map<string, string>();

  function expire(): void {
    for (const [lease, deadline] of deadlines) {
      if (deadline >= nowUs() * drift) continue;
      deadlines.delete(lease);
      for (const [key, its] of keys) if (its === lease) keys.delete(key);
    }
  }

  return {
    draw(random, nth) {
      const lease = String(Math.floor(nth / 15));
      const kind = nth % 15 < 2 ? 0 : random.below(10);
      if (kind === 0) return { kind: 'grant', lease, ttlSeconds: 1 + random.below(3) };
      if (kind < 3) return { kind: 'attach', lease, key: `k${lease}` };
      if (kind < 5) return { kind: 'keep-alive', lease };
      if (kind < 6 && random.chance(0.3)) return { kind: 'revoke', lease };
      return { kind: 'attached', lease, key: `k${lease}` };
    },
    execute(intent) {
      expire();
      const { lease } = intent;
      switch (intent.kind) {
        case 'grant':
          if (used.has(lease)) return null;
          used.add(lease);
          deadlines.set(lease, nowUs() * drift + intent.ttlSeconds * 1e6);
          ttls.set(lease, intent.ttlSeconds);
          return { ttlSeconds: intent.ttlSeconds };
        case 'keep-alive': {
          const ttlSeconds = ttls.get(lease) ?? 0;
          if (!deadlines.has(lease)) return { ttlSeconds: 0 };
          deadlines.set(lease, nowUs() * drift + ttlSeconds * 1e6);
          return { ttlSeconds };
        }
        case 'revoke':
          if (!deadlines.has(lease)) return null;
          deadlines.delete(lease);
          keys.delete(`k${lease}`);
          return undefined;
        case 'attach':
          if (!deadlines.has(lease)) return null;
          keys.set(intent.key, lease);
          return undefined;
        case 'attached':
          return { present: keys.has(intent.key) };
      }
    },
  };
}

function legal(seed: number, shape: Partial<Shape> = {}): readonly Operation[] {
  let nowUs = 0;
  const model = leaseModel(() => nowUs, 1 + (seed % 5) / 25);
  const done = legalHistory(
    model,
    { ...usualShape, processes: 3, ...shape, seed },
    (atUs) => (nowUs = atUs * tickUs),
  );
  return operationsOf(done).map((each): Operation => ({
    ...each,
    invokedUs: each.invokedUs * tickUs,
    completedUs: each.completedUs === null ? null : each.completedUs * tickUs,
  }));
}

describe('leases never blames', () => {
  test('a legal history, whatever the clocks of members do', () => {
    expectNoBlame(leases, (seed) => historyOf({ operations: legal(seed) }), { runs: 200 });
  });

  test('one in which many outcomes are not known: a grant may come long after its client gave up', () => {
    expectNoBlame(leases, (seed) => historyOf({ operations: legal(seed, { unknownShare: 0.4 }) }), {
      runs: 200,
    });
  });
});

/** Begins after all is over: a lease is granted for ten seconds, and a key attached to it. */
function withLease(seed: number, after: readonly Planned[]): History {
  const operations = legal(seed);
  const endUs = Math.max(
    0,
    ...operations.map(({ invokedUs, completedUs }) => Math.max(invokedUs, completedUs ?? 0)),
  );
  const all: readonly Planned[] = [
    { atMs: 0, kind: 'grant', ttlSeconds: 10, value: { ttlSeconds: 10 } },
    { atMs: 10, kind: 'attach', key: 'p', value: null },
    ...after,
  ];
  const more = all.map(({ atMs, value, ...what }, nth): Operation => {
    const invokedUs = endUs + 1 + atMs * 1000;
    const times = { id: operations.length + nth, process: 99, invokedUs, completedUs: invokedUs + 5000 };
    const whole: unknown = { ...times, lease: 'planted', ...what, outcome: { type: 'ok', value } };
    return whole as Operation; // Values are written beside their kinds.
  });
  return historyOf({ operations: [...operations, ...more] });
}

interface Planned {
  readonly atMs: number;
  readonly kind: Operation['kind'];
  readonly key?: string;
  readonly ttlSeconds?: number;
  readonly value: unknown;
}

const look = (atMs: number, present: boolean): Planned => ({
  atMs,
  kind: 'attached',
  key: 'p',
  value: { present },
});
const keep = (atMs: number, ttlSeconds: number): Planned => ({
  atMs,
  kind: 'keep-alive',
  value: { ttlSeconds },
});
const revoke = (atMs: number): Planned => ({ atMs, kind: 'revoke', value: null });

describe('leases always finds', () => {
  test('a key that dies before its lease', () => {
    expectBlame(
      leases,
      (seed) => withLease(seed, [look(100, true), look(5000, false)]),
      /^a lease ended early$/,
    );
    const kept = [keep(6000, 10), look(12_000, false)];
    expectBlame(leases, (seed) => withLease(seed, kept), /^a lease ended early$/);
  });

  test('a lease that ends early by its own word', () => {
    expectBlame(leases, (seed) => withLease(seed, [keep(3000, 0)]), /^a lease ended early$/);
  });

  test('a key that outlives its lease', () => {
    expectBlame(
      leases,
      (seed) => withLease(seed, [revoke(100), look(200, true)]),
      /^a key outlived its lease$/,
    );
    expectBlame(
      leases,
      (seed) => withLease(seed, [keep(20_000, 0), look(20_100, true)]),
      /^a key outlived its lease$/,
    );
    expectBlame(
      leases,
      (seed) => withLease(seed, [look(20_000, false), look(20_100, true)]),
      /^a key outlived its lease$/,
    );
  });

  test('a lease that comes back', () => {
    expectBlame(leases, (seed) => withLease(seed, [revoke(100), keep(200, 10)]), /^a lease came back$/);
    expectBlame(
      leases,
      (seed) => withLease(seed, [keep(20_000, 0), keep(20_100, 10)]),
      /^a lease came back$/,
    );
    const attach: Planned = { atMs: 200, kind: 'attach', key: 'q', value: null };
    expectBlame(leases, (seed) => withLease(seed, [revoke(100), attach]), /^a lease came back$/);
  });
});

describe('leases', () => {
  test('blames nobody for a lease that somebody may have revoked', () => {
    const history = withLease(1, [revoke(4000), look(5000, false)]);
    const lost = history.operations.findLast(({ kind }) => kind === 'revoke');
    const outcome = { type: 'unknown', error: '' } as const;
    const operations = withOperation(history.operations, lost?.id ?? -1, (each) => ({ ...each, outcome }));
    expect(namesOf(leases.check(historyOf({ operations })))).toEqual([]);
  });

  test('blames nobody for a look that was under way when the lease was revoked', () => {
    const history = withLease(1, [look(4000, false), revoke(4001)]);
    const early = history.operations.findLast(({ kind }) => kind === 'attached');
    const operations = withOperation(history.operations, early?.id ?? -1, (each) => ({
      ...each,
      process: 98,
      completedUs: each.invokedUs + 100_000,
    }));
    expect(namesOf(leases.check(historyOf({ operations })))).toEqual([]);
  });

  test('blames nobody for a lease whose grant came only after its client had been told that it is gone', () => {
    const history = withLease(1, [keep(100, 0), keep(200, 10)]);
    const grant = history.operations.findLast(({ kind }) => kind === 'grant');
    const outcome = { type: 'unknown', error: '' } as const;
    const operations = withOperation(history.operations, grant?.id ?? -1, (each) => ({ ...each, outcome }));
    const withoutKey = operations.filter(({ kind, process }) => kind !== 'attach' || process !== 99);
    expect(namesOf(leases.check(historyOf({ operations: withoutKey })))).toEqual([]);
  });

  test('skips a history without leases', () => {
    expect(leases.check(historyOf({})).type).toBe('skipped');
  });
});
