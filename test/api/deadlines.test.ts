import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeadlines, parseGrpcTimeout } from '../../src/api/deadlines.js';

describe('Deadlines', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('pass in time, never early, unless they are removed', () => {
    const tickMs = 10;
    const anyDeadline = fc.record({
      afterMs: fc.nat(500),
      timeoutMs: fc.oneof(fc.nat(300), fc.double({ min: 0, max: 3000, noNaN: true })),
      removedAfterMs: fc.option(fc.nat(4000), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(anyDeadline, { maxLength: 30 }), (plan) => {
        const deadlines = createDeadlines({ tickMs, slotCount: 16 });
        const start = performance.now();
        const passed = new Map<number, number>();
        const steps = plan.flatMap(({ afterMs, timeoutMs, removedAfterMs }, index) => {
          const added = { atMs: afterMs, run: () => add(index, timeoutMs) };
          if (removedAfterMs === null) return [added];
          return [added, { atMs: afterMs + removedAfterMs, run: () => remove(index) }];
        });
        const all = new Map<number, ReturnType<typeof deadlines.add>>();
        const add = (index: number, timeoutMs: number): void => {
          all.set(
            index,
            deadlines.add(timeoutMs, () => passed.set(index, performance.now() - start)),
          );
        };
        const remove = (index: number): void => {
          const deadline = all.get(index);
          if (deadline !== undefined) deadlines.remove(deadline);
        };
        steps.sort((a, b) => a.atMs - b.atMs);
        for (const { atMs, run } of steps) {
          vi.advanceTimersByTime(atMs - (performance.now() - start));
          run();
        }
        vi.advanceTimersByTime(8000);
        expect(deadlines.count).toBe(0);
        expect(vi.getTimerCount()).toBe(0);
        for (const [index, { afterMs, timeoutMs, removedAfterMs }] of plan.entries()) {
          const dueMs = afterMs + timeoutMs;
          const passedMs = passed.get(index);
          const goneMs = removedAfterMs === null ? Number.POSITIVE_INFINITY : afterMs + removedAfterMs;
          if (goneMs < dueMs) expect(passedMs).toBeUndefined();
          else if (goneMs > dueMs + 2 * tickMs) expect(passedMs).toBeDefined();
          if (passedMs === undefined) continue;
          expect(passedMs).toBeGreaterThanOrEqual(dueMs);
          expect(passedMs).toBeLessThanOrEqual(dueMs + 2 * tickMs);
        }
      }),
    );
  });

  it('that passed while the process stood still all pass afterwards', () => {
    const deadlines = createDeadlines({ tickMs: 10, slotCount: 8 });
    const passed: number[] = [];
    for (const timeoutMs of [5, 35, 79, 200, 2000]) {
      deadlines.add(timeoutMs, () => passed.push(timeoutMs));
    }
    const stoodStill = performance.now() + 1000;
    const now = vi.spyOn(performance, 'now').mockReturnValue(stoodStill);
    vi.advanceTimersToNextTimer();
    expect(passed.sort((a, b) => a - b)).toEqual([5, 35, 79, 200]);
    expect(deadlines.count).toBe(1);
    now.mockRestore();
  });
});

it('The header grpc-timeout has up to eight digits and a unit', () => {
  const values = {
    '1H': 3_600_000,
    '2M': 120_000,
    '10S': 10_000,
    '250m': 250,
    '1500u': 1.5,
    '99999999n': 99.999_999,
  };
  for (const [text, ms] of Object.entries(values)) expect(parseGrpcTimeout(text)).toBeCloseTo(ms, 6);
  expect(parseGrpcTimeout('0m')).toBe(0);
  for (const text of ['', '5', 'm', '-1m', '1.5S', '123456789m', '1s', '1 m', '5m, 6m']) {
    expect(parseGrpcTimeout(text)).toBeNull();
  }
});
