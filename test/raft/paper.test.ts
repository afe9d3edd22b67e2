import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/raft/index.js';
import { Cluster, configurationOf, freshState } from './cluster.js';
import { entriesOf, entryOf, Single, stateOf } from './single.js';

/* Section by section: D. Ongaro, J. Ousterhout, "In Search of an Understandable Consensus Algorithm" (extended). */

const three = ['1', '2', '3'];
const five = ['1', '2', '3', '4', '5'];

function types(messages: readonly Message[]): readonly string[] {
  return messages.map(({ type, to }) => `${type}→${to}`);
}

describe('§5.1 basics', () => {
  const roles = ['follower', 'candidate', 'leader'] as const;

  test.each(roles)('a %s that hears of a newer term takes it over and follows', (role) => {
    const node = new Single('1', stateOf({ voters: three }));
    if (role === 'leader') node.elect('2');
    if (role === 'candidate') {
      node.step({ type: 'campaign' });
      node.receive({ type: 'pre-vote-response', from: '2', to: '1', term: 1, granted: true });
    }
    expect(node.core.role).toBe(role);
    node.receive({
      type: 'append',
      from: '3',
      to: '1',
      term: 7,
      previous: { term: 0, index: 0 },
      entries: [],
      commit: 0,
    });
    expect(node.core.role).toBe('follower');
    expect(node.core.term).toBe(7);
    expect(node.core.leader).toBe('3');
  });

  test('a request with an older term is refused, and told the newer one', () => {
    const node = new Single('1', stateOf({ voters: three, hardState: { term: 4 } }));
    node.receive({
      type: 'append',
      from: '2',
      to: '1',
      term: 3,
      previous: { term: 0, index: 0 },
      entries: [entryOf(3, 1)],
      commit: 1,
    });
    node.receive({ type: 'vote', from: '2', to: '1', term: 3, last: { term: 2, index: 9 }, transfer: false });
    expect(node.settle()).toEqual([
      { type: 'heartbeat-response', from: '1', to: '2', term: 4, readContext: 0 },
      { type: 'vote-response', from: '1', to: '2', term: 4, granted: false },
    ]);
    expect(node.entries()).toEqual([]);
  });

  test('the term is durable before anything that it promises is sent', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.receive({ type: 'vote', from: '2', to: '1', term: 1, last: { term: 0, index: 0 }, transfer: false });
    const ready = node.take();
    expect(ready.hardState).toEqual({ term: 1, vote: '2', commit: 0 });
    expect(ready.mustSync).toBe(true);
    expect(ready.messages).toEqual([]);
    expect(types(ready.messagesAfterPersist)).toEqual(['vote-response→2']);
  });
});

describe('§5.2 leader election', () => {
  test('nodes begin as followers, and stay so while they hear a leader', () => {
    const node = new Single('1', stateOf({ voters: three }));
    expect(node.core.role).toBe('follower');
    for (let beat = 0; beat < 30; beat++) {
      node.tick(9);
      node.receive({ type: 'heartbeat', from: '2', to: '1', term: 1, commit: 0, readContext: 0 });
    }
    expect(node.core.role).toBe('follower');
  });

  test('a follower that hears nobody for its timeout asks for votes', () => {
    const node = new Single('1', stateOf({ voters: three }), {}, 4);
    node.tick(13);
    expect(node.core.role).toBe('follower');
    node.tick(1);
    expect(node.core.role).toBe('pre-candidate');
    expect(types(node.settle())).toEqual(['pre-vote→2', 'pre-vote→3']);
  });

  test.each([
    { voters: ['1'], granted: [], refused: [], outcome: 'leader' },
    { voters: three, granted: ['2'], refused: [], outcome: 'leader' },
    { voters: three, granted: [], refused: ['2'], outcome: 'candidate' },
    { voters: three, granted: ['3'], refused: ['2'], outcome: 'leader' },
    { voters: three, granted: [], refused: ['2', '3'], outcome: 'follower' },
    { voters: five, granted: ['2'], refused: ['3'], outcome: 'candidate' },
    { voters: five, granted: ['2', '3'], refused: [], outcome: 'leader' },
    { voters: five, granted: ['2', '3'], refused: ['4', '5'], outcome: 'leader' },
    { voters: five, granted: [], refused: ['2', '3', '4'], outcome: 'follower' },
    { voters: three, granted: ['9', '8'], refused: [], outcome: 'candidate' },
  ])('with $voters.length voters, $granted.length for and $refused.length against: $outcome', (row) => {
    const node = new Single('1', stateOf({ voters: row.voters }));
    node.step({ type: 'campaign' });
    node.settle();
    for (const from of row.voters.slice(1)) {
      node.receive({ type: 'pre-vote-response', from, to: '1', term: 1, granted: true });
    }
    node.settle();
    for (const from of row.granted)
      node.receive({ type: 'vote-response', from, to: '1', term: 1, granted: true });
    for (const from of row.refused)
      node.receive({ type: 'vote-response', from, to: '1', term: 1, granted: false });
    expect(node.core.role).toBe(row.outcome);
    expect(node.core.term).toBe(1);
  });

  test('a node votes for one candidate in a term, first come first served', () => {
    const node = new Single('1', stateOf({ voters: three }));
    const last = { term: 0, index: 0 };
    node.receive({ type: 'vote', from: '2', to: '1', term: 1, last, transfer: false });
    node.receive({ type: 'vote', from: '3', to: '1', term: 1, last, transfer: false });
    node.receive({ type: 'vote', from: '2', to: '1', term: 1, last, transfer: false });
    const answers = node.settle().map((message) => [message.to, 'granted' in message && message.granted]);
    expect(answers).toEqual([
      ['2', true],
      ['3', false],
      ['2', true],
    ]);
  });

  test('… also across a restart', () => {
    const node = new Single('1', stateOf({ voters: three, hardState: { term: 1, vote: '2' } }));
    node.receive({ type: 'vote', from: '3', to: '1', term: 1, last: { term: 0, index: 0 }, transfer: false });
    expect(node.settle()).toEqual([{ type: 'vote-response', from: '1', to: '3', term: 1, granted: false }]);
  });

  test('a candidate that hears the leader of its term follows it', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.step({ type: 'campaign' });
    node.receive({ type: 'pre-vote-response', from: '2', to: '1', term: 1, granted: true });
    node.receive({ type: 'heartbeat', from: '2', to: '1', term: 1, commit: 0, readContext: 0 });
    expect([node.core.role, node.core.term, node.core.leader]).toEqual(['follower', 1, '2']);
  });

  test('a candidate that neither wins nor loses tries again, in the next term', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.step({ type: 'campaign' });
    node.receive({ type: 'pre-vote-response', from: '2', to: '1', term: 1, granted: true });
    node.settle();
    node.tick(10);
    expect(node.core.role).toBe('pre-candidate');
    node.receive({ type: 'pre-vote-response', from: '2', to: '1', term: 2, granted: true });
    expect([node.core.role, node.core.term]).toEqual(['candidate', 2]);
  });

  test('timeouts are drawn anew each time, from [n, 2n)', () => {
    const seen = new Set<number>();
    for (let draw = 0; draw < 10; draw++) {
      const node = new Single('1', stateOf({ voters: three }), {}, draw);
      let ticks = 0;
      while (node.core.role === 'follower') {
        node.tick();
        ticks++;
      }
      seen.add(ticks);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });
});

