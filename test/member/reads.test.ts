import { describe, expect, test } from 'vitest';
import { createReads } from '../../src/member/reads.js';

async function now(promise: Promise<unknown>): Promise<unknown> {
  const outcome = promise.then(
    () => 'done',
    (error: unknown) => (error as { code: string }).code,
  );
  return Promise.race([outcome, new Promise((resolve) => setImmediate(() => resolve('waits')))]);
}

describe('linearizable reads', () => {
  test('a reader waits for the confirmation and for the index to be applied', async () => {
    const reads = createReads({ retryMs: 500 });
    const reader = reads.barrier(1000);
    expect(reads.nextRound(0)).toBe(1);
    reads.confirmed(1, 10);
    reads.applied(9);
    expect(await now(reader)).toBe('waits');
    reads.applied(10);
    expect(await now(reader)).toBe('done');
  });

  test('readers that come during a round share the next one', async () => {
    const reads = createReads({ retryMs: 500 });
    const first = reads.barrier(1000);
    expect(reads.nextRound(0)).toBe(1);
    const late = [reads.barrier(1000), reads.barrier(1000)];
    expect(reads.nextRound(0)).toBeNull();
    reads.confirmed(1, 0);
    expect(await now(first)).toBe('done');
    expect(await Promise.all(late.map(now))).toEqual(['waits', 'waits']);
    expect(reads.nextRound(0)).toBe(2);
    reads.confirmed(2, 0);
    expect(await Promise.all(late.map(now))).toEqual(['done', 'done']);
  });

  // etcd issue 20418: an answer to the first try must not confirm the second.
  test('a retry has a context of its own, and late answers to the first try count for nothing', async () => {
    const reads = createReads({ retryMs: 500 });
    const reader = reads.barrier(10_000);
    expect(reads.nextRound(0)).toBe(1);
    expect(reads.nextRound(499)).toBeNull();
    expect(reads.nextRound(500)).toBe(2);
    reads.confirmed(1, 0);
    expect(await now(reader)).toBe('waits');
    reads.confirmed(2, 0);
    expect(await now(reader)).toBe('done');
  });

  test('a refused round leaves its readers waiting for the next; in the end they are given up', async () => {
    const reads = createReads({ retryMs: 500 });
    const reader = reads.barrier(1000);
    reads.nextRound(0);
    reads.roundRefused();
    expect(reads.nextRound(1)).toBe(2);
    reads.expire(999, 'no-leader');
    expect(await now(reader)).toBe('waits');
    reads.expire(1000, 'no-leader');
    expect(await now(reader)).toBe('no-leader');
  });
});
