import { etcdserverpb } from '../gen/protos.js';
import type { CallOptions, Connection } from './connection.js';
import type { Entry } from './entry.js';
import type { Bytes, Keys } from './keys.js';
import type { Keyspace } from './keyspace.js';
import { deleteRequest, deleteResult, firstEntry, pageOf, putRequest, putResult } from './operations.js';
import { rangeRequest, revisionOf } from './operations.js';
import type { DeleteOptions, DeleteResult, GetOptions, Page, PageOptions } from './operations.js';
import type { PutOptions, PutResult } from './operations.js';
import { createScan } from './scan.js';
import type { Scan, ScanOptions } from './scan.js';

/** Reads and writes of keys. Keys and values are bytes; text given for one stands for its UTF-8. */
export interface KeyValueStore {
  /** Writes one key. */
  put(key: Bytes, value: Bytes, options?: PutOptions & CallOptions): Promise<PutResult>;
  /** Reads one key: undefined if it is not there. Linearizable, unless `serializable` is set. */
  get(key: Bytes, options?: GetOptions & CallOptions): Promise<Entry | undefined>;
  /**
   * Reads many keys, page by page, all as of one revision however long it takes:
   *
   *     for await (const entry of client.range({ prefix: 'users/' })) console.log(entry.keyText);
   *     const everything = await client.range({ prefix: '' }).collect();
   */
  range(keys: Keys, options?: ScanOptions & CallOptions): Scan;
  /** Short for `range({ prefix })`. */
  prefix(prefix: Bytes, options?: ScanOptions & CallOptions): Scan;
  /** One request for many keys, as the wire has it, with every sort and filter. */
  page(keys: Keys, options?: PageOptions & CallOptions): Promise<Page>;
  /** Deletes a key, or all in a range, as one revision. */
  delete(keys: Keys, options?: DeleteOptions & CallOptions): Promise<DeleteResult>;
  /** Short for `delete({ prefix })`. */
  deletePrefix(prefix: Bytes, options?: DeleteOptions & CallOptions): Promise<DeleteResult>;
  /**
   * Gives up the history below a revision, for ever; that revision itself stays readable. `physical` waits until it
   * has left the disk. Answers with the current revision.
   */
  compact(revision: number, options?: CallOptions & { readonly physical?: boolean }): Promise<number>;
}

export function createKeyValueStore(connection: Connection, keyspace: Keyspace): KeyValueStore {
  async function put(key: Bytes, value: Bytes, options: PutOptions & CallOptions = {}): Promise<PutResult> {
    const message = etcdserverpb.PutRequest.encode(
      keyspace.outward(putRequest(key, value, options)),
    ).finish();
    const request = { name: 'put', path: '/etcdserverpb.KV/Put', message, kind: 'write' } as const;
    const response = etcdserverpb.PutResponse.decode(await connection.call(request, options));
    return putResult(keyspace.inwardPut(response));
  }

  async function page(keys: Keys, options: PageOptions & CallOptions = {}): Promise<Page> {
    const message = etcdserverpb.RangeRequest.encode(keyspace.outward(rangeRequest(keys, options))).finish();
    const request = { name: 'get', path: '/etcdserverpb.KV/Range', message, kind: 'read' } as const;
    const response = etcdserverpb.RangeResponse.decode(await connection.call(request, options));
    return pageOf(keyspace.inwardRange(response));
  }

  async function remove(keys: Keys, options: DeleteOptions & CallOptions = {}): Promise<DeleteResult> {
    const message = etcdserverpb.DeleteRangeRequest.encode(
      keyspace.outward(deleteRequest(keys, options)),
    ).finish();
    const request = { name: 'delete', path: '/etcdserverpb.KV/DeleteRange', message, kind: 'write' } as const;
    const response = etcdserverpb.DeleteRangeResponse.decode(await connection.call(request, options));
    return deleteResult(keyspace.inwardDelete(response));
  }

  const range = (keys: Keys, options: ScanOptions & CallOptions = {}): Scan =>
    createScan(page, keys, options);

  return {
    put,
    async get(key, options) {
      return firstEntry(await page(key, options));
    },
    range,
    prefix: (prefix, options) => range({ prefix }, options),
    page,
    delete: remove,
    deletePrefix: (prefix, options) => remove({ prefix }, options),
    async compact(revision, options = {}) {
      const physical = options.physical ?? false;
      const message = etcdserverpb.CompactionRequest.encode({ revision, physical }).finish();
      const request = { name: 'compact', path: '/etcdserverpb.KV/Compact', message, kind: 'write' } as const;
      const response = etcdserverpb.CompactionResponse.decode(await connection.call(request, options));
      return revisionOf(response.header);
    },
  };
}
