import type { BucketContent, ContentEntry } from '../../bbolt/index.js';
import { readRecords } from '../../mvcc/index.js';
import type { StateMeta, StateTables } from '../../mvcc/index.js';
import type { StoreReader } from '../../storage/index.js';
import {
  authRecords,
  bucketNames,
  byName,
  clusterRecords,
  memberRecords,
  metaRecords,
  removedRecords,
} from './layout.js';
import { encodeAlarm, encodeLease, encodeRole, encodeUser } from './records.js';
import type { NamedRecord } from './records.js';

export interface WholeState {
  /**
   * A point in time of the state's store in which no record stands that the compaction has given up: a restored etcd takes
   * the file's word that it was finished.
   */
  readonly reader: StoreReader;
  readonly meta: StateMeta;
  readonly tables: StateTables;
  /** Lets other work run, now and then; throws to give up. */
  readonly pause: () => Promise<void>;
}

/** How much is handed on between two pauses: well below a millisecond's work. */
const batchSizeBytes = 32 * 1024;
const batchLengthMax = 128;

/** A state as the content of a file of etcd's. */
export function contentOf({ reader, meta, tables, pause }: WholeState): BucketContent {
  const { membership } = meta;
  const small: readonly (readonly [string, readonly NamedRecord[]])[] = [
    [bucketNames.alarms, tables.alarms.map(encodeAlarm).sort(byName)],
    [bucketNames.auth, authRecords(tables.auth)],
    [bucketNames.roles, tables.roles.map(encodeRole).sort(byName)],
    [bucketNames.users, tables.users.map(encodeUser).sort(byName)],
    [bucketNames.cluster, clusterRecords()],
    [bucketNames.leases, tables.leases.map(encodeLease).sort(byName)],
    [bucketNames.members, memberRecords(membership)],
    [bucketNames.removed, removedRecords(membership)],
    [bucketNames.meta, metaRecords(meta)],
  ];
  const buckets: (readonly [string, BucketContent])[] = small.map(([name, records]) => [
    name,
    { batches: () => [records.map(({ name: key, value }) => ({ type: 'value', key, value }))] },
  ]);
  buckets.push([bucketNames.records, { batches: () => historyOf(reader, pause) }]);
  buckets.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    batches: () => [buckets.map(([name, bucket]) => ({ type: 'bucket', key: Buffer.from(name), bucket }))],
  };
}

async function* historyOf(
  reader: StoreReader,
  pause: () => Promise<void>,
): AsyncGenerator<readonly ContentEntry[]> {
  let batch: ContentEntry[] = [];
  let sizeBytes = 0;
  for await (const [key, value] of readRecords(reader)) {
    batch.push({ type: 'value', key, value });
    sizeBytes += key.length + value.length;
    if (batch.length < batchLengthMax && sizeBytes < batchSizeBytes) continue;
    yield batch;
    batch = [];
    sizeBytes = 0;
    await pause();
  }
  if (batch.length > 0) yield batch;
}
