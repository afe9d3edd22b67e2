import type { Mutant } from './types.js';

/** Terms, votes, the log and its snapshots. */
export const consensus: readonly Mutant[] = [
  {
    name: 'entries of earlier terms are committed by counting',
    after: 'Raft, figure 8',
    file: 'src/raft/leader.js',
    find: `if (index <= state.commit || state.log.termAt(index) !== state.term)`,
    replace: `if (index <= state.commit)`,
  },
  {
    name: 'a node votes twice in a term',
    after: 'Raft, section 5.2',
    file: 'src/raft/votes.js',
    find: `return state.vote === candidate || (state.vote === null && state.leader === null);`,
    replace: `return true;`,
  },
  {
    name: 'a candidate with an older log is voted for',
    after: 'Raft, section 5.4.1',
    file: 'src/raft/votes.js',
    find: `return last.term > term || (last.term === term && last.index >= state.log.lastIndex);`,
    replace: `return last.term >= term;`,
  },
  {
    name: 'a majority is half of the voters',
    after: 'overlapping quorums, 11284',
    file: 'src/raft/quorum.js',
    find: `return Math.floor(voterCount / 2) + 1;`,
    replace: `return Math.max(1, Math.floor(voterCount / 2));`,
  },
  {
    name: 'who refuses a pre-vote does not say how new its own term is',
    after: '8501, 8243',
    file: 'src/raft/votes.js',
    find: `const term = granted ? message.term : state.term;`,
    replace: `const term = message.term;`,
  },
  {
    name: 'a leadership that is to be handed over is never taken back',
    after: 'go-dqlite 271',
    file: 'src/raft/transfer.js',
    find: `leading.transferTicks++;`,
    replace: `leading.transferTicks = 0;`,
  },
  {
    name: 'a write that lands after a truncation counts for what replaced it',
    after: 'the ABA race of asynchronous appends',
    file: 'src/raft/disk.js',
    find: `this.#handed = Math.min(this.#handed, index - 1);
        this.#lowerFlights(index - 1);`,
    replace: `this.#handed = Math.min(this.#handed, index - 1);`,
  },
  {
    name: 'a snapshot throws away a log that goes on beyond it',
    after: 'an old snapshot truncates a matching log',
    file: 'src/raft/follower.js',
    find: `if (log.holds(meta)) {`,
    replace: `if (meta.index < 0) {`,
  },
  {
    name: 'who lacks what was compacted gets no snapshot',
    after: 'etcd/raft 31',
    file: 'src/raft/replication.js',
    find: `return lacksSnapshot(state, progress) ? progress.recentActive && state.applied > 0 : true;`,
    replace: `return !lacksSnapshot(state, progress);`,
  },
  {
    name: 'an append is believed without a look at what stands before it',
    after: 'a gap after a restore, hashicorp/raft 545',
    file: 'src/raft/follower.js',
    find: `if (!log.holds(previous) || (previous.index === 0 && knowsNobody(state))) {`,
    replace: `if (previous.index > log.lastIndex || (previous.index === 0 && knowsNobody(state))) {`,
  },
  {
    name: 'elections begin without asking whether they can be won',
    after: '14893: a node that comes back inflates the term',
    file: 'src/raft/candidate.js',
    find: `enterRole(state, 'pre-candidate', null);`,
    replace: `startElection(state, false);
    return;`,
  },
  {
    name: 'who hears a leader helps to unseat it',
    after: 'Cloudflare 2020: a livelock under a partial partition',
    file: 'src/raft/role.js',
    find: `return state.leader !== null && state.electionTicks < state.options.electionTimeoutTicks;`,
    replace: `return state.leader !== null && state.electionTicks < 0;`,
  },
  {
    name: 'a leader that nobody answers goes on leading',
    after: 'dissertation 6.2: without check-quorum its clients wait for ever',
    file: 'src/raft/leader.js',
    find: `if (leading.ticks >= electionTimeoutTicks && !hearsQuorum(state, leading))`,
    replace: `if (leading.ticks < 0)`,
  },
  {
    name: 'a proposal whose leader is gone waits for ever',
    after: '5214',
    file: 'src/member/proposals.js',
    find: `if (waiter.deadlineMs > nowMs)`,
    replace: `if (waiter.deadlineMs > 0)`,
  },
  {
    name: 'a second snapshot is received over the first',
    after: '18055: two in quick succession',
    file: 'src/member/snapshots.js',
    find: `if (incoming !== null)`,
    replace: `if (incoming === 'never')`,
  },
];
