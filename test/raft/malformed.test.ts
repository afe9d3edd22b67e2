import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assert } from '../../src/base/index.js';
import type { Message } from '../../src/raft/index.js';
import { isWellFormed } from '../../src/raft/validate.js';
import { configurationOf } from './cluster.js';
import { entriesOf, entryOf, Single, stateOf } from './single.js';

/* A message is somebody else's bytes: whatever it says, the core neither throws nor forgets what is committed. */

const three = ['1', '2', '3'];
const odd = fc.oneof(
  { weight: 8, arbitrary: fc.nat(8) },
  fc.constantFrom(-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53, 2 ** 50, 2 ** 50 + 1),
);
const position = fc.record({ term: odd, index: odd });
const names = fc.constantFrom('1', '2', '3', '4', '');
const envelope = { from: names, to: fc.constantFrom('1', '1', '1', '2'), term: odd };
const data = fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.constant(Uint8Array.of(1, 2)));
const kind = fc.constantFrom('normal' as const, 'configuration' as const);
const entry = fc.record({ term: odd, index: odd, kind, data });
const contiguous = fc
  .tuple(fc.nat(8), fc.array(fc.record({ term: fc.nat(8), kind, data }), { maxLength: 4 }))
  .map(([first, list]) => list.map((content, place) => ({ ...content, index: first + place })));
const lists = fc.array(names, { maxLength: 3 });
const configuration = fc.oneof(
  fc.record({ voters: lists, outgoing: lists, learners: lists, learnersNext: lists }),
  fc.constant(configurationOf(three)),
);
const meta = fc.record({ term: odd, index: odd, configuration });

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('pre-vote' as const), ...envelope, last: position }),
  fc.record({ type: fc.constant('pre-vote-response' as const), ...envelope, granted: fc.boolean() }),
  fc.record({ type: fc.constant('vote' as const), ...envelope, last: position, transfer: fc.boolean() }),
  fc.record({ type: fc.constant('vote-response' as const), ...envelope, granted: fc.boolean() }),
  fc.record({
    type: fc.constant('append' as const),
    ...envelope,
    previous: position,
    entries: fc.oneof(contiguous, fc.array(entry, { maxLength: 3 })),
    commit: odd,
  }),
  fc.record({
    type: fc.constant('append-response' as const),
    ...envelope,
    index: odd,
    conflict: fc.option(position),
  }),
  fc.record({ type: fc.constant('heartbeat' as const), ...envelope, commit: odd, readContext: odd }),
  fc.record({ type: fc.constant('heartbeat-response' as const), ...envelope, readContext: odd }),
  fc.record({ type: fc.constant('snapshot' as const), ...envelope, meta }),
  fc.record({
    type: fc.constant('propose' as const),
    ...envelope,
    entries: fc.array(fc.record({ kind, data })),
  }),
  fc.record({ type: fc.constant('read-index' as const), ...envelope, context: odd }),
  fc.record({ type: fc.constant('read-index-response' as const), ...envelope, context: odd, index: odd }),
  fc.record({ type: fc.constant('timeout-now' as const), ...envelope }),
);

function claimsMore(node: Single, { commit }: { readonly commit: number }): boolean {
  return commit > node.core.status().last.index;
}

describe('messages of any kind', () => {
  test('never make the core throw, nor contradict itself, nor lose what it had committed', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(messages, { maxLength: 25 }), (leads, list) => {
        const node = new Single(
          '1',
          stateOf({
            voters: three,
            entries: entriesOf(1, 1, 2),
            hardState: { term: 2, vote: null, commit: 2 },
          }),
        );
        node.settle();
        if (leads) node.elect('2');
        let before = node.core.commit;
        for (const message of list) {
          if (message.type === 'heartbeat' && claimsMore(node, message)) continue; // Ends the node: see below.
          node.receive(message);
          node.tick();
          node.settle();
          assert(node.core.commit >= before, 'the commit index only grows');
          before = node.core.commit;
        }
        expect(node.applied.slice(0, 2).map(({ term, index }) => [term, index])).toEqual([
          [1, 1],
          [1, 2],
        ]);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 600) },
    );
  });

  test('of a later version are dropped', () => {
    const message = { type: 'sermon', from: '2', to: '1', term: 9 } as unknown as Message;
    const node = new Single('1', stateOf({ voters: three }));
    node.receive(message);
    expect(node.core.term).toBe(0);
  });
});

