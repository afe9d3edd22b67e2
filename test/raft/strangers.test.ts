import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/raft/index.js';
import { testOptions } from './cluster.js';
import { entriesOf, entryOf, Single, stateOf } from './single.js';

/** What a node that no configuration names may try on `a`. */
const forgeries: readonly Message[] = [
  { type: 'vote', from: 'x', to: 'a', term: 9, last: { term: 8, index: 99 }, transfer: true },
  { type: 'pre-vote', from: 'x', to: 'a', term: 9, last: { term: 8, index: 99 } },
  { type: 'heartbeat', from: 'x', to: 'a', term: 9, commit: 1, readContext: 1 },
  {
    type: 'append',
    from: 'x',
    to: 'a',
    term: 9,
    previous: { term: 0, index: 0 },
    entries: [entryOf(9, 1, 'forged')],
    commit: 1,
  },
  { type: 'timeout-now', from: 'x', to: 'a', term: 9 },
  { type: 'append-response', from: 'x', to: 'a', term: 9, index: 1, conflict: null },
  { type: 'heartbeat-response', from: 'x', to: 'a', term: 9, readContext: 1 },
  { type: 'vote-response', from: 'x', to: 'a', term: 9, granted: false },
  { type: 'propose', from: 'x', to: 'a', term: 1, entries: [{ kind: 'normal', data: Buffer.of(1) }] },
  { type: 'read-index', from: 'x', to: 'a', term: 1, context: 7 },
];

/** `a` leads alone. */
function loneLeader(): Single {
  const node = new Single('a', stateOf({ voters: ['a'] }));
  node.step({ type: 'campaign' });
  node.settle();
  expect(node.core.role).toBe('leader');
  return node;
}

describe('A node of no configuration', () => {
  it.each(forgeries)('moves no leader by $type', (forgery) => {
    const node = loneLeader();
    const { term, commit } = node.core;
    const sent = node.sent.length;
    node.receive(forgery);
    node.settle();
    expect([node.core.role, node.core.term, node.core.commit]).toEqual(['leader', term, commit]);
    expect(node.sent.length).toBe(sent);
    expect(node.core.listensTo('x')).toBe(false);
  });

  it.each(forgeries)('moves no follower by $type, as long as that hears its leader', (forgery) => {
    const node = new Single('a', stateOf({ voters: ['a', 'b', 'c'], entries: entriesOf(1) }));
    node.receive({ type: 'heartbeat', from: 'b', to: 'a', term: 1, commit: 1, readContext: 0 });
    node.settle();
    const sent = node.sent.length;
    node.receive(forgery);
    node.settle();
    expect([node.core.leader, node.core.term, node.sent.length]).toEqual(['b', 1, sent]);
  });

  it('is believed by a follower that hears no leader: the cluster may have changed without it', () => {
    const node = new Single('a', stateOf({ voters: ['a', 'b', 'c'], entries: entriesOf(1) }));
    const heartbeat: Message = { type: 'heartbeat', from: 'b', to: 'a', term: 1, commit: 1, readContext: 0 };
    node.receive(heartbeat);
    node.tick(testOptions.electionTimeoutTicks);
    expect(node.core.listensTo('x')).toBe(true);
    node.receive({ ...heartbeat, from: 'x', term: 2 });
    expect([node.core.leader, node.core.term]).toEqual(['x', 2]);
    // From now on that is the leader that it hears.
    expect([node.core.listensTo('x'), node.core.listensTo('y')]).toEqual([true, false]);
  });
});
