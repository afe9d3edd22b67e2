import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pageFlags, readPageHeader } from '../../src/bbolt/format.js';
import { inPieces, memorySource, openBbolt, openFileSource, planFile } from '../../src/bbolt/index.js';
import { etcdctl, whyNoEtcdctl } from '../e2e/etcdctl.js';
import { testFolder } from './folder.js';
import { contentOf, fileOf, read, tree } from './files.js';
import type { Tree } from './files.js';

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const value = fc.oneof(
  { weight: 20, arbitrary: text(40) },
  { weight: 2, arbitrary: fc.integer({ min: 900, max: 13_000 }).map((length) => 'v'.repeat(length)) },
);
const name = fc.oneof({ weight: 10, arbitrary: text(20) }, { weight: 1, arbitrary: text(3000) });

function bucket(depth: number): fc.Arbitrary<Tree> {
  const inner =
    depth === 0
      ? value
      : fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: bucket(depth - 1) });
  return fc.array(fc.tuple(name, inner), { maxLength: 60, size: 'max' }).map((entries) => new Map(entries));
}

/** Buckets with nothing but buckets at the top, as in a file of bbolt's. */
const topBucket = fc
  .array(
    fc.tuple(
      name.filter((key) => key !== ''),
      bucket(2),
    ),
    { maxLength: 6 },
  )
  .map((entries): Tree => new Map(entries));

describe('a file that was written', () => {
  test('is read as what it was written from, whatever that was', async () => {
    await fc.assert(
      fc.asyncProperty(topBucket, async (top) => {
        expect(await read(await fileOf(top))).toEqual(top);
      }),
      { numRuns: 25 },
    );
  });

  test('has as many levels as it takes, and no child alone', async () => {
    // 81 entries fill a leaf, 123 leaves a branch: one more of each is the odd one out.
    for (const count of [1, 81, 82, 81 * 123, 81 * 123 + 1, 81 * 123 * 3 + 1]) {
      const keys = Array.from({ length: count }, (_, index) => String(index).padStart(17, '0'));
      const top = tree({ key: new Map(keys.map((key) => [key, key])) });
      const file = await fileOf(top);
      expect(await read(file)).toEqual(top);
      const pages = Array.from({ length: file.length / 4096 }, (_, id) =>
        readPageHeader(file.subarray(id * 4096)),
      );
      const branches = pages.filter(({ flags }) => flags === pageFlags.branch);
      expect(branches.length > 0).toBe(count > 81);
      expect(branches.every(({ count: children }) => children >= 2)).toBe(true);
    }
  });

  test('holds keys that leave no room for two in a page', async () => {
    const keys = Array.from({ length: 50 }, (_, index) => String(index).padStart(3, '0').padEnd(5000, 'x'));
    const top = tree({ long: new Map(keys.map((key) => [key, ''])) });
    expect(await read(await fileOf(top))).toEqual(top);
  });

  test('may have no bucket at all', async () => {
    expect(await read(await fileOf(tree({})))).toEqual(tree({}));
  });

  test.skipIf(whyNoEtcdctl() !== null)('passes the checks of bbolt itself', async () => {
    const file = join(await testFolder(), 'file.db');
    await fc.assert(
      fc.asyncProperty(topBucket, async (top) => {
        await writeFile(file, await fileOf(top));
        const { exitCode, stderr } = await etcdctl('127.0.0.1:1', ['snapshot', 'status', file]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      }),
      { numRuns: 8 },
    );
  });
});

describe('writing', () => {
  test('gives the pages in pieces of one size, as often as it is asked', async () => {
    const top = tree({ a: tree({ k: 'v'.repeat(100_000) }) });
    const planned = await planFile(contentOf(top));
    const whole = await fileOf(top);
    for (let round = 0; round < 2; round++) {
      const pieces: Buffer[] = [];
      for await (const piece of inPieces(planned.pages(), 10_000)) pieces.push(piece);
      expect(pieces.slice(0, -1).every(({ length }) => length === 10_000)).toBe(true);
      expect(Buffer.concat(pieces).equals(whole)).toBe(true);
    }
  });

  test('refuses content that is not in order, or not what it was when the file was laid out', async () => {
    const entry = (key: string) =>
      ({ type: 'bucket', key: Buffer.from(key), bucket: contentOf(tree({ k: key.repeat(5000) })) }) as const;
    await expect(planFile({ batches: () => [[entry('b')], [entry('a')]] })).rejects.toThrow(
      'keys of a bucket ascend',
    );
    let asked = 0;
    const planned = await planFile({
      batches: () => (asked++ === 0 ? [[entry('a')]] : [[entry('a'), entry('b')]]),
    });
    const write = async (): Promise<void> => {
      for await (const page of planned.pages()) expect(page.length).toBeGreaterThan(0);
    };
    await expect(write()).rejects.toThrow('what was planned');
  });
});

describe('a file of the file system', () => {
  test('is read window by window', async () => {
    const entries = Array.from({ length: 300 }, (_, index) => [
      `k${String(index).padStart(4, '0')}`,
      'v'.repeat(index * 100),
    ]);
    const top = tree({ key: new Map(entries as [string, string][]) });
    const path = join(await testFolder(), 'file.db');
    const bytes = await fileOf(top);
    await writeFile(path, bytes);
    const source = await openFileSource(path);
    const file = await openBbolt(source);
    expect(file.sizeBytes).toBe(bytes.length);
    const seen: [string, string][] = [];
    for await (const entry of file.walk().entries()) {
      if (entry.type !== 'bucket') continue;
      for await (const each of entry.bucket.entries())
        if (each.type === 'value') seen.push([each.key.toString(), each.value.toString()]);
    }
    expect(seen).toEqual(entries);
    const pieces: Buffer[] = [];
    for await (const piece of source.pieces()) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    await source.close();
  });

  test('has to be there, and a file', async () => {
    const folder = await testFolder();
    await expect(openFileSource(folder)).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(openFileSource(join(folder, 'none'))).rejects.toThrow(
      `cannot read ${join(folder, 'none')}: ENOENT`,
    );
  });

  test('in memory is the same', async () => {
    const bytes = await fileOf(tree({ a: tree({}) }));
    expect(await memorySource(bytes, 'it').read(4, 8)).toEqual(bytes.subarray(4, 12));
  });
});