describe('§5.3 log replication', () => {
  test('a leader appends, sends, and commits once a majority has it; then it tells the others', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.elect('2');
    node.settle();
    node.acknowledge(1, '2', '3');
    node.settle();
    node.propose('x');
    const sent = node.settle();
    expect(types(sent)).toEqual(['append→2', 'append→3']);
    expect(node.core.commit).toBe(1);
    node.acknowledge(2, '3');
    expect(node.core.commit).toBe(2);
    const told = node.settle();
    expect(told.map((message) => message.type === 'append' && message.commit)).toEqual([2, 2]);
    expect(node.appliedTexts()).toEqual(['x']);
  });

  test.each([
    { voters: five, holders: ['2'], committed: false },
    { voters: five, holders: ['2', '3'], committed: true },
    { voters: ['1'], holders: [], committed: true },
    { voters: ['1', '2'], holders: [], committed: false },
    { voters: ['1', '2'], holders: ['2'], committed: true },
  ])(
    'on $holders of $voters besides the leader: committed is $committed',
    ({ voters, holders, committed }) => {
      const node = new Single('1', stateOf({ voters }));
      node.elect(...voters.slice(1));
      node.settle();
      node.acknowledge(1, ...voters.slice(1));
      node.propose('x');
      node.settle();
      node.acknowledge(2, ...holders);
      expect(node.core.commit).toBe(committed ? 2 : 1);
    },
  );

  test('a commit covers all entries before it, those of other leaders too', () => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1, 1, 2) }));
    node.elect('2');
    node.settle();
    node.acknowledge(4, '2');
    node.settle();
    expect(node.appliedTexts()).toEqual(['1.1', '1.2', '2.3']);
  });

  test('a follower applies, in order, what it hears to be committed', () => {
    const node = new Single('1', stateOf({ voters: three }));
    const append = { type: 'append', from: '2', to: '1', term: 1 } as const;
    node.receive({ ...append, previous: { term: 0, index: 0 }, entries: entriesOf(1, 1, 1), commit: 1 });
    node.settle();
    expect(node.appliedTexts()).toEqual(['1.1']);
    node.receive({ ...append, previous: { term: 1, index: 3 }, entries: [], commit: 9 });
    node.settle();
    expect(node.appliedTexts()).toEqual(['1.1', '1.2', '1.3']);
  });

  test.each([
    { previous: { term: 0, index: 0 }, accepted: true },
    { previous: { term: 1, index: 1 }, accepted: true },
    { previous: { term: 2, index: 2 }, accepted: true },
    { previous: { term: 1, index: 2 }, accepted: false },
    { previous: { term: 3, index: 2 }, accepted: false },
    { previous: { term: 3, index: 3 }, accepted: false },
  ])('the check of the entry before: $previous', ({ previous, accepted }) => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1, 2) }));
    node.receive({ type: 'append', from: '2', to: '1', term: 3, previous, entries: [], commit: 0 });
    const [answer] = node.settle();
    expect(answer).toMatchObject({ type: 'append-response', index: previous.index });
    expect(answer?.type === 'append-response' && answer.conflict === null).toBe(accepted);
  });

  test.each([
    { previous: { term: 2, index: 2 }, sent: [[3, 3]], after: [1, 2, 3] },
    {
      previous: { term: 1, index: 1 },
      sent: [
        [3, 2],
        [4, 3],
      ],
      after: [1, 3, 4],
    },
    { previous: { term: 0, index: 0 }, sent: [[1, 1]], after: [1, 2] },
    { previous: { term: 0, index: 0 }, sent: [[3, 1]], after: [3] },
  ])('what conflicts is replaced, what is there already stays: $sent', ({ previous, sent, after }) => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1, 2) }));
    const entries = sent.map(([term = 0, index = 0]) => entryOf(term, index));
    node.receive({ type: 'append', from: '2', to: '1', term: 4, previous, entries, commit: 0 });
    node.settle();
    expect(node.terms()).toEqual(after);
    expect(node.disk.entries.map(({ term }) => term)).toEqual(after);
  });

  test('a follower commits no further than the append has shown its log to match', () => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1, 1, 1) }));
    const append = { type: 'append', from: '2', to: '1', term: 3, commit: 3 } as const;
    node.receive({ ...append, previous: { term: 1, index: 1 }, entries: [] });
    expect(node.core.commit).toBe(1); // The leader may have other entries at 2 and 3.
    node.receive({ ...append, previous: { term: 1, index: 1 }, entries: [entryOf(2, 2), entryOf(2, 3)] });
    expect(node.core.commit).toBe(3);
    expect(node.terms()).toEqual([1, 2, 2]);
  });

  test('the leader finds where the logs agree, and the follower has its log in the end', () => {
    const followers = {
      a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
      b: [1, 1, 1, 4],
      c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      e: [1, 1, 1, 4, 4, 4, 4],
      f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    };
    for (const terms of Object.values(followers)) {
      const cluster = new Cluster();
      const leader = stateOf({
        voters: three,
        entries: entriesOf(1, 1, 1, 4, 4, 5, 5, 6, 6, 6),
        hardState: { term: 7 },
      });
      cluster.add('1', leader);
      cluster.add('2', stateOf({ voters: three, entries: entriesOf(...terms) }));
      cluster.add('3', freshState(configurationOf(three)));
      cluster.step('1', { type: 'campaign' });
      cluster.run();
      expect(cluster.core('1').role).toBe('leader');
      expect(cluster.node('2').disk.entries.map(({ term }) => term)).toEqual([
        1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8,
      ]);
    }
  });
});

