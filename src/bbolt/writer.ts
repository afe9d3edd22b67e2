import { asBuffer, assert, compareBytes } from '../base/index.js';
import { encodeMetaPage, pageFlags, pageHeaderSizeBytes, pageSizeBytes, writePageHeader } from './format.js';
import type { PageId } from './format.js';
import { createNodeList } from './node-list.js';
import type { NodeList } from './node-list.js';
import { bucketValueOf, createLeafBuilder, encodeBranch } from './pages.js';
import type { LeafBuilder } from './pages.js';
import type { BucketContent } from './types.js';

/** The first pages of a file: two metas and an empty freelist. */
const firstPage: PageId = 3;
const freelistPage: PageId = 2;

export interface PlannedFile {
  readonly sizeBytes: number;
  /** The file from its first byte to its last, in pieces of whole pages. To be iterated once. */
  pages(): AsyncIterable<Buffer>;
}

/**
 * Lays out a file whose top bucket has this content: goes over the content once to learn how many pages it takes, and
 * once more to write them, in order, from the first page on. So the file needs to be held nowhere; what is held is the
 * first key of every page of the bucket at work. Buckets that fit into a quarter of a page stand within their parent's
 * page, as bbolt has them.
 */
export async function planFile(content: BucketContent): Promise<PlannedFile> {
  const planned = createPass(false);
  for await (const page of planned.write(content)) assert(page.length === 0, 'a plan has no pages');
  const { root, end } = planned;
  return {
    sizeBytes: end * pageSizeBytes,
    async *pages() {
      for (const id of [0, 1] as const) {
        yield encodeMetaPage(id, { pageSizeBytes, root, freelist: freelistPage, end, transaction: id });
      }
      const freelist = Buffer.alloc(pageSizeBytes);
      writePageHeader(freelist, { id: freelistPage, flags: pageFlags.freelist, count: 0, overflow: 0 });
      yield freelist;
      const pass = createPass(true);
      yield* pass.write(content);
      assert(pass.root === root && pass.end === end, 'content that is written is what was planned');
    },
  };
}

interface Pass {
  readonly root: PageId;
  readonly end: PageId;
  write(content: BucketContent): AsyncIterable<Buffer>;
}

/**
 * Goes over the content once. Every page gets its number when it is full, so their order is that of the file. Without
 * `makesPages` it only counts them.
 */
function createPass(makesPages: boolean): Pass {
  let end = firstPage;
  let root = 0;

  function place(page: Buffer): Buffer {
    page.writeBigUInt64LE(BigInt(end), 0);
    end += page.length / pageSizeBytes;
    return page;
  }

  /** Ends the page, and enters it into the list; null: nobody wants its bytes. */
  function endLeaf(leaf: LeafBuilder, leaves: NodeList): Buffer | null {
    leaves.add(leaf.firstKey, end);
    if (makesPages) return place(leaf.finish());
    end += leaf.pageCount;
    leaf.skip();
    return null;
  }

  /** Yields the bucket's pages and returns what stands for it in its parent. */
  async function* writeBucket(content: BucketContent, isTop: boolean): AsyncGenerator<Buffer, Buffer> {
    const leaf = createLeafBuilder();
    const leaves = createNodeList();
    let previous: Uint8Array | null = null;
    let mayBeInline = !isTop;
    for await (const batch of content.batches()) {
      for (const entry of batch) {
        assert(previous === null || compareBytes(previous, entry.key) < 0, 'keys of a bucket ascend');
        previous = entry.key;
        const isBucket = entry.type === 'bucket';
        const value = isBucket ? yield* writeBucket(entry.bucket, false) : entry.value;
        if (isBucket) mayBeInline = false;
        if (!leaf.hasRoomFor(entry.key, value)) {
          const page = endLeaf(leaf, leaves);
          if (page !== null) yield page;
        }
        leaf.add(entry.key, value, entry.type);
      }
    }
    if (mayBeInline && leaves.length === 0 && leaf.isInlineable) return bucketValueOf(0, leaf.finishInline());
    const page = endLeaf(leaf, leaves);
    if (page !== null) yield page;
    const top = yield* writeBranches(leaves);
    if (isTop) root = top;
    return bucketValueOf(top, null);
  }

  async function* writeBranches(children: NodeList): AsyncGenerator<Buffer, PageId> {
    let level = children;
    while (level.length > 1) {
      const next = createNodeList();
      for (const { from, to } of level.groups(pageSizeBytes - pageHeaderSizeBytes)) {
        next.add(level.key(from), end);
        const page = place(encodeBranch(level, from, to));
        if (makesPages) yield page;
      }
      level = next;
    }
    return level.page(0);
  }

  return {
    get root() {
      return root;
    },
    get end() {
      return end;
    },
    async *write(content) {
      yield* writeBucket(content, true);
    },
  };
}

/** The same bytes in pieces of exactly this size; the last may be shorter. */
export async function* inPieces(
  parts: AsyncIterable<Uint8Array>,
  pieceSizeBytes: number,
): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(pieceSizeBytes);
  let filled = 0;
  for await (const part of parts) {
    const bytes = asBuffer(part);
    for (let offset = 0; offset < bytes.length;) {
      const taken = Math.min(pieceSizeBytes - filled, bytes.length - offset);
      bytes.copy(piece, filled, offset, offset + taken);
      filled += taken;
      offset += taken;
      if (filled < pieceSizeBytes) continue;
      yield piece;
      piece = Buffer.allocUnsafe(pieceSizeBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
