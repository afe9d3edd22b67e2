import { damaged } from './damage.js';
import { elementKinds, elementSizeBytes, pageHeaderSizeBytes, readPageHeader } from './format.js';
import type { PageId } from './format.js';
import type { ByteSource } from './types.js';

export interface LeafElement {
  readonly kind: keyof typeof elementKinds;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The elements of a leaf page, as views into it. `id` is for messages. Throws `storage-corrupt`. */
export function* readLeaf(source: ByteSource, id: PageId, page: Buffer): Generator<LeafElement> {
  const count = countOf(source, id, page);
  let free = pageHeaderSizeBytes + count * elementSizeBytes;
  for (let index = 0; index < count; index++) {
    const header = pageHeaderSizeBytes + index * elementSizeBytes;
    const kind = page.readUInt32LE(header);
    if (kind !== elementKinds.value && kind !== elementKinds.bucket)
      throw damaged(source, id, `element ${index} is of the unknown kind ${kind}`);
    const start = header + page.readUInt32LE(header + 4);
    const middle = start + page.readUInt32LE(header + 8);
    const end = middle + page.readUInt32LE(header + 12);
    checkPlace(source, { id, index, free, start, end }, page);
    free = end;
    yield {
      kind: kind === elementKinds.value ? 'value' : 'bucket',
      key: page.subarray(start, middle),
      value: page.subarray(middle, end),
    };
  }
}

/** The children of a branch page, in order. Throws `storage-corrupt`. */
export function* readBranch(source: ByteSource, id: PageId, page: Buffer): Generator<PageId> {
  const count = countOf(source, id, page);
  if (count === 0) throw damaged(source, id, 'it is a branch without children');
  let free = pageHeaderSizeBytes + count * elementSizeBytes;
  for (let index = 0; index < count; index++) {
    const header = pageHeaderSizeBytes + index * elementSizeBytes;
    const start = header + page.readUInt32LE(header);
    const end = start + page.readUInt32LE(header + 4);
    checkPlace(source, { id, index, free, start, end }, page);
    free = end;
    yield Number(page.readBigUInt64LE(header + 8));
  }
}

function countOf(source: ByteSource, id: PageId, page: Buffer): number {
  const { count } = readPageHeader(page);
  if (pageHeaderSizeBytes + count * elementSizeBytes > page.length)
    throw damaged(source, id, `it does not have room for its ${count} elements`);
  return count;
}

interface Place {
  readonly id: PageId;
  readonly index: number;
  /** Where the element before ends: none may lie over another, or a small page could hold endless data. */
  readonly free: number;
  readonly start: number;
  readonly end: number;
}

function checkPlace(source: ByteSource, { id, index, free, start, end }: Place, page: Buffer): void {
  if (start < free || end > page.length)
    throw damaged(source, id, `element ${index} is said to lie from ${start} to ${end} of ${page.length}`);
}
