import { describe, expect, it } from 'vitest';

import { createOutbox } from '../../src/peer/outbox.js';
import type { Message } from '../../src/raft/index.js';

function proposal(term: number, sizeBytes: number): Message {
  return {
    type: 'propose',
    from: 'a',
    to: 'b',
    term,
    entries: [{ kind: 'normal', data: Buffer.alloc(sizeBytes) }],
  };
}

function terms(messages: readonly Message[]): number[] {
  return messages.map(({ term }) => term);
}

describe('the queue of one peer', () => {
  it('refuses what is beyond its number or its bytes, and takes again once there is room', () => {
    const few = createOutbox({ messagesMax: 2, sizeBytesMax: 1e6 });
    expect([few.push(proposal(1, 1)), few.push(proposal(2, 1)), few.push(proposal(3, 1))]).toEqual([
      true,
      true,
      false,
    ]);
    const small = createOutbox({ messagesMax: 100, sizeBytesMax: 1_000 });
    expect([small.push(proposal(1, 600)), small.push(proposal(2, 600))]).toEqual([true, false]);
    expect(terms(small.take(1e6))).toEqual([1]);
    expect(small.push(proposal(3, 600))).toBe(true);
  });

  it('takes one message that is larger than all it may hold, or Raft would stand still', () => {
    const small = createOutbox({ messagesMax: 100, sizeBytesMax: 1_000 });
    expect(small.push(proposal(1, 5_000))).toBe(true);
    expect(small.push(proposal(2, 1))).toBe(false);
  });

  it('gives its oldest messages in pieces of a size, at least one at a time', () => {
    const outbox = createOutbox({ messagesMax: 100, sizeBytesMax: 1e6 });
    for (const term of [1, 2, 3, 4]) outbox.push(proposal(term, 400));
    expect(terms(outbox.take(1_000))).toEqual([1, 2]);
    expect(terms(outbox.take(1))).toEqual([3]);
    expect(terms(outbox.take(1_000))).toEqual([4]);
    expect(outbox.take(1_000)).toEqual([]);
  });

  it('keeps the latest when told to', () => {
    const outbox = createOutbox({ messagesMax: 100, sizeBytesMax: 1e6 });
    const latest = { messagesMax: 2, sizeBytesMax: 1e6 };
    const kept = [1, 2, 3].map((term) => outbox.pushLatest(proposal(term, 10), latest));
    expect(kept).toEqual([true, true, false]);
    expect(terms(outbox.take(1e6))).toEqual([2, 3]);
  });
});