describe('a message that breaks the rules is dropped', () => {
  const good: Message = {
    type: 'append',
    from: '2',
    to: '1',
    term: 3,
    previous: { term: 1, index: 1 },
    entries: [entryOf(1, 2), entryOf(3, 3)],
    commit: 1,
  };

  test('a good one is not', () => {
    expect(isWellFormed(good, '1')).toBe(true);
  });

  test.each<[string, Partial<typeof good>]>([
    ['from itself', { from: '1' }],
    ['to somebody else', { to: '3' }],
    ['of term 0', { term: 0, previous: { term: 0, index: 0 }, entries: [] }],
    ['of a term beyond all counting', { term: 2 ** 53 - 1 }],
    ['with a gap', { entries: [entryOf(1, 2), entryOf(1, 4)] }],
    ['with a gap at its beginning', { entries: [entryOf(1, 3)] }],
    ['with terms that go back', { entries: [entryOf(3, 2), entryOf(2, 3)] }],
    [
      'with terms that go back at its beginning',
      { previous: { term: 3, index: 1 }, entries: [entryOf(2, 2)] },
    ],
    ['with an entry of a later term', { entries: [entryOf(4, 2)] }],
    ['after a position of a later term', { previous: { term: 4, index: 1 }, entries: [] }],
    ['with a negative index', { previous: { term: 1, index: -1 }, entries: [] }],
    ['with a broken commit index', { commit: 1.5 }],
    ['with an entry of a kind of its own', { entries: [{ ...entryOf(1, 2), kind: 'gift' as 'normal' }] }],
  ])('%s', (_, change) => {
    expect(isWellFormed({ ...good, ...change }, '1')).toBe(false);
  });

  test('a configuration entry that makes no sense is not taken into the log', () => {
    const node = new Single('1', stateOf({ voters: three }));
    const entries = [{ term: 1, index: 1, kind: 'configuration', data: Buffer.from('nonsense') } as const];
    node.receive({
      type: 'append',
      from: '2',
      to: '1',
      term: 1,
      previous: { term: 0, index: 0 },
      entries,
      commit: 1,
    });
    expect(node.settle()).toEqual([]);
    expect(node.entries()).toEqual([]);
  });

  test('a second leader of one term is not believed', () => {
    const node = new Single('1', stateOf({ voters: three }));
    const beat = { type: 'heartbeat', to: '1', term: 1, commit: 0, readContext: 0 } as const;
    node.receive({ ...beat, from: '2' }, { ...beat, from: '3' });
    expect(node.settle()).toMatchObject([{ type: 'heartbeat-response', to: '2' }]);
    expect(node.core.leader).toBe('2');

    const leader = new Single('1', stateOf({ voters: three }));
    leader.elect('2');
    leader.receive({ ...beat, from: '3' });
    expect(leader.core.role).toBe('leader');
  });

  test('an answer beyond the log, or from a stranger, counts for nothing', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.elect('2');
    node.settle();
    node.acknowledge(2, '2', '3');
    node.acknowledge(1, '7', '8', '9');
    expect(node.core.commit).toBe(0);
  });

  test('a heartbeat of more than was ever acknowledged here ends the node: its disk is an old copy (etcd 10166, 13509)', () => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1) }));
    const beat = { type: 'heartbeat', from: '2', to: '1', term: 1, commit: 2, readContext: 0 } as const;
    expect(() => node.receive(beat)).toThrow(/log ends at 1, but it has acknowledged the entries up to 2/);
    expect(node.core.commit).toBe(0);
  });
});
