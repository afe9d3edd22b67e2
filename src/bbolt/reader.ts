import { compareBytes } from '../base/index.js';
import { damaged } from './damage.js';
import {
  bucketSizeBytes,
  decodeMetaPage,
  metaSizeBytes,
  pageFlags,
  pageHeaderSizeBytes,
  pageSizesBytes,
  readBucket,
  readPageHeader,
} from './format.js';
import type { Meta, PageId } from './format.js';
import { readBranch, readLeaf } from './elements.js';
import type { LeafElement } from './elements.js';
import type { BboltFile, Bucket, BucketEntry, ByteSource } from './types.js';

/** Levels of one bucket. Two children a page and 2^32 pages make 32. */
const depthMax = 32;
/** Buckets within buckets. */
const nestingMax = 32;
/** A page and its overflow, in bytes: what is held of one at a time. */
const pageSpanSizeBytesMax = 256 * 1024 * 1024;

/**
 * Opens a file that bbolt wrote, whoever may have handled it since: nothing in it is believed before it was checked.
 * Whatever a file holds, reading it ends, within memory for a few of its pages and a bit a page. Behind the pages it may
 * have anything, such as a checksum. Errors here and while it is read: `storage-corrupt`, naming the page.
 */
export async function openBbolt(source: ByteSource): Promise<BboltFile> {
  const meta = await readMeta(source);
  const { end } = meta;
  const sizeBytes = end * meta.pageSizeBytes;
  if (!Number.isSafeInteger(end) || sizeBytes > source.sizeBytes) {
    const how = `the file should have ${sizeBytes} bytes and has ${source.sizeBytes}: it was cut short`;
    throw damaged(source, null, how);
  }
  return {
    pageSizeBytes: meta.pageSizeBytes,
    sizeBytes,
    walk() {
      const walk = { source, meta, seen: new Uint8Array(Math.ceil(end / 8)) };
      return bucketAt(walk, meta.root, 0n, 0);
    },
  };
}

async function readMeta(source: ByteSource): Promise<Meta> {
  const first = await metaAt(source, 0);
  const secondOffsets = typeof first === 'string' ? pageSizesBytes : [first.pageSizeBytes];
  const metas = [first];
  for (const offset of secondOffsets) metas.push(await metaAt(source, offset));
  const usable = metas.filter((meta) => typeof meta !== 'string');
  const [best] = usable.sort((a, b) => b.transaction - a.transaction);
  if (best === undefined) throw damaged(source, 0, typeof first === 'string' ? first : 'it is no meta page');
  return best;
}

async function metaAt(source: ByteSource, offset: number): Promise<Meta | string> {
  const lengthBytes = pageHeaderSizeBytes + metaSizeBytes;
  if (offset + lengthBytes > source.sizeBytes) return 'the file is too short';
  const meta = decodeMetaPage(await source.read(offset, lengthBytes));
  // Page 1 stands where its own page size says.
  if (typeof meta !== 'string' && offset !== 0 && meta.pageSizeBytes !== offset) return 'it is elsewhere';
  return meta;
}

interface Walk {
  readonly source: ByteSource;
  readonly meta: Meta;
  /** A bit for each page that was read. */
  readonly seen: Uint8Array;
}

function bucketAt(walk: Walk, root: PageId, sequence: bigint, nesting: number): Bucket {
  return { sequence, entries: () => ordered(walk, root, entriesBelow(walk, root, nesting, 0)) };
}

/** What a bucket's value in its parent says. */
function bucketOf(walk: Walk, parent: PageId, value: Buffer, nesting: number): Bucket {
  const { source } = walk;
  if (nesting > nestingMax) throw damaged(source, parent, `it has buckets in more than ${nestingMax} others`);
  if (value.length < bucketSizeBytes) throw damaged(source, parent, 'it has a bucket that is too short');
  const { root, sequence } = readBucket(value);
  if (root !== 0) return bucketAt(walk, root, sequence, nesting);
  const page = value.subarray(bucketSizeBytes);
  if (page.length < pageHeaderSizeBytes) throw damaged(source, parent, 'it has a bucket that is too short');
  const { flags } = readPageHeader(page);
  if (flags !== pageFlags.leaf) throw damaged(source, parent, 'it has a bucket that is no leaf');
  return {
    sequence,
    entries: () => ordered(walk, parent, entriesOf(walk, parent, readLeaf(source, parent, page), nesting)),
  };
}

/** Keys must ascend over the whole bucket. */
async function* ordered(
  { source }: Walk,
  page: PageId,
  entries: AsyncIterable<BucketEntry> | Iterable<BucketEntry>,
): AsyncGenerator<BucketEntry> {
  let previous: Buffer | null = null;
  for await (const entry of entries) {
    if (previous !== null && compareBytes(previous, entry.key) >= 0) {
      throw damaged(source, page, `the keys of the bucket below it are out of order at ${textOf(entry.key)}`);
    }
    previous = entry.key;
    yield entry;
  }
}

async function* entriesBelow(
  walk: Walk,
  id: PageId,
  nesting: number,
  depth: number,
): AsyncGenerator<BucketEntry> {
  const { source } = walk;
  if (depth >= depthMax) throw damaged(source, id, `it lies below ${depthMax} others`);
  const page = await readPage(walk, id);
  const { flags } = readPageHeader(page);
  if (flags === pageFlags.leaf) {
    yield* entriesOf(walk, id, readLeaf(source, id, page), nesting);
  } else if (flags === pageFlags.branch) {
    for (const child of readBranch(source, id, page)) yield* entriesBelow(walk, child, nesting, depth + 1);
  } else throw damaged(source, id, `it should be a branch or a leaf and has the flags ${flags}`);
}

function* entriesOf(
  walk: Walk,
  page: PageId,
  elements: Iterable<LeafElement>,
  nesting: number,
): Generator<BucketEntry> {
  for (const { kind, key, value } of elements) {
    if (kind === 'value') yield { type: 'value', key, value };
    else yield { type: 'bucket', key, bucket: bucketOf(walk, page, value, nesting + 1) };
  }
}

/** The page with its overflow. */
async function readPage({ source, meta, seen }: Walk, id: PageId): Promise<Buffer> {
  const { pageSizeBytes, end } = meta;
  if (id < 2 || id >= end) throw damaged(source, id, `it is named but lies outside of pages 2 to ${end - 1}`);
  const head = await source.read(id * pageSizeBytes, pageSizeBytes);
  const { id: ownId, overflow } = readPageHeader(head);
  if (ownId !== id) throw damaged(source, id, `it calls itself ${ownId}`);
  if (id + overflow >= end) throw damaged(source, id, `it goes on for ${overflow} pages, beyond the last`);
  const spanSizeBytes = (1 + overflow) * pageSizeBytes;
  if (spanSizeBytes > pageSpanSizeBytesMax) {
    throw damaged(
      source,
      id,
      `it takes ${spanSizeBytes} bytes, more than the ${pageSpanSizeBytesMax} allowed`,
    );
  }
  for (let each = id; each <= id + overflow; each++) {
    const mask = 1 << (each & 7);
    const byte = seen[each >>> 3] ?? 0;
    if ((byte & mask) !== 0) throw damaged(source, each, 'it is used twice');
    seen[each >>> 3] = byte | mask;
  }
  return overflow === 0 ? head : source.read(id * pageSizeBytes, spanSizeBytes);
}

function textOf(key: Buffer): string {
  return key.subarray(0, 32).toString('hex');
}
