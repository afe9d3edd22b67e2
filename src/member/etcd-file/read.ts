import { asBuffer, keyOf, QuorateError } from '../../base/index.js';
import type { BboltFile, Bucket, BucketEntry } from '../../bbolt/index.js';
import { decodeKeyValue, parseRecordKey } from '../../mvcc/index.js';
import type { Alarm, AuthRole, AuthUser, Lease, Revision, StateTables } from '../../mvcc/index.js';
import type { StoreEntry } from '../../storage/index.js';
import { bucketNames, readAuth, readCompactRevision } from './layout.js';
import { decodeAlarm, decodeLease, decodeRole, decodeUser, strange } from './records.js';

/** What a file holds beside its history. */
export interface FileContent {
  readonly revision: Revision;
  readonly compactRevision: Revision;
  readonly recordCount: number;
  readonly tables: StateTables;
  /** Buckets that mean nothing here, and were passed over. */
  readonly ignored: readonly string[];
}

/** Buckets that are of the cluster that wrote the file, and not of its data. */
const passedOver: ReadonlySet<string> = new Set([
  bucketNames.cluster,
  bucketNames.members,
  bucketNames.removed,
]);

/**
 * Reads a file that etcd or this program wrote, in one go: every record of the history is handed to `onRecord` in order
 * of revision, checked, then the rest is returned. Errors: `storage-corrupt`.
 */
export async function readContent(
  file: BboltFile,
  onRecord: (entry: StoreEntry) => Promise<void>,
): Promise<FileContent> {
  const leases: Lease[] = [];
  const alarms: Alarm[] = [];
  const users: AuthUser[] = [];
  const roles: AuthRole[] = [];
  const settings = { auth: new Map<string, Buffer>(), meta: new Map<string, Buffer>() };
  const ignored: string[] = [];
  let last: Revision = 0;
  let recordCount = 0;

  async function readBucket(name: string, bucket: Bucket): Promise<void> {
    if (passedOver.has(name)) return;
    for await (const entry of bucket.entries()) {
      const { key, value } = valueOf(name, entry);
      switch (name) {
        case bucketNames.records:
          last = checkRecord(key, value);
          recordCount += 1;
          await onRecord([key, value]);
          break;
        case bucketNames.leases:
          leases.push(decodeLease(key, value));
          break;
        case bucketNames.alarms:
          alarms.push(...[decodeAlarm(key)].filter((alarm) => alarm !== null));
          break;
        case bucketNames.users:
          users.push(decodeUser(key, value));
          break;
        case bucketNames.roles:
          roles.push(decodeRole(key, value));
          break;
        case bucketNames.auth:
          settings.auth.set(keyOf(key), value);
          break;
        case bucketNames.meta:
          settings.meta.set(keyOf(key), value);
          break;
        default:
          ignored.push(name);
          return;
      }
    }
  }

  const found = new Set<string>();
  for await (const entry of file.walk().entries()) {
    if (entry.type !== 'bucket') throw strange('something outside of its buckets');
    const name = entry.key.toString('utf8');
    found.add(name);
    await readBucket(name, entry.bucket);
  }
  if (!found.has(bucketNames.records) || !found.has(bucketNames.meta)) {
    throw new QuorateError(
      'storage-corrupt',
      `the file is a bbolt file, but not of etcd's store: it has no bucket "key" or "meta"`,
    );
  }
  const compactRevision = readCompactRevision(settings.meta);
  return {
    // What was given up may have been all there was.
    revision: Math.max(1, last, compactRevision),
    compactRevision,
    recordCount,
    tables: { leases, alarms, users, roles, auth: readAuth(settings.auth) },
    ignored,
  };
}

function valueOf(name: string, entry: BucketEntry): Extract<BucketEntry, { type: 'value' }> {
  if (entry.type === 'value') return entry;
  throw strange(`a bucket within the bucket ${JSON.stringify(name)}`);
}

/** Answers with its revision. */
function checkRecord(recordKey: Buffer, bytes: Buffer): Revision {
  const name = asBuffer(recordKey).subarray(0, 32).toString('hex');
  try {
    const { main, sub, tombstone } = parseRecordKey(recordKey);
    const kv = decodeKeyValue(bytes);
    const fits = tombstone ? kv.version === 0 : kv.version > 0 && kv.modRevision === main;
    const isPossible = main > 0 && Number.isSafeInteger(main) && Number.isSafeInteger(sub);
    if (fits && isPossible && kv.key !== '') return main;
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
  }
  throw strange(`a record that is none, under the revision ${name}`);
}
