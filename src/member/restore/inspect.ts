import { asBuffer, crc32c, readUint64 } from '../../base/index.js';
import { openBbolt, openFileSource } from '../../bbolt/index.js';
import { bucketNames } from '../etcd-file/index.js';
import { checkDigest, hasDigest } from './digest.js';

export interface SnapshotSummary {
  /** CRC-32C over all names, keys and values, as `etcdctl snapshot status` has it. */
  readonly hash: number;
  /** Of the last change in it; 0 for one without any. */
  readonly revision: number;
  /** Entries of all buckets: every stored revision of every key, leases, users and so on. */
  readonly totalKeys: number;
  /** Of the store in it, without the checksum behind it. */
  readonly totalSizeBytes: number;
  /** Whether it ends in a checksum, which then matches. */
  readonly hasChecksum: boolean;
}

/**
 * Reads all of a snapshot that etcd or this program wrote. Errors: `storage-failed` if it cannot be read,
 * `storage-corrupt` for a file that is damaged, does not match its checksum, or is no bbolt file.
 */
export async function inspectSnapshot(path: string): Promise<SnapshotSummary> {
  const source = await openFileSource(path);
  try {
    const file = await openBbolt(source);
    await checkDigest(source, !hasDigest(source.sizeBytes));
    let hash = 0;
    let revision = 0;
    let totalKeys = 0;
    for await (const entry of file.walk().entries()) {
      if (entry.type !== 'bucket') continue;
      hash = crc32c(entry.key, hash);
      const isHistory = entry.key.toString('latin1') === bucketNames.records;
      for await (const element of entry.bucket.entries()) {
        hash = crc32c(element.key, hash);
        if (element.type === 'value') hash = crc32c(element.value, hash);
        if (isHistory && element.key.length >= 8) revision = readUint64(asBuffer(element.key), 0);
        totalKeys += 1;
      }
    }
    const hasChecksum = hasDigest(source.sizeBytes);
    return { hash, revision, totalKeys, totalSizeBytes: file.sizeBytes, hasChecksum };
  } finally {
    await source.close();
  }
}
