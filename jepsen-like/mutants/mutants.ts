/**
 * A bug of production's own code, put in from outside: the compiled file is changed while it is loaded, in a worker of its own. Each
 * stands for bugs that real systems shipped; their numbers are those of issues of etcd unless they name another system.
 */
export interface Mutant {
  readonly name: string;
  /** Where it was met. */
  readonly after: string;
  /** Below `dist`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** To be run with these alone, where only they can show it. Left out: all. */
  readonly workloads?: readonly string[];
}

export const mutants: readonly Mutant[] = [
  // --- Durability and apply ---------------------------------------------------------------------------------------------
  {
    name: 'the applied index is written apart from the data',
    after: '13766 (3.5.0 to 3.5.2)',
    file: 'src/mvcc/batches.js',
    find: `store.write([...operations, { type: 'put', key: metaKey, value }], { sync: true })`,
    replace: `store.write([{ type: 'put', key: metaKey, value }], { sync: true }).then(() => store.write(operations, { sync: true }))`,
  },
  {
    name: 'a batch of the state leaves the applied index out',
    after: '14685 (a commit of the defragmentation)',
    file: 'src/mvcc/batches.js',
    find: `store.write([...operations, { type: 'put', key: metaKey, value }], { sync: true })`,
    replace: `store.write(operations.length % 2 === 0 ? operations : [...operations, { type: 'put', key: metaKey, value }], { sync: true })`,
  },
  {
    name: 'what is written counts as durable before it is',
    after: '14370 (a lone member)',
    file: 'src/member/driver.js',
    find: `const append = { hardState, entries: ready.entries, reset: null, mustSync: ready.mustSync };`,
    replace: `const append = { hardState, entries: ready.entries, reset: null, mustSync: ready.mustSync };
        persisted(ready);`,
  },
  {
    name: 'the log is never synced',
    after: 'NATS 2.12.1',
    file: 'src/storage/wal/writer.js',
    find: `await store.write(plan.operations, { sync: inFlight.sync });`,
    replace: `await store.write(plan.operations, { sync: false });`,
  },
  {
    name: 'votes are forgotten',
    after: 'Raft, section 5.2: vote and term lost or torn',
    file: 'src/member/driver.js',
    find: `laterHardState = ready.hardState;`,
    replace: `laterHardState = { ...ready.hardState, vote: null };`,
  },
  {
    name: 'a write that failed is taken for done',
    after: 'USENIX ATC 2020 (failed fsyncs); full disks',
    file: 'src/storage/wal/writer.js',
    find: `await store.write(plan.operations, { sync: inFlight.sync });`,
    replace: `await store.write(plan.operations, { sync: inFlight.sync }).catch(() => undefined);`,
  },
  {
    name: 'rot within the log is taken for a torn tail',
    after: 'protocol-aware recovery, FAST 2018',
    file: 'src/storage/wal/reader.js',
    find: `throw logCorrupt(identity, next, link.damage);`,
    replace: `return chain;`,
  },
  {
    name: 'values are read without their checksums, and nobody counts them',
    after: 'misdirected writes and stale sectors',
    file: 'src/mvcc/seal.js',
    find: `if (sizeBytes < 0 || buffer.readUInt32BE(sizeBytes) !== crc32c(content, crc32c(key))) {`,
    replace: `if (sizeBytes < 0) {`,
  },
  // --- Consensus ---------------------------------------------------------------------------------------------------------
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
  // --- Reads and clients -------------------------------------------------------------------------------------------------
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
  // --- Leases, watches ---------------------------------------------------------------------------------------------------
  {
    name: 'a former leader ends leases',
    after: '15247',
    file: 'src/mvcc/apply.js',
    find: `return onlyInTerm > 0 && onlyInTerm !== applied.term;`,
    replace: `return false;`,
    workloads: ['lease'],
  },
  {
    name: 'watches go back in time when a snapshot replaces the state',
    after: '15271',
    file: 'src/member/watches.js',
    find: `place(watcher, Math.max(watcher.next, before + 1));`,
    replace: `place(watcher, Math.max(1, before - 5));`,
    workloads: ['watch'],
  },
  {
    name: 'what happens while a watch catches up is lost',
    after: '17529, 18089, 19179',
    file: 'src/member/watches.js',
    find: `serve([...revisions, ...kept], from, handedOut + 1);`,
    replace: `serve(revisions, from, handedOut + 1);`,
    workloads: ['watch'],
  },
  {
    name: 'a watch that was parked begins again where it stopped reading',
    after: '17247',
    file: 'src/member/watches.js',
    find: `watcher.next = Math.max(watcher.next, next);
        if (wanted.length === 0`,
    replace: `if (wanted.length > 0 && watcher.sink.isFull?.() !== true) watcher.next = Math.max(watcher.next, next - (next % 7 === 0 ? 1 : 0));
        else watcher.next = Math.max(watcher.next, next);
        if (wanted.length === 0`,
    workloads: ['watch'],
  },
  {
    name: 'a watch tells one event of a revision with many',
    after: 'revisions that were split',
    file: 'src/mvcc/history.js',
    find: `if (isNew && sizeBytes >= sizeBytesMax)`,
    replace: `if (!isNew && recorded.revision % 3 === 0) return true;
            if (isNew && sizeBytes >= sizeBytesMax)`,
    workloads: ['watch'],
  },
];