describe('§5.4 safety', () => {
  test.each([
    { own: [1], last: { term: 1, index: 1 }, granted: true },
    { own: [1], last: { term: 1, index: 2 }, granted: true },
    { own: [1], last: { term: 2, index: 1 }, granted: true },
    { own: [1, 1], last: { term: 1, index: 1 }, granted: false },
    { own: [1, 1], last: { term: 2, index: 1 }, granted: true },
    { own: [2], last: { term: 1, index: 1 }, granted: false },
    { own: [2], last: { term: 1, index: 9 }, granted: false },
  ])('§5.4.1 with the log $own, a candidate whose log ends at $last: $granted', ({ own, last, granted }) => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(...own) }));
    node.receive({ type: 'vote', from: '2', to: '1', term: 3, last, transfer: false });
    expect(node.settle()).toEqual([{ type: 'vote-response', from: '1', to: '2', term: 3, granted }]);
  });

  test('§5.4.2, figure 8: an entry of an older term on a majority is not committed by that', () => {
    const node = new Single('1', stateOf({ voters: five, entries: entriesOf(1, 2), hardState: { term: 3 } }));
    node.elect('2', '3');
    expect(node.core.term).toBe(4);
    node.settle();
    node.acknowledge(2, '2', '3', '4', '5');
    expect(node.core.commit).toBe(0);
    node.acknowledge(3, '2', '3');
    expect(node.core.commit).toBe(3);
  });

  test('§5.4.2, figure 8 (d): such an entry can be replaced, so nothing may have been applied', () => {
    const cluster = new Cluster();
    for (const id of five) {
      const terms = { '1': [1, 2], '2': [1, 2], '3': [1, 2], '4': [1], '5': [1, 3] }[id] ?? [];
      cluster.add(id, stateOf({ voters: five, entries: entriesOf(...terms), hardState: { term: 4 } }));
    }
    cluster.crash('1');
    cluster.step('5', { type: 'campaign' });
    cluster.run();
    cluster.restart('1');
    cluster.tick(2);
    for (const id of five) {
      expect(cluster.node(id).disk.entries.map(({ term }) => term)).toEqual([1, 3, 5]);
      expect(cluster.node(id).appliedText).toEqual(['1.1', '3.2']);
    }
  });
});
