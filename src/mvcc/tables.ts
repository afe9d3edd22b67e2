import { asBuffer, crc32c, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import type { StoreOperation, StoreReader } from '../storage/index.js';

/*
 * Small tables beside the records: leases, alarms, users, roles. They are held in memory by their owners; what changes is
 * written in the same batch as the records and the applied position.
 *
 *   row key   = 't' table name                   table: one letter; name: the owner's, any bytes
 *   row value = content checksum                 CRC-32C of row key and content, four bytes, big-endian
 *
 * Example: table `l`, name 07, content 0a: `74 6c 07` → `0a` and the checksum of `74 6c 07 0a`.
 */
const rowMark = 't';
const checksumSizeBytes = 4;

/** Frozen. */
export const tableNames = { leases: 'l', alarms: 'a', auth: 's', users: 'u', roles: 'r' } as const;
export type TableName = keyof typeof tableNames;

export interface Row {
  readonly name: Key;
  readonly content: Uint8Array;
}

export interface Tables {
  /** The rows as they were when the store was opened, in order of their names. To be asked once. */
  restored(table: TableName): readonly Row[];
  set(table: TableName, name: Key, content: Uint8Array): void;
  delete(table: TableName, name: Key): void;
  /** Bytes that no flush has written yet. */
  readonly unflushedSizeBytes: number;
  /** Takes what has changed into a batch. */
  beginFlush(): readonly StoreOperation[];
}

/** Reads all rows. A row that is not whole, or of no table, throws `storage-corrupt`. */
export async function openTables(store: StoreReader): Promise<Tables> {
  const restored = new Map<string, Row[]>(Object.values(tableNames).map((letter) => [letter, []]));
  for await (const [rowKey, value] of store.entries({ gte: Buffer.from('t'), lt: Buffer.from('u') })) {
    const key = asBuffer(rowKey).toString('latin1');
    const rows = restored.get(key.charAt(1));
    if (rows === undefined) throw damaged(key, 'belongs to no table that this program knows');
    rows.push({ name: key.slice(2), content: contentOf(key, asBuffer(value)) });
  }
  let changed = new Map<Key, Uint8Array | null>();
  let unflushedSizeBytes = 0;

  function change(table: TableName, name: Key, content: Uint8Array | null): void {
    const key = rowMark + tableNames[table] + name;
    changed.set(key, content);
    unflushedSizeBytes += key.length + (content?.length ?? 0) + checksumSizeBytes;
  }

  return {
    restored(table) {
      const letter = tableNames[table];
      const rows = restored.get(letter) ?? [];
      restored.delete(letter);
      return rows;
    },
    set: change,
    delete: (table, name) => change(table, name, null),
    get unflushedSizeBytes() {
      return unflushedSizeBytes;
    },
    beginFlush() {
      const operations = [...changed].map(([key, content]): StoreOperation =>
        content === null
          ? { type: 'del', key: Buffer.from(key, 'latin1') }
          : { type: 'put', key: Buffer.from(key, 'latin1'), value: seal(key, content) },
      );
      changed = new Map();
      unflushedSizeBytes = 0;
      return operations;
    },
  };
}

function seal(key: Key, content: Uint8Array): Buffer {
  const checksum = Buffer.alloc(checksumSizeBytes);
  checksum.writeUInt32BE(checksumOf(key, content));
  return Buffer.concat([content, checksum]);
}

function contentOf(key: Key, value: Buffer): Buffer {
  const sizeBytes = value.length - checksumSizeBytes;
  if (sizeBytes < 0) throw damaged(key, 'is too short');
  const content = value.subarray(0, sizeBytes);
  if (value.readUInt32BE(sizeBytes) !== checksumOf(key, content))
    throw damaged(key, 'does not match its checksum');
  return content;
}

function checksumOf(key: Key, content: Uint8Array): number {
  return crc32c(Buffer.concat([Buffer.from(key, 'latin1'), content]));
}

function damaged(key: Key, how: string): QuorateError {
  const row = Buffer.from(key, 'latin1').toString('hex');
  return new QuorateError(
    'storage-corrupt',
    `the stored row ${row} ${how}: the disk or its files are damaged`,
  );
}
