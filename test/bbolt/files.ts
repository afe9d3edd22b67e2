import { openBbolt, memorySource, planFile } from '../../src/bbolt/index.js';
import type { Bucket, BucketContent, ContentEntry } from '../../src/bbolt/index.js';

/** A bucket as a test writes it down, with its keys and values as latin-1 texts. */
export type Tree = ReadonlyMap<string, string | Tree>;

export function tree(entries: Readonly<Record<string, string | Tree>>): Tree {
  return new Map(Object.entries(entries));
}

export function contentOf(bucket: Tree): BucketContent {
  const entries = [...bucket]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]): ContentEntry => {
      const key = Buffer.from(name, 'latin1');
      return typeof value === 'string'
        ? { type: 'value', key, value: Buffer.from(value, 'latin1') }
        : { type: 'bucket', key, bucket: contentOf(value) };
    });
  return { batches: () => [entries] };
}

export async function fileOf(top: Tree): Promise<Buffer> {
  const planned = await planFile(contentOf(top));
  const pages: Buffer[] = [];
  for await (const page of planned.pages()) pages.push(page);
  const file = Buffer.concat(pages);
  if (file.length !== planned.sizeBytes) throw new Error('a file of another size than planned');
  return file;
}

/** All that the file holds, read to its end. */
export async function read(file: Uint8Array): Promise<Tree> {
  return treeOf((await openBbolt(memorySource(file))).walk());
}

async function treeOf(bucket: Bucket): Promise<Tree> {
  const found = new Map<string, string | Tree>();
  for await (const entry of bucket.entries()) {
    const name = entry.key.toString('latin1');
    found.set(name, entry.type === 'value' ? entry.value.toString('latin1') : await treeOf(entry.bucket));
  }
  return found;
}
