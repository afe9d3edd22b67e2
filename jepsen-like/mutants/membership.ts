import type { Mutant } from './types.js';

/** Who belongs to the cluster, and who counts. */
export const membership: readonly Mutant[] = [
  {
    name: 'a new leader changes members before it has committed an entry of its term',
    after: 'Ongaro 2015',
    file: 'src/raft/proposals.js',
    find: `if (history.latestIndex > commit || commit < leading.termStart)`,
    replace: `if (history.latestIndex > commit)`,
    workloads: ['churn'],
  },
  {
    name: 'a change of members begins while another one is under way',
    after: '11284: configurations that overlap',
    file: 'src/raft/proposals.js',
    find: `if (history.latestIndex > commit || commit < leading.termStart)`,
    replace: `if (commit < leading.termStart)`,
    workloads: ['churn'],
  },
  {
    name: 'a snapshot leaves the members as they were',
    after: 'openraft 1808',
    file: 'src/raft/follower.js',
    find: `state.history.restore(meta);`,
    replace: `state.history.restore(meta.index > 0 && state.history.latest.voters.length > 0 ? { ...meta, configuration: state.history.latest } : meta);`,
    workloads: ['churn'],
  },
  {
    name: 'only the leader that entered a joint configuration leaves it',
    after: '12136',
    file: 'src/raft/leader.js',
    find: `if (isJoint(latest)) {`,
    replace: `if (isJoint(latest) && latestIndex > leading.termStart) {`,
    workloads: ['churn'],
  },
  {
    name: 'a learner that was promoted does not vote until it has heard of it',
    after: 'etcd/raft: promoted learners that refuse to vote',
    file: 'src/raft/votes.js',
    find: `message.term === state.term && isFreeFor(state, message.from) && isUpToDate(state, message.last);`,
    replace: `message.term === state.term && isFreeFor(state, message.from) && isUpToDate(state, message.last) && !state.history.latest.learners.includes(state.id);`,
    workloads: ['churn'],
  },
  {
    name: 'learners count for the majority',
    after: 'learners that are counted',
    file: 'src/raft/quorum.js',
    find: `const incoming = majorityIndex(configuration.voters, reached);`,
    replace: `const incoming = majorityIndex(configuration.voters.length < 2 ? configuration.voters : [...configuration.voters.slice(1), ...configuration.learners], reached);`,
    workloads: ['churn'],
  },
  {
    name: 'who was removed may come back',
    after: '2025',
    file: 'src/member/bootstrap.js',
    find: `if (!membership.removed.includes(memberId))`,
    replace: `if (memberId !== '')`,
    workloads: ['churn'],
  },
];
