import type { Mutant } from './types.js';

/** What is written, and what is left of it. */
export const durability: readonly Mutant[] = [
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
    // As where the commit index is not stored: with it, a log that ends before it is found out.
    replace: `head.hardState = { ...head.hardState, commit: Math.min(head.hardState.commit, next - 1) };
            return chain;`,
  },
  {
    name: 'values are read without their checksums, and nobody counts them',
    after: 'misdirected writes and stale sectors',
    file: 'src/mvcc/seal.js',
    find: `if (sizeBytes < 0 || buffer.readUInt32BE(sizeBytes) !== crc32c(content, crc32c(key))) {`,
    replace: `if (sizeBytes < 0) {`,
  },
  {
    name: 'the revision after a restart is that of the newest record',
    after: '17780',
    file: 'src/mvcc/state-machine.js',
    find: `const state = { ...meta };`,
    replace: `const { firstRecordKey, parseRecordKey, recordKeysEnd } = await import('./record-key.js');
    let newest = 1;
    for await (const [key] of store.entries({ gte: firstRecordKey, lt: recordKeysEnd })) newest = Math.max(newest, parseRecordKey(key).main);
    const state = { ...meta, revision: newest };`,
  },
  {
    name: 'the log is cut as far as the state has been applied, not as far as it is durable',
    after: 'hashicorp/raft 395, verdi-raft 51',
    file: 'src/member/log-cutter.js',
    find: `const flushed = state.machine.flushedIndex;`,
    replace: `const flushed = state.machine.applied.index + config.limits.catchUpEntries;`,
  },
  {
    name: 'the old state goes before the log names the new one',
    after: 'verdi-raft 51, hashicorp/raft 395: the newest snapshot is lost',
    file: 'src/member/driver.js',
    find: `await wal.append({ hardState, entries: ready.entries, reset, mustSync: true });
        const next = some(await snapshots.take(meta), 'the snapshot that the core takes has arrived');
        // Readers of the old state may take their time; what they hold open is removed behind them.
        background(state.replace(next, (name) => env.disk.remove(name)));`,
    replace: `const next = some(await snapshots.take(meta), 'the snapshot that the core takes has arrived');
        await state.replace(next, (name) => env.disk.remove(name));
        await wal.append({ hardState, entries: ready.entries, reset, mustSync: true });`,
  },
  {
    name: 'a member does not notice that its log has gone back',
    after: '13509, 10166: an old data folder under the same name',
    file: 'src/raft/follower.js',
    find: `throw wentBack(state, message.commit);`,
    replace: `return;`,
  },
  {
    name: 'a transaction finds out what is compacted from what is on the disk',
    after: '18667',
    file: 'src/mvcc/apply.js',
    find: `return new Change({ index, records, revision, compactRevision });`,
    replace: `return new Change({ index, records, revision, compactRevision: records.unflushedSizeBytes > 2048 ? -1 : compactRevision });`,
    workloads: ['watch'],
  },
];
