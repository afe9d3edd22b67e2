import { etcdserverpb } from '../gen/protos.js';
import { entryOf, leaseIdOf, toNumber, wireLease } from './entry.js';
import type { Entry, LeaseLike } from './entry.js';
import { bytesOf, keyBytes, wireKeys } from './keys.js';
import type { Bytes, Keys } from './keys.js';

export interface PutOptions {
  /** Also answer with what the key was before. */
  readonly previous?: boolean | undefined;
  /** Hang the key on this lease, so that it goes when the lease does. Default: on none, whatever it hung on before. */
  readonly lease?: LeaseLike | undefined;
  /** Keep the lease that the key has. It must exist. */
  readonly keepLease?: boolean | undefined;
  /** Keep the value that the key has, to change its lease alone. It must exist, and the given value must be empty. */
  readonly keepValue?: boolean | undefined;
}

export interface PutResult {
  /** Of the store with this write. */
  readonly revision: number;
  /** Only if asked for, and only if the key existed. */
  readonly previous: Entry | undefined;
}

export interface DeleteOptions {
  /** Also answer with what was deleted. */
  readonly previous?: boolean | undefined;
}

export interface DeleteResult {
  /** Of the store afterwards; a delete that found nothing makes no new one. */
  readonly revision: number;
  /** How many keys. */
  readonly deleted: number;
  /** Only if asked for. */
  readonly previous: readonly Entry[];
}

export interface GetOptions {
  /** Read as of this revision instead of the latest. Fails with `compacted` or `future-revision`. */
  readonly revision?: number | undefined;
  /** Take what the member has, which may be stale, without asking the others: faster, and works without a leader. */
  readonly serializable?: boolean | undefined;
}

export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

/** One request for keys, as the wire has it. */
export interface PageOptions extends GetOptions {
  /** Most entries to answer with; 0: all of them, in one answer. */
  readonly limit?: number | undefined;
  readonly sortBy?: SortTarget | undefined;
  readonly order?: 'ascend' | 'descend' | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  /** Bounds, inclusive: leaves out entries created or last written outside of them. */
  readonly minModRevision?: number | undefined;
  readonly maxModRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
}

export interface Page {
  readonly entries: readonly Entry[];
  /** Keys in the range at that revision, whatever limit and bounds say. */
  readonly count: number;
  /** The limit cut something off. */
  readonly more: boolean;
  /** Of the store when it was read: what to pin further reads to. */
  readonly revision: number;
}

export function putRequest(
  key: Bytes,
  value: Bytes,
  options: PutOptions,
): etcdserverpb.PutRequest.$Properties {
  const request: etcdserverpb.PutRequest.$Properties = { key: keyBytes(key), value: bytesOf(value) };
  if (options.lease !== undefined) request.lease = wireLease(leaseIdOf(options.lease));
  if (options.previous === true) request.prevKv = true;
  if (options.keepLease === true) request.ignoreLease = true;
  if (options.keepValue === true) request.ignoreValue = true;
  return request;
}

export function deleteRequest(
  keys: Keys,
  options: DeleteOptions,
): etcdserverpb.DeleteRangeRequest.$Properties {
  return { ...wireKeys(keys), prevKv: options.previous ?? false };
}

const { SortOrder, SortTarget: WireSortTarget } = etcdserverpb.RangeRequest;

const sortTargets: Readonly<Record<SortTarget, etcdserverpb.RangeRequest.SortTarget>> = {
  key: WireSortTarget.KEY,
  version: WireSortTarget.VERSION,
  create: WireSortTarget.CREATE,
  mod: WireSortTarget.MOD,
  value: WireSortTarget.VALUE,
};

export function rangeRequest(keys: Keys, options: PageOptions): etcdserverpb.RangeRequest.$Properties {
  // Ascending keys are how they are stored: saying nothing spares the member from sorting what it cuts off.
  const isSorted = options.sortBy !== undefined && options.sortBy !== 'key';
  return {
    ...wireKeys(keys),
    limit: options.limit ?? 0,
    revision: options.revision ?? 0,
    sortOrder: options.order === 'descend' ? SortOrder.DESCEND : isSorted ? SortOrder.ASCEND : SortOrder.NONE,
    sortTarget: sortTargets[options.sortBy ?? 'key'],
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    minModRevision: options.minModRevision ?? 0,
    maxModRevision: options.maxModRevision ?? 0,
    minCreateRevision: options.minCreateRevision ?? 0,
    maxCreateRevision: options.maxCreateRevision ?? 0,
  };
}

export function revisionOf(header: etcdserverpb.ResponseHeader.$Properties | null | undefined): number {
  return toNumber(header?.revision);
}

export function putResult(response: etcdserverpb.PutResponse.$Properties): PutResult {
  const { prevKv } = response;
  const previous = prevKv === null || prevKv === undefined ? undefined : entryOf(prevKv);
  return { revision: revisionOf(response.header), previous };
}

export function deleteResult(response: etcdserverpb.DeleteRangeResponse.$Properties): DeleteResult {
  return {
    revision: revisionOf(response.header),
    deleted: toNumber(response.deleted),
    previous: (response.prevKvs ?? []).map(entryOf),
  };
}

export function pageOf(response: etcdserverpb.RangeResponse.$Properties): Page {
  return {
    entries: (response.kvs ?? []).map(entryOf),
    count: toNumber(response.count),
    more: response.more ?? false,
    revision: revisionOf(response.header),
  };
}

/** The result of reading one key: its entry, or undefined if there is none. */
export function firstEntry(page: Page): Entry | undefined {
  return page.entries[0];
}
