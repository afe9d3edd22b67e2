import type { Configuration, NodeId } from './types.js';

/** What a node knows before it has joined: nobody. Such a node can start only from a snapshot. */
export const emptyConfiguration: Configuration = { voters: [], outgoing: [], learners: [], learnersNext: [] };

export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing.length > 0;
}

/** Votes in one of the two majorities at least. */
export function isVoter(configuration: Configuration, node: NodeId): boolean {
  return configuration.voters.includes(node) || configuration.outgoing.includes(node);
}

export function isLearner(configuration: Configuration, node: NodeId): boolean {
  return configuration.learners.includes(node);
}

export function isMember(configuration: Configuration, node: NodeId): boolean {
  return isVoter(configuration, node) || isLearner(configuration, node);
}

/** Everyone who votes, sorted. */
export function votersOf(configuration: Configuration): readonly NodeId[] {
  if (!isJoint(configuration)) return configuration.voters;
  return sortedUnique([...configuration.voters, ...configuration.outgoing]);
}

/** Everyone who receives the log, sorted. `learnersNext` are among the outgoing voters. */
export function membersOf(configuration: Configuration): readonly NodeId[] {
  return sortedUnique([...configuration.voters, ...configuration.outgoing, ...configuration.learners]);
}

export function equalConfigurations(a: Configuration, b: Configuration): boolean {
  if (a === b) return true;
  return (
    equalLists(a.voters, b.voters) &&
    equalLists(a.outgoing, b.outgoing) &&
    equalLists(a.learners, b.learners) &&
    equalLists(a.learnersNext, b.learnersNext)
  );
}

/**
 * What is wrong with it, or null. The empty configuration is right: it is that of a node that waits to be added.
 *
 *   learners ∩ (voters ∪ outgoing) = ∅      learnersNext ⊆ outgoing      learnersNext ∩ voters = ∅
 */
export function configurationProblem(configuration: Configuration): string | null {
  const { voters, outgoing, learners, learnersNext } = configuration;
  for (const list of [voters, outgoing, learners, learnersNext]) {
    if (!isSortedUnique(list)) return 'a list is not sorted, has a node twice or an empty name';
  }
  if (voters.length === 0) {
    return outgoing.length + learners.length + learnersNext.length === 0 ? null : 'there is no voter';
  }
  if (learners.some((node) => isVoter(configuration, node))) return 'a learner votes';
  if (!learnersNext.every((node) => outgoing.includes(node))) return 'a learner to be is no outgoing voter';
  if (learnersNext.some((node) => voters.includes(node))) return 'a learner to be stays a voter';
  return null;
}

export function sortedUnique(nodes: readonly NodeId[]): NodeId[] {
  return [...new Set(nodes)].sort();
}

function isSortedUnique(nodes: readonly NodeId[]): boolean {
  let before = '';
  for (const node of nodes) {
    if (node <= before) return false; // The empty name is refused here too.
    before = node;
  }
  return true;
}

function equalLists(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && a.every((node, position) => node === b[position]);
}
