import type { Configuration, Index, NodeId } from './types.js';

export type VoteResult = 'won' | 'lost' | 'pending';

export function majorityOf(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/**
 * The highest index that a majority (in a joint configuration: of both sides) has reached. `reached` answers 0 for a
 * node of which nothing is known. Infinite for a configuration without voters: nobody objects.
 */
export function quorumIndex(configuration: Configuration, reached: (node: NodeId) => Index): Index {
  const incoming = majorityIndex(configuration.voters, reached);
  if (configuration.outgoing.length === 0) return incoming;
  return Math.min(incoming, majorityIndex(configuration.outgoing, reached));
}

/** Lost: even if everyone who has not voted yet said yes, there would be no majority. */
export function voteResult(configuration: Configuration, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityVote(configuration.voters, votes);
  if (configuration.outgoing.length === 0) return incoming;
  const outgoing = majorityVote(configuration.outgoing, votes);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}

function majorityIndex(voters: readonly NodeId[], reached: (node: NodeId) => Index): Index {
  if (voters.length === 0) return Infinity;
  const descending: Index[] = [];
  for (const voter of voters) {
    const index = reached(voter);
    let place = descending.length;
    for (; place > 0; place--) {
      const before = descending[place - 1];
      if (before === undefined || before >= index) break;
      descending[place] = before;
    }
    descending[place] = index;
  }
  return descending[majorityOf(voters.length) - 1] ?? 0;
}

function majorityVote(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (voters.length === 0) return 'won';
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === true) granted++;
    else if (vote === false) refused++;
  }
  const needed = majorityOf(voters.length);
  if (granted >= needed) return 'won';
  return voters.length - refused < needed ? 'lost' : 'pending';
}
