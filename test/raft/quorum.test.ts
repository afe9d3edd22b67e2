import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quorumIndex, voteResult } from '../../src/raft/quorum.js';
import type { Configuration, NodeId } from '../../src/raft/index.js';
import { emptyConfiguration } from '../../src/raft/index.js';

const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const voters = fc.subarray(nodes, { minLength: 1 });
const configurations: fc.Arbitrary<Configuration> = fc
  .record({ voters, outgoing: fc.oneof(fc.constant([]), fc.subarray(nodes)) })
  .map((lists) => ({ ...emptyConfiguration, ...lists }));

/* The naive twins say what a majority is by counting, for every possible answer. */

function majorityHas(side: readonly NodeId[], has: (node: NodeId) => boolean): boolean {
  return side.length === 0 || side.filter(has).length * 2 > side.length;
}

function quorumHas({ voters: incoming, outgoing }: Configuration, has: (node: NodeId) => boolean): boolean {
  return majorityHas(incoming, has) && majorityHas(outgoing, has);
}

function naiveIndex(configuration: Configuration, reached: (node: NodeId) => number): number {
  for (let index = 9; index > 0; index--)
    if (quorumHas(configuration, (node) => reached(node) >= index)) return index;
  return 0;
}

function naiveVote(configuration: Configuration, votes: ReadonlyMap<NodeId, boolean>): string {
  if (quorumHas(configuration, (node) => votes.get(node) === true)) return 'won';
  return quorumHas(configuration, (node) => votes.get(node) !== false) ? 'pending' : 'lost';
}

describe('quorum', () => {
  test('the index that a quorum has reached is what counting says', () => {
    fc.assert(
      fc.property(
        configurations,
        fc.dictionary(fc.constantFrom(...nodes), fc.nat(9)),
        (configuration, acked) => {
          const reached = (node: NodeId): number => acked[node] ?? 0;
          expect(quorumIndex(configuration, reached)).toBe(naiveIndex(configuration, reached));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('an election is won, lost or open as counting says', () => {
    const votesOf = fc.dictionary(fc.constantFrom(...nodes), fc.boolean());
    fc.assert(
      fc.property(configurations, votesOf, (configuration, dictionary) => {
        const votes = new Map(Object.entries(dictionary));
        expect(voteResult(configuration, votes)).toBe(naiveVote(configuration, votes));
      }),
      { numRuns: 1000 },
    );
  });

  test('two quorums of one configuration always share a voter', () => {
    fc.assert(
      fc.property(configurations, fc.subarray(nodes), (configuration, some) => {
        const quorum = (set: readonly NodeId[]): boolean =>
          voteResult(configuration, new Map(set.map((node) => [node, true]))) === 'won';
        const others = nodes.filter((node) => !some.includes(node));
        expect(quorum(some) && quorum(others)).toBe(false);
      }),
    );
  });

  test('nobody at all agrees on everything', () => {
    expect(quorumIndex(emptyConfiguration, () => 0)).toBe(Infinity);
    expect(voteResult(emptyConfiguration, new Map())).toBe('won');
  });
});
