import { asBuffer, QuorateError, readUint64, writeUint64 } from '../base/index.js';
import type { RecordId } from './key-index.js';

/*
 * Where a record stands in the store, so that the store's order is the order of changes. The same as etcd's:
 *
 *   record key = main revision (8 bytes, big-endian) '_' sub revision (8 bytes, big-endian) ['t' for a tombstone]
 *
 * Revisions stay below 2^53, so every record key begins with a zero byte and sorts before the metadata.
 *
 * Example: revision 2, first change, a tombstone: `00 00 00 00 00 00 00 02 5f 00 00 00 00 00 00 00 00 74`.
 */
const separator = 0x5f;
const tombstoneMark = 0x74;
const plainSizeBytes = 17;

/** All records are in [firstRecordKey, recordKeysEnd). */
export const firstRecordKey: Uint8Array = Buffer.from([0]);
export const recordKeysEnd: Uint8Array = Buffer.from([1]);

export function recordKeyOf(id: RecordId, tombstone: boolean): Buffer {
  const key = Buffer.allocUnsafe(tombstone ? plainSizeBytes + 1 : plainSizeBytes);
  writeUint64(key, id.main, 0);
  key[8] = separator;
  writeUint64(key, id.sub, 9);
  if (tombstone) key[plainSizeBytes] = tombstoneMark;
  return key;
}

/** Throws `storage-corrupt` for what recordKeyOf cannot have made. */
export function parseRecordKey(bytes: Uint8Array): RecordId & { readonly tombstone: boolean } {
  const key = asBuffer(bytes);
  const tombstone = key.length === plainSizeBytes + 1 && key[plainSizeBytes] === tombstoneMark;
  if ((key.length !== plainSizeBytes && !tombstone) || key[8] !== separator) {
    throw new QuorateError('storage-corrupt', `the state store holds a strange key ${key.toString('hex')}`);
  }
  return { main: readUint64(key, 0), sub: readUint64(key, 9), tombstone };
}
