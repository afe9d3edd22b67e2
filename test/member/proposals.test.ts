import { describe, expect, test } from 'vitest';
import { commandOf, sequenceIfOwn } from '../../src/member/envelope.js';
import { createProposals } from '../../src/member/proposals.js';
import { at } from '../../src/base/index.js';
import type { CommandResponse } from '../../src/mvcc/index.js';

const incarnation = { high: 1, low: 2 };
const response: CommandResponse = { type: 'compact', revision: 7 };

/** The outcome of a promise by now: its value, its error's code, or that it waits. */
async function now(promise: Promise<unknown>): Promise<unknown> {
  const outcome = promise.catch((error: unknown) => (error as { code: string }).code);
  return Promise.race([outcome, new Promise((resolve) => setImmediate(() => resolve('waits')))]);
}

describe('proposals', () => {
  test('a proposal is queued until it is handed over, and ends when its entry is applied', async () => {
    const proposals = createProposals(incarnation);
    const outcome = proposals.add(Buffer.from('command'), 1000);
    const envelope = at(proposals.queued(10), 0);
    expect(commandOf(envelope).toString()).toBe('command');
    proposals.handedOver(1, 3);
    expect(proposals.queued(10)).toEqual([]);
    expect(await now(outcome)).toBe('waits');
    const sequence = sequenceIfOwn(envelope, incarnation);
    expect(sequence).toBe(1);
    proposals.settle(1, { ok: true, value: response });
    expect(await outcome).toBe(response);
    expect(proposals.pendingSizeBytes).toBe(0);
  });

  test("another process's entry is not ours, even with the same number", () => {
    const proposals = createProposals({ high: 1, low: 3 });
    proposals.add(Buffer.from('x'), 1000).catch(() => undefined);
    expect(sequenceIfOwn(at(proposals.queued(1), 0), incarnation)).toBeNull();
  });

  test('a refusal of the state machine rejects with its code', async () => {
    const proposals = createProposals(incarnation);
    const outcome = proposals.add(Buffer.from('x'), 1000);
    proposals.handedOver(1, 1);
    proposals.settle(1, { ok: false, error: 'compacted' });
    await expect(outcome).rejects.toMatchObject({ code: 'compacted' });
  });

  test('an entry of a later term ends what earlier leaders lost, and nothing else', async () => {
    const proposals = createProposals(incarnation);
    const outcomes = [1, 2, 3].map(() => proposals.add(Buffer.from('x'), 1000));
    proposals.handedOver(1, 1);
    proposals.handedOver(1, 2);
    proposals.leaderChanged(2);
    expect(await Promise.all(outcomes.map(now))).toEqual(['leader-changed', 'waits', 'waits']);
    proposals.leaderChanged(3);
    expect(await Promise.all(outcomes.map(now))).toEqual(['leader-changed', 'leader-changed', 'waits']);
  });

  test('what waited too long tells whether it was ever proposed', async () => {
    const proposals = createProposals(incarnation);
    const outcomes = [1, 2, 3].map((each) => proposals.add(Buffer.from('x'), each * 100));
    proposals.handedOver(1, 1);
    proposals.expire(250, 'no-leader');
    expect(await Promise.all(outcomes.map(now))).toEqual(['timed-out', 'no-leader', 'waits']);
    expect(proposals.queued(10)).toHaveLength(1);
    expect(proposals.pendingCount).toBe(1);
  });
});
