import type { Mutant } from './types.js';

/** What is read, and what clients send twice. */
export const reads: readonly Mutant[] = [
  {
    name: 'whoever takes itself for the leader answers reads',
    after: '0.4.1, redisraft 19',
    file: 'src/raft/reads.js',
    find: `(leading.progress.get(node)?.readRound ?? 0)`,
    replace: `leading.reads.newestRound`,
  },
  {
    name: 'reads do not wait for anybody',
    after: 'reads of what the asked member has',
    file: 'src/member/member.js',
    find: `if (!request.serializable)
                await driver.barrier();`,
    replace: `;`,
  },
  {
    name: 'the number of a read is used again when it is retried',
    after: '20418',
    file: 'src/member/reads.js',
    find: `queue = [...round.readers, ...queue];`,
    replace: `queue = [...round.readers, ...queue];
        lastContext -= 1;`,
  },
  {
    name: 'a new leader answers reads before the first commit of its term',
    after: 'ReadIndex, dissertation 6.4',
    file: 'src/raft/reads.js',
    find: `return leading.reads.canLaunch && state.commit >= leading.termStart;`,
    replace: `return leading.reads.canLaunch;`,
  },
  {
    name: 'a confirmed read does not wait until its index is applied',
    after: 'ReadIndex, dissertation 6.4',
    file: 'src/member/reads.js',
    find: `if (index <= lastApplied)`,
    replace: `if (index >= 0)`,
  },
  {
    name: 'the client sends a request again when its connection breaks',
    after: 'jetcd 0.8.2, 14890',
    file: 'jepsen-like/store/session.js',
    find: `if (error instanceof CallError && error.isConnection)
                place += 1;`,
    replace: `if (error instanceof CallError && error.isConnection) {
                place += 1;
                return transport.call(memberNow(), path, message, { timeoutMs: limitMs, token });
            }`,
  },
  {
    name: 'a leader that was heard of lately answers reads without asking',
    after: 'a lease for reads, and a clock that stands still',
    file: 'src/raft/reads.js',
    find: `(leading.progress.get(node)?.readRound ?? 0)`,
    replace: `(leading.progress.get(node)?.recentActive === true ? leading.reads.newestRound : (leading.progress.get(node)?.readRound ?? 0))`,
  },
];
