import { crc32c } from '../base/index.js';
import type { StoreReader } from '../storage/index.js';
import { everything, findIn, successorOf } from './key-index.js';
import type { KeyIndex, RecordId } from './key-index.js';
import { firstRecordKey, parseRecordKey, recordKeysEnd } from './record-key.js';
import { decodeRecord } from './records.js';
import { unseal } from './seal.js';
import type { Revision } from './types.js';

/** The name of etcd's bucket of records, which its hash begins with. */
const bucketName = Buffer.from('key');
const workSizeBytes = 256 * 1024;
const workPerRecord = 256;
const chunkLength = 500;

export interface HashOptions {
  /** Holds every record up to `revision`. */
  readonly reader: StoreReader;
  readonly index: KeyIndex;
  readonly revision: Revision;
  /** Pinned by the caller, so that the index still knows it. */
  readonly compactRevision: Revision;
  readonly yieldToLoop: () => Promise<void>;
}

/**
 * The hash of etcd 3.4 (mvcc/kvstore.go, HashByRev): CRC-32C over the bucket's name and each record's key and bytes, in
 * order, up to a revision. Of the records up to the compaction it takes those that are still readable at the compaction
 * and, unless no key at all is alive at the hashed revision, at the hashed revision too. So it does not depend on how
 * far the removal of records has come.
 */
export async function hashRecords(options: HashOptions): Promise<number> {
  const { reader, index, revision, compactRevision, yieldToLoop } = options;
  const needed =
    compactRevision > 0 && (await isAnyAlive(options)) ? [compactRevision, revision] : [compactRevision];
  let hash = crc32c(bucketName);
  let work = 0;
  for await (const [key, value] of reader.entries({ gte: firstRecordKey, lt: recordKeysEnd })) {
    const id = parseRecordKey(key);
    if (id.main > revision) break;
    const content = unseal(key, value);
    if (id.main > compactRevision || (!id.tombstone && isReadable(index, needed, id, content))) {
      hash = crc32c(content, crc32c(key, hash));
    }
    work += value.length + workPerRecord;
    if (work < workSizeBytes) continue;
    work = 0;
    await yieldToLoop();
  }
  return hash;
}

function isReadable(
  index: KeyIndex,
  revisions: readonly Revision[],
  id: RecordId,
  bytes: Uint8Array,
): boolean {
  const { key } = decodeRecord(bytes, id);
  return revisions.every((revision) => {
    const current = index.find(key, revision);
    return current !== null && current.main === id.main && current.sub === id.sub;
  });
}

async function isAnyAlive({ index, revision, yieldToLoop }: HashOptions): Promise<boolean> {
  for (let from = everything.key; ;) {
    const { keys, entries } = index.chunk(from, everything, chunkLength);
    if (entries.some((entry) => findIn(entry, revision) !== null)) return true;
    const last = keys.at(-1);
    if (last === undefined || keys.length < chunkLength) return false;
    from = successorOf(last);
    await yieldToLoop();
  }
}
