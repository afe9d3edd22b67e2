import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSchedule } from '../../../src/member/lease/schedule.js';
import { spread } from '../../../src/member/lease/spread.js';

type Step =
  | { readonly type: 'set'; readonly id: bigint; readonly atMs: number }
  | { readonly type: 'delete'; readonly id: bigint }
  | { readonly type: 'take'; readonly afterMs: number; readonly countMax: number };

const ids = fc.bigInt(0n, 7n);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('set' as const), id: ids, atMs: fc.nat(100) }),
    fc.record({ type: fc.constant('delete' as const), id: ids }),
    fc.record({
      type: fc.constant('take' as const),
      afterMs: fc.nat(30),
      countMax: fc.integer({ min: 1, max: 4 }),
    }),
  ),
  { maxLength: 60 },
);

describe('a schedule', () => {
  test('gives out what is due, earliest first and once, as a plain map would', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const schedule = createSchedule();
        const twin = new Map<bigint, number>();
        let nowMs = 0;
        for (const step of plan) {
          if (step.type === 'set') {
            schedule.set(step.id, nowMs + step.atMs);
            twin.set(step.id, nowMs + step.atMs);
          } else if (step.type === 'delete') {
            schedule.delete(step.id);
            twin.delete(step.id);
          } else {
            nowMs += step.afterMs;
            const taken = schedule.takeDue(nowMs, step.countMax);
            const due = [...twin].filter(([, atMs]) => atMs <= nowMs).map(([id]) => id);
            expect(taken).toHaveLength(Math.min(due.length, step.countMax));
            expect(due).toEqual(expect.arrayContaining(taken));
            for (const id of taken) twin.delete(id);
          }
          expect(schedule.size).toBe(twin.size);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('costs nothing more for leases that are put off again and again', () => {
    const schedule = createSchedule();
    for (let round = 0; round < 1000; round++)
      for (let id = 0n; id < 10n; id++) schedule.set(id, 1000 + round);
    expect(schedule.takeDue(1998, 100)).toEqual([]);
    expect(schedule.takeDue(1999, 100).toSorted()).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
  });

  test('forgets leases that end long before their time', () => {
    const schedule = createSchedule();
    for (let id = 0n; id < 10n; id++) schedule.set(id, Number(id));
    for (let id = 10n; id < 50_000n; id++) {
      schedule.set(id, 1e9);
      schedule.delete(id);
    }
    expect(schedule.heapSize).toBeLessThan(2000);
    expect(schedule.takeDue(10, 100)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
  });
});

describe('leases that would end together', () => {
  test('are spread: none ends early, and no second sees too many', () => {
    const times = fc.array(fc.nat(5000), { maxLength: 200 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 20 }), (atMs, perSecondMax) => {
        const before = atMs.map((each, id) => ({ id: BigInt(id), atMs: each }));
        const after = spread(before, perSecondMax);
        expect(after).toHaveLength(before.length);
        const original = new Map(before.map(({ id, atMs: each }) => [id, each]));
        for (const { id, atMs: each } of after)
          expect(each).toBeGreaterThanOrEqual(original.get(id) ?? Infinity);
        if (before.length <= perSecondMax) return;
        const sorted = after.map(({ atMs: each }) => each).toSorted((a, b) => a - b);
        for (const [place, each] of sorted.entries()) {
          const earlier = sorted[place - perSecondMax];
          if (earlier !== undefined) expect(each - earlier).toBeGreaterThanOrEqual(1000);
        }
      }),
    );
  });

  test('are left alone when they are few or far apart', () => {
    const few = [
      { id: 1n, atMs: 5 },
      { id: 2n, atMs: 5 },
    ];
    expect(spread(few, 2)).toEqual(few);
    const apart = [0, 1, 2, 3].map((second) => ({ id: BigInt(second), atMs: 1000 * second }));
    expect(spread(apart, 1)).toEqual(apart);
  });
});
