import { assert, emptyBytes } from '../base/index.js';
import {
  bucketSizeBytes,
  elementKinds,
  elementsMax,
  elementSizeBytes,
  pageFlags,
  pageHeaderSizeBytes,
  pageSizeBytes,
  writeBucket,
  writePageHeader,
} from './format.js';
import type { PageId } from './format.js';
import type { NodeList } from './node-list.js';

/** bbolt's limit for a bucket within its parent's page. */
const inlineSizeBytesMax = pageSizeBytes / 4;

/** Gathers the elements of one leaf page after another. Pages come without their number: bytes 0 to 7 are zero. */
export interface LeafBuilder {
  /** Of the page that `finish` makes. */
  readonly pageCount: number;
  /** Always true of an empty page. */
  hasRoomFor(key: Uint8Array, value: Uint8Array): boolean;
  /** The bytes are kept, not copied, until the page is finished. */
  add(key: Uint8Array, value: Uint8Array, kind: keyof typeof elementKinds): void;
  /** Empty if there is none. */
  readonly firstKey: Uint8Array;
  readonly isInlineable: boolean;
  finish(): Buffer;
  /** The page without what is behind its last element. */
  finishInline(): Buffer;
  /** In place of finish: begins the next page. */
  skip(): void;
}

interface Element {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly kind: number;
}

export function createLeafBuilder(): LeafBuilder {
  let elements: Element[] = [];
  let sizeBytes = pageHeaderSizeBytes;

  function finish(pageBytes: number, overflow: number): Buffer {
    const page = Buffer.alloc(pageBytes);
    writePageHeader(page, { id: 0, flags: pageFlags.leaf, count: elements.length, overflow });
    let offset = pageHeaderSizeBytes + elements.length * elementSizeBytes;
    let header = pageHeaderSizeBytes;
    for (const { key, value, kind } of elements) {
      page.writeUInt32LE(kind, header);
      page.writeUInt32LE(offset - header, header + 4);
      page.writeUInt32LE(key.length, header + 8);
      page.writeUInt32LE(value.length, header + 12);
      page.set(key, offset);
      page.set(value, offset + key.length);
      offset += key.length + value.length;
      header += elementSizeBytes;
    }
    assert(offset === sizeBytes, 'a leaf has the size that was reckoned');
    skip();
    return page;
  }

  function skip(): void {
    elements = [];
    sizeBytes = pageHeaderSizeBytes;
  }

  function pageCountNow(): number {
    return Math.ceil(sizeBytes / pageSizeBytes);
  }

  return {
    get pageCount() {
      return pageCountNow();
    },
    hasRoomFor(key, value) {
      if (elements.length === 0) return true;
      const wantedSizeBytes = sizeBytes + elementSizeBytes + key.length + value.length;
      return wantedSizeBytes <= pageSizeBytes && elements.length < elementsMax;
    },
    add(key, value, kind) {
      elements.push({ key, value, kind: elementKinds[kind] });
      sizeBytes += elementSizeBytes + key.length + value.length;
    },
    get firstKey() {
      return elements[0]?.key ?? emptyBytes;
    },
    get isInlineable() {
      return sizeBytes <= inlineSizeBytesMax;
    },
    finish() {
      const pageCount = pageCountNow();
      return finish(pageCount * pageSizeBytes, pageCount - 1);
    },
    finishInline: () => finish(sizeBytes, 0),
    skip,
  };
}

/** The branch page over the children from `from` up to `to`; as a leaf without its number. */
export function encodeBranch(children: NodeList, from: number, to: number): Buffer {
  let sizeBytes = pageHeaderSizeBytes + (to - from) * elementSizeBytes;
  let offset = sizeBytes;
  for (let index = from; index < to; index++) sizeBytes += children.key(index).length;
  const pageCount = Math.ceil(sizeBytes / pageSizeBytes);
  const page = Buffer.alloc(pageCount * pageSizeBytes);
  writePageHeader(page, { id: 0, flags: pageFlags.branch, count: to - from, overflow: pageCount - 1 });
  for (let index = from; index < to; index++) {
    const key = children.key(index);
    const header = pageHeaderSizeBytes + (index - from) * elementSizeBytes;
    page.writeUInt32LE(offset - header, header);
    page.writeUInt32LE(key.length, header + 4);
    page.writeBigUInt64LE(BigInt(children.page(index)), header + 8);
    page.set(key, offset);
    offset += key.length;
  }
  return page;
}

/** What stands in a bucket's parent: its root page's number, or 0 and the bucket itself. */
export function bucketValueOf(root: PageId, inline: Buffer | null): Buffer {
  const value = Buffer.alloc(bucketSizeBytes + (inline?.length ?? 0));
  writeBucket(value, { root, sequence: 0n }, 0);
  if (inline !== null) value.set(inline, bucketSizeBytes);
  return value;
}
