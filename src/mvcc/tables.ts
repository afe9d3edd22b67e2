import { asBuffer, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import type { StoreOperation, StoreReader } from '../storage/index.js';
import { digestOfRow } from './inventory.js';
import type { Tally } from './inventory.js';
import { seal, unseal } from './seal.js';

/*
 * Small tables beside the records: leases, alarms, users, roles. They are held in memory by their owners; what changes is
 * written in the same batch as the records and the applied position.
 *
 *   row key   = 't' table name                   table: one letter; name: the owner's, any bytes
 *   row value = content checksum                 see seal.ts
 */
const rowMark = 't';

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
  /** Takes what has changed into a batch, and into the tally. */
  beginFlush(): readonly StoreOperation[];
}

/** Reads all rows, and counts them. A row that is not whole, or of no table, throws `storage-corrupt`. */
export async function openTables(store: StoreReader, tally: Tally): Promise<Tables> {
  /** Of the rows that are stored, for the day that they change. */
  const digests = new Map<Key, number>();
  const restored = new Map<string, Row[]>(Object.values(tableNames).map((letter) => [letter, []]));
  for await (const [rowKey, value] of store.entries({ gte: Buffer.from('t'), lt: Buffer.from('u') })) {
    const key = asBuffer(rowKey).toString('latin1');
    const rows = restored.get(key.charAt(1));
    if (rows === undefined) throw damaged(key, 'belongs to no table that this program knows');
    rows.push({ name: key.slice(2), content: unseal(rowKey, value) });
    count(key, digestOfRow(rowKey, value));
  }
  /** The row is now this one; null: it is gone. */
  function count(key: Key, digest: number | null): void {
    const before = digests.get(key);
    if (before !== undefined) tally.remove(before);
    if (digest === null) {
      digests.delete(key);
      return;
    }
    digests.set(key, digest);
    tally.add(digest);
  }

  let changed = new Map<Key, Uint8Array | null>();
  let unflushedSizeBytes = 0;

  function change(table: TableName, name: Key, content: Uint8Array | null): void {
    const key = rowMark + tableNames[table] + name;
    changed.set(key, content);
    unflushedSizeBytes += key.length + (content?.length ?? 0);
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
      const operations = [...changed].map(([name, content]): StoreOperation => {
        const key = Buffer.from(name, 'latin1');
        const value = content === null ? null : seal(key, content);
        count(name, value === null ? null : digestOfRow(key, value));
        return value === null ? { type: 'del', key } : { type: 'put', key, value };
      });
      changed = new Map();
      unflushedSizeBytes = 0;
      return operations;
    },
  };
}

function damaged(key: Key, how: string): QuorateError {
  const row = Buffer.from(key, 'latin1').toString('hex');
  return new QuorateError(
    'storage-corrupt',
    `the stored row ${row} ${how}: the disk or its files are damaged`,
  );
}
