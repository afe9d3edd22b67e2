import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TxnOperation } from '../../src/mvcc/index.js';
import { sortInSteps } from '../../src/mvcc/sort.js';
import { runThrough } from '../../src/mvcc/steps.js';
import { createHarness } from './harness.js';
import type { Harness } from './harness.js';
import { compare, grant, put, range, remove, revoke, txn } from './requests.js';

/** One command may do work of 200,000 keys; 512 bytes of a value that is read count as one. */
const workMax = 200_000;
const everything = { rangeEnd: '\0' } as const;
const refusal = { ok: false, error: 'too-many-keys' };

let harness: Harness;

beforeEach(async () => {
  harness = await createHarness();
});

function repeated(count: number, operation: TxnOperation): TxnOperation[] {
  return Array.from({ length: count }, () => operation);
}

/** Nothing was changed by what was refused. */
function expectRefused(command: Parameters<Harness['apply']>[0]): void {
  const { revision, keyCount } = harness.machine;
  expect(harness.apply(command)).toEqual(refusal);
  expect([harness.machine.revision, harness.machine.keyCount]).toEqual([revision, keyCount]);
}

describe('one command', () => {
  it('deletes so many keys, and is refused if it would delete more; a lease holds as many, for it ends in one', () => {
    harness.done(grant(7n, 60));
    for (let index = 0; index < workMax; index++) harness.done(put(String(index), '', { lease: 7n }));
    expectRefused(put('one more', '', { lease: 7n }));
    harness.done(put('0', 'again', { lease: 7n }));
    harness.done(put('one more', ''));
    expectRefused(remove('\0', everything));
    expectRefused(txn([], [put('x', ''), remove('\0', everything)]));
    harness.done(revoke(7n));
    expect(harness.apply(remove('\0', everything))).toMatchObject({ value: { deleted: 1 } });
  });

  it('compares so many keys, along the path that it takes', () => {
    for (let index = 0; index < 1000; index++) harness.done(put(String(index), 'v'));
    const target = { type: 'version', version: 7 } as const;
    const all = compare('\0', 'not-equal', target, '\0');
    const compares = Array.from({ length: 120 }, () => all);
    harness.done(txn(compares, [put('x', '')]));
    const nested = txn(compares.slice(0, 100), []);
    expectRefused(txn([], [put('x', ''), ...repeated(3, nested)]));
    harness.done(
      txn([compare('0', 'equal', target)], [put('x', ''), ...repeated(3, nested)], [put('y', '')]),
    );
  });

  it('reads so much, whether it is there before or put by the command itself', () => {
    const large = 'v'.repeat(100_000);
    for (let index = 0; index < 10; index++) harness.done(put(`big${index}`, large));
    const all = range('big', { rangeEnd: 'bih' });
    harness.done(txn([], [put('x', ''), ...repeated(90, all)]));
    expectRefused(txn([], [put('x', ''), ...repeated(110, all)]));
    expectRefused(
      txn([], [put('x', ''), ...repeated(110, remove('big', { rangeEnd: 'bih', prevKv: true }))]),
    );
    harness.done(
      txn([], [put('x', ''), ...repeated(110, range('big', { rangeEnd: 'bih', keysOnly: false, limit: 1 }))]),
    );
    const own = txn([], repeated(60, range('own')));
    expectRefused(txn([], [put('own', 'v'.repeat(1_000_000)), ...repeated(60, own)]));
  });

  it('reads so much of the past', () => {
    const large = 'v'.repeat(100_000);
    for (let index = 0; index < 10; index++) harness.done(put(`big${index}`, large));
    const { revision } = harness.machine;
    harness.done(remove('\0', everything));
    const all = range('big', { rangeEnd: 'bih', revision });
    harness.done(txn([], [put('x', ''), ...repeated(90, all)]));
    expectRefused(txn([], [put('x', ''), ...repeated(110, all)]));
  });

  it('may nest to thousands of operations as long as they are cheap', () => {
    const inner = txn([], repeated(63, range('k')));
    expect(harness.apply(txn([], [put('k', ''), ...repeated(63, inner)]))).toMatchObject({ ok: true });
    // Each reads what all the puts have made.
    const puts = txn(
      [],
      Array.from({ length: 60 }, (_, index) => put(String(index), '')),
    );
    const reads = txn([], repeated(60, range('\0', everything)));
    expectRefused(txn([], [puts, ...repeated(60, reads)]));
  });
});

describe('a long read', () => {
  it('lets others run, also while it compares, and sees nothing of what they do', async () => {
    for (let index = 0; index < 5000; index++) harness.done(put(String(index), 'v'));
    const { revision } = harness.machine;
    const all = compare('\0', 'equal', { type: 'version', version: 1 }, '\0');
    const reading = harness.machine.readTxn(
      txn([all, all], [range('\0', { ...everything, countOnly: true })]),
    );
    let isOver = false;
    const over = reading.then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    for (let index = 0; index < 5000; index++) harness.done(put(String(index), 'w'));
    harness.done(put('z', ''));
    expect(await reading).toMatchObject({
      value: { revision, succeeded: true, responses: [{ revision, count: 5000 }] },
    });
    await over;
  });

  it('is one of few, and of a bounded number that wait', async () => {
    for (let index = 0; index < 1000; index++) harness.done(put(String(index), 'v'));
    const reads = Array.from({ length: 1100 }, () =>
      harness.machine.range(range('\0', { ...everything, limit: 600 })),
    );
    const outcomes = await Promise.allSettled(reads);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(1100 - 1004);
    expect(refused[0]).toMatchObject({ reason: { code: 'too-many-requests' } });
    const small = harness.machine.rangeSync(range('\0', { ...everything, limit: 10 }));
    expect(small).toMatchObject({ ok: true });
  });

  it('that would gather more than memory is for is refused', async () => {
    const large = 'v'.repeat(1_000_000);
    harness.done(put('k', large));
    const inner = txn([], repeated(63, range('k')));
    const outcome = harness.machine.readTxn(txn([], repeated(64, inner)));
    await expect(outcome).rejects.toMatchObject({ code: 'too-many-keys' });
  });
});

it('Hashes of the whole store are made one at a time, and few wait', async () => {
  harness.done(put('k', 'v'));
  const hashes = await Promise.allSettled(Array.from({ length: 30 }, () => harness.machine.hashKv(0)));
  const refused = hashes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(30 - 17);
  expect(refused[0]).toMatchObject({ reason: { code: 'too-many-requests' } });
  expect(await harness.machine.hashKv(0)).toMatchObject({ ok: true });
});

it('Sorting in steps sorts as at once does, stably', () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.integer({ min: 1, max: 50 }), fc.nat(), (length, kinds, seed) => {
      const elements = Array.from({ length }, (_, index) => ({ index, kind: (index * 7919 + seed) % kinds }));
      const byKind = (a: { kind: number }, b: { kind: number }): number => a.kind - b.kind;
      const expected = elements.toSorted(byKind);
      runThrough(sortInSteps(elements, byKind));
      expect(elements).toEqual(expected);
    }),
    { numRuns: 20 },
  );
});
