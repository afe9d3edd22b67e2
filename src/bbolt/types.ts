/** Where a file's bytes come from: a file of the file system, or memory. */
export interface ByteSource {
  /** How messages call it. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly these bytes, which lie within `sizeBytes`. The result is not changed any more, by neither side. */
  read(offset: number, lengthBytes: number): Promise<Buffer>;
}

/** One entry of a bucket that is read: a value, or another bucket. */
export type BucketEntry =
  | { readonly type: 'value'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'bucket'; readonly key: Buffer; readonly bucket: Bucket };

export interface Bucket {
  readonly sequence: bigint;
  /** In order of their keys. To be asked once. */
  entries(): AsyncIterable<BucketEntry>;
}

export interface BboltFile {
  readonly pageSizeBytes: number;
  /** Of all pages, used and free: what bbolt calls the size of its database. */
  readonly sizeBytes: number;
  /**
   * The top bucket. Each walk begins anew; within one, no page is read for two buckets, so that a file cannot make a
   * walk longer than the file.
   */
  walk(): Bucket;
}

/** What a bucket shall hold. Asked for twice, it has to give the same both times. */
export interface BucketContent {
  /** In order of their keys, each key once; some at a time, for one by one they would cost more than all else. */
  batches(): AsyncIterable<readonly ContentEntry[]> | Iterable<readonly ContentEntry[]>;
}

export type ContentEntry =
  | { readonly type: 'value'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'bucket'; readonly key: Uint8Array; readonly bucket: BucketContent };
