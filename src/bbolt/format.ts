/**
 * The file format of bbolt, version 2, as etcd keeps its store in it. Numbers are little-endian; the figure after a name
 * is its size in bytes. Everything here is frozen.
 *
 *     file     = page*                    page n begins at n × page size
 *     page     = id8 flags2 count2 overflow4 content      goes over `overflow` pages more than one
 *
 *     meta     = magic4 version4 page-size4 0:4 root freelist8 end8 transaction8 checksum8     pages 0 and 1
 *     root     = bucket                   the top bucket, whose entries are buckets
 *     bucket   = page-id8 sequence8
 *
 *     freelist = page-id8*                `count` of them; a count of ffff means that the first is the count
 *     branch   = (offset4 key-size4 page-id8)* key*       `count` of them: the least key of each child, and the child
 *     leaf     = (kind4 offset4 key-size4 value-size4)* (key value)*      kind: 0 a value, 1 a bucket
 *
 *     value of a bucket = bucket          its root page
 *                       | bucket page     page id 0: the bucket is that page, a leaf, here and now
 *
 * Flags name the kind of a page: 1 branch, 2 leaf, 4 meta, 16 freelist. `count` counts the elements, `offset` from the
 * beginning of its own element. `end` is the first page behind the file's last. Of the two metas that one is in force
 * whose checksum is right and whose transaction is the later; the checksum is FNV-1a, 64 bits, over all before it. The
 * page id ff…ff in the place of the freelist says that there is none. Keys of a bucket ascend, by bytes.
 *
 * Example, a leaf at page 3 with the value v of the key k, then zeros to the page's end:
 *
 *     03 00 00 00 00 00 00 00 | 02 00 | 01 00 | 00 00 00 00
 *     00 00 00 00 | 10 00 00 00 | 01 00 00 00 | 01 00 00 00 | 6b 76
 */
export const magic = 0xed0cdaed;
export const formatVersion = 2;
export const pageHeaderSizeBytes = 16;
export const metaSizeBytes = 64;
export const bucketSizeBytes = 16;
export const elementSizeBytes = 16;
/** What is left of a page behind its header holds so many elements at most, so that `count` has room for them. */
export const elementsMax = 0xfffe;

export const pageFlags = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 } as const;
export type PageKind = keyof typeof pageFlags;

export const elementKinds = { value: 0, bucket: 1 } as const;

/** The page size that this program writes. Files may have any power of two from 512 bytes to 64 KiB. */
export const pageSizeBytes = 4096;
export const pageSizesBytes: readonly number[] = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

/** Page ids and counts of pages stay below 2^53: no file is that long. */
export type PageId = number;

export interface PageHeader {
  readonly id: PageId;
  readonly flags: number;
  readonly count: number;
  /** Pages beyond the first. */
  readonly overflow: number;
}

export interface Meta {
  readonly pageSizeBytes: number;
  readonly root: PageId;
  readonly freelist: PageId;
  /** Behind the last page. */
  readonly end: PageId;
  readonly transaction: number;
}

export function writePageHeader(page: Buffer, header: PageHeader): void {
  page.writeBigUInt64LE(BigInt(header.id), 0);
  page.writeUInt16LE(header.flags, 8);
  page.writeUInt16LE(header.count, 10);
  page.writeUInt32LE(header.overflow, 12);
}

export function readPageHeader(page: Buffer): PageHeader {
  return {
    id: Number(page.readBigUInt64LE(0)),
    flags: page.readUInt16LE(8),
    count: page.readUInt16LE(10),
    overflow: page.readUInt32LE(12),
  };
}

/** A whole meta page. */
export function encodeMetaPage(id: 0 | 1, meta: Meta): Buffer {
  const page = Buffer.alloc(meta.pageSizeBytes);
  writePageHeader(page, { id, flags: pageFlags.meta, count: 0, overflow: 0 });
  const body = page.subarray(pageHeaderSizeBytes, pageHeaderSizeBytes + metaSizeBytes);
  body.writeUInt32LE(magic, 0);
  body.writeUInt32LE(formatVersion, 4);
  body.writeUInt32LE(meta.pageSizeBytes, 8);
  writeBucket(body, { root: meta.root, sequence: 0n }, 16);
  body.writeBigUInt64LE(BigInt(meta.freelist), 32);
  body.writeBigUInt64LE(BigInt(meta.end), 40);
  body.writeBigUInt64LE(BigInt(meta.transaction), 48);
  body.writeBigUInt64LE(fnv1a(body.subarray(0, 56)), 56);
  return page;
}

/** `bytes` begin with a page's header. A text says why they are no meta page that this program can use. */
export function decodeMetaPage(bytes: Buffer): Meta | string {
  if (bytes.length < pageHeaderSizeBytes + metaSizeBytes) return 'it is cut short';
  const body = bytes.subarray(pageHeaderSizeBytes, pageHeaderSizeBytes + metaSizeBytes);
  if (body.readUInt32LE(0) !== magic) return 'it does not have the mark of a bbolt file';
  const version = body.readUInt32LE(4);
  if (version !== formatVersion) return `it is of format ${version}, and only ${formatVersion} is known`;
  if (body.readBigUInt64LE(56) !== fnv1a(body.subarray(0, 56))) return 'its checksum does not match';
  const sizeBytes = body.readUInt32LE(8);
  if (!pageSizesBytes.includes(sizeBytes)) return `its page size is ${sizeBytes}`;
  return {
    pageSizeBytes: sizeBytes,
    root: Number(body.readBigUInt64LE(16)),
    freelist: Number(body.readBigUInt64LE(32)),
    end: Number(body.readBigUInt64LE(40)),
    transaction: Number(body.readBigUInt64LE(48)),
  };
}

export interface BucketHeader {
  /** 0: the bucket follows. */
  readonly root: PageId;
  /** A counter that users of bbolt may draw numbers from; etcd does not. */
  readonly sequence: bigint;
}

export function writeBucket(target: Buffer, { root, sequence }: BucketHeader, offset: number): void {
  target.writeBigUInt64LE(BigInt(root), offset);
  target.writeBigUInt64LE(sequence, offset + 8);
}

export function readBucket(bytes: Buffer): BucketHeader {
  return { root: Number(bytes.readBigUInt64LE(0)), sequence: bytes.readBigUInt64LE(8) };
}

/** FNV-1a with 64 bits. Slow, for short texts. */
export function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
