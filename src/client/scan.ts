import { at } from '../base/index.js';
import type { CallOptions } from './connection.js';
import type { Entry } from './entry.js';
import { ClientError } from './errors.js';
import { successor, wireKeys } from './keys.js';
import type { Keys } from './keys.js';
import type { Page, PageOptions } from './operations.js';

export interface ScanOptions {
  /** Read as of this revision. Default: the latest at the first page, kept for all further ones. */
  readonly revision?: number | undefined;
  /** The first page takes what the member has, which may be stale. */
  readonly serializable?: boolean | undefined;
  /** Most entries to yield. Default: all. */
  readonly limit?: number | undefined;
  /** By key. Default `ascend`. */
  readonly order?: 'ascend' | 'descend' | undefined;
  readonly keysOnly?: boolean | undefined;
  /** Most entries to ask for at once. Default 1000; less if the values are large, so that a page has about 1 MiB. */
  readonly pageSize?: number | undefined;
}

/**
 * Many keys as of one revision. Each iteration reads anew; nothing is read before the first one, and no further page
 * before the one at hand is used up. `signal` holds for the whole of it, `timeoutMs` for each page. Fails with
 * `compacted` when the history it reads is given up in the meantime.
 */
export interface Scan extends AsyncIterable<Entry> {
  /** Whole pages, for those who want `count` and `revision` too. */
  pages(): AsyncIterable<Page>;
  /** All of it in memory. */
  collect(): Promise<Entry[]>;
  /** How many keys there are, whatever `limit` says, without reading them. */
  count(): Promise<number>;
}

type ReadPage = (keys: Keys, options: PageOptions & CallOptions) => Promise<Page>;

const pageSizeDefault = 1000;
/** Few enough for the largest values that a member takes to fit into one answer. */
const firstPageSizeMax = 32;
const pageTargetBytes = 1024 * 1024;

export function createScan(readPage: ReadPage, keys: Keys, options: ScanOptions & CallOptions): Scan {
  const pageSizeMax = Math.max(1, options.pageSize ?? pageSizeDefault);
  const isDescending = options.order === 'descend';
  const call: CallOptions = { signal: options.signal, timeoutMs: options.timeoutMs };

  async function* pages(): AsyncGenerator<Page, void, undefined> {
    let rest: Keys | undefined = keys;
    let revision = options.revision;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    let size = Math.min(firstPageSizeMax, pageSizeMax);
    while (rest !== undefined && left > 0) {
      const limit: number = Math.min(size, left);
      // Other members may not have the pinned revision yet: further pages wait for it.
      const serializable: boolean = options.serializable === true && rest === keys;
      const shape: PageOptions = { revision, limit, order: options.order, keysOnly: options.keysOnly };
      const page: Page | undefined = await readOrShrink(rest, { ...shape, serializable, ...call });
      if (page === undefined) {
        size = Math.max(1, Math.floor(limit / 2));
        continue;
      }
      yield page;
      revision ??= page.revision;
      left -= page.entries.length;
      size = nextSize(page.entries);
      rest = page.more ? restOf(keys, page.entries) : undefined;
    }
  }

  /** Undefined: the answer was too large, ask for less. */
  async function readOrShrink(rest: Keys, pageOptions: PageOptions & CallOptions): Promise<Page | undefined> {
    try {
      return await readPage(rest, pageOptions);
    } catch (error) {
      const isTooLarge = error instanceof ClientError && error.code === 'resource-exhausted';
      if (isTooLarge && (pageOptions.limit ?? 0) > 1) return undefined;
      throw error;
    }
  }

  function nextSize(entries: readonly Entry[]): number {
    let sizeBytes = 1;
    for (const { key, value } of entries) sizeBytes += key.length + value.length;
    const fitting = Math.floor((pageTargetBytes / sizeBytes) * entries.length);
    return Math.min(pageSizeMax, Math.max(1, fitting));
  }

  function restOf(whole: Keys, entries: readonly Entry[]): Keys | undefined {
    if (entries.length === 0) return undefined;
    const { key: last } = at(entries, entries.length - 1);
    const { key: from, rangeEnd } = wireKeys(whole);
    if (isDescending) return { from, to: last };
    const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0;
    return isOpen ? { from: successor(last) } : { from: successor(last), to: rangeEnd };
  }

  async function* entries(): AsyncGenerator<Entry, void, undefined> {
    for await (const page of pages()) yield* page.entries;
  }

  return {
    [Symbol.asyncIterator]: entries,
    pages,
    async collect() {
      const all: Entry[] = [];
      for await (const page of pages()) for (const entry of page.entries) all.push(entry);
      return all;
    },
    async count() {
      const { revision, serializable } = options;
      const page = await readPage(keys, { revision, serializable, countOnly: true, ...call });
      return page.count;
    },
  };
}
