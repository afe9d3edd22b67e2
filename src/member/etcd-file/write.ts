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
  /** Called for every record; throws to give up. */
  readonly check: () => void;
}

/** A state as the content of a file of etcd's. */
export function contentOf({ reader, meta, tables, check }: WholeState): BucketContent {
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
    { entries: () => records.map(({ name: key, value }) => ({ type: 'value', key, value })) },
  ]);
  buckets.push([bucketNames.records, { entries: () => historyOf(reader, check) }]);
  buckets.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    entries: () => buckets.map(([name, bucket]) => ({ type: 'bucket', key: Buffer.from(name), bucket })),
  };
}

async function* historyOf(reader: StoreReader, check: () => void): AsyncGenerator<ContentEntry> {
  for await (const [key, value] of readRecords(reader)) {
    check();
    yield { type: 'value', key, value };
  }
}
