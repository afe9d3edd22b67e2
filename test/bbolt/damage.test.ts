import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QuorateError } from '../../src/base/index.js';
import { encodeMetaPage } from '../../src/bbolt/format.js';
import { memorySource, openBbolt } from '../../src/bbolt/index.js';
import type { ByteSource } from '../../src/bbolt/index.js';
import { bucketValueOf, createLeafBuilder } from '../../src/bbolt/pages.js';
import { fileOf, read, tree } from './files.js';

const pageSizeBytes = 4096;

/** Pages 3 to 5: leaves of `key`; 6: the branch over them; 7: the top bucket, with `small` in it. */
async function sample(): Promise<Buffer> {
  const entries = Array.from(
    { length: 250 },
    (_, index) => [String(index).padStart(4, '0'), 'x'.repeat(20)] as const,
  );
  return fileOf(tree({ key: new Map(entries), small: tree({ a: '1', b: '2' }) }));
}

const top = 7;
const branch = 6;

/** What reading the altered file ends with. */
async function failureOf(alter: (file: Buffer) => Buffer | undefined): Promise<string> {
  const file = await sample();
  try {
    await read(alter(file) ?? file);
  } catch (error) {
    expect(error).toBeInstanceOf(QuorateError);
    expect(error).toMatchObject({ code: 'storage-corrupt' });
    return (error as Error).message;
  }
  return 'nothing was noticed';
}

const at = (page: number, offset: number): number => page * pageSizeBytes + offset;

describe('damage is told by its page, with what to do', () => {
  test.each<[string, string, (file: Buffer) => Buffer | undefined]>([
    ['an empty file', 'the file, page 0: the file is too short', () => Buffer.alloc(0)],
    [
      'a text',
      'page 0: it does not have the mark of a bbolt file',
      () => Buffer.from('hello, '.repeat(2000)),
    ],
    [
      'a file cut short',
      'the file should have 32768 bytes and has 32767: it was cut short',
      (file) => file.subarray(0, -1),
    ],
    [
      'another version',
      'page 0: it is of format 3, and only 2 is known',
      (file) => {
        for (const page of [0, 1]) file.writeUInt32LE(3, at(page, 16 + 4));
        return undefined;
      },
    ],
    [
      'two broken metas',
      'page 0: its checksum does not match',
      (file) => {
        for (const page of [0, 1]) file.writeUInt32LE(9, at(page, 16 + 16));
        return undefined;
      },
    ],
    [
      'a page that is another',
      'page 4: it calls itself 5',
      (file) => {
        file.writeUInt32LE(5, at(4, 0));
        return undefined;
      },
    ],
    [
      'a child outside of the file',
      'page 99: it is named but lies outside of pages 2 to 7',
      (file) => {
        file.writeUInt32LE(99, at(branch, 16 + 8));
        return undefined;
      },
    ],
    [
      'a child beyond all numbers',
      'lies outside of pages 2 to 7',
      (file) => {
        file.writeBigUInt64LE(2n ** 64n - 1n, at(branch, 16 + 8));
        return undefined;
      },
    ],
    [
      'a branch below itself',
      'page 6: it is used twice',
      (file) => {
        file.writeUInt32LE(branch, at(branch, 16 + 8));
        return undefined;
      },
    ],
    [
      'a page with two parents',
      'page 3: it is used twice',
      (file) => {
        file.writeUInt32LE(3, at(branch, 32 + 8));
        return undefined;
      },
    ],
    [
      'a freelist for a leaf',
      'page 2: it should be a branch or a leaf and has the flags 16',
      (file) => {
        file.writeUInt32LE(2, at(branch, 16 + 8));
        return undefined;
      },
    ],
    [
      'an overflow beyond the end',
      'page 3: it goes on for 4000000000 pages, beyond the last',
      (file) => {
        file.writeUInt32LE(4_000_000_000, at(3, 12));
        return undefined;
      },
    ],
    [
      'more elements than a page holds',
      'page 3: it does not have room for its 65535 elements',
      (file) => {
        file.writeUInt16LE(65_535, at(3, 10));
        return undefined;
      },
    ],
    [
      'a branch without children',
      'page 6: it is a branch without children',
      (file) => {
        file.writeUInt16LE(0, at(branch, 10));
        return undefined;
      },
    ],
    [
      'an element of another kind',
      'page 3: element 1 is of the unknown kind 7',
      (file) => {
        file.writeUInt32LE(7, at(3, 32));
        return undefined;
      },
    ],
    [
      'an element beyond its page',
      'page 3: element 1 is said to lie from',
      (file) => {
        file.writeUInt32LE(4_000_000_000, at(3, 32 + 12));
        return undefined;
      },
    ],
    [
      'two elements in one place',
      'page 3: element 1 is said to lie from',
      (file) => {
        file.writeUInt32LE(file.readUInt32LE(at(3, 16 + 4)) - 16, at(3, 32 + 4));
        return undefined;
      },
    ],
    [
      'keys out of order',
      'the keys of the bucket below it are out of order at 30303032',
      (file) => {
        file.write('9', at(3, 16 + file.readUInt32LE(at(3, 16 + 4)) + 24 + 3), 'latin1');
        return undefined;
      },
    ],
    [
      'a bucket that is too short',
      'page 7: it has a bucket that is too short',
      (file) => {
        file.writeUInt32LE(15, at(top, 16 + 12));
        return undefined;
      },
    ],
    [
      'a bucket in a page that is no leaf',
      'page 7: it has a bucket that is no leaf',
      (file) => {
        const value = at(top, 32 + file.readUInt32LE(at(top, 32 + 4)) + 'small'.length);
        file.writeUInt16LE(1, value + 16 + 8);
        return undefined;
      },
    ],
    [
      'buckets that share their pages',
      'page 6: it is used twice',
      (file) => {
        const value = at(top, 32 + file.readUInt32LE(at(top, 32 + 4)) + 'small'.length);
        file.writeUInt32LE(branch, value);
        return undefined;
      },
    ],
  ])('%s', async (_, message, alter) => {
    const found = await failureOf(alter);
    expect(found).toContain(message);
    expect(found).toContain('Take another copy, or a new snapshot');
  });

  test('one meta is enough, and the later one counts', async () => {
    const file = await sample();
    const whole = await read(file);
    for (const page of [0, 1]) {
      const damaged = Buffer.from(file);
      damaged.fill(0xff, at(page, 0), at(page, 100));
      expect(await read(damaged)).toEqual(whole);
    }
  });

  test('pages of another size are read too', async () => {
    const sizeBytes = 1024;
    const meta = { pageSizeBytes: sizeBytes, root: 2, freelist: 2 ** 53, end: 3, transaction: 0 };
    const leaf = createLeafBuilder();
    const inner = createLeafBuilder();
    inner.add(Buffer.from('k'), Buffer.from('v'), 'value');
    leaf.add(Buffer.from('a'), bucketValueOf(0, inner.finishInline()), 'bucket');
    const root = leaf.finish().subarray(0, sizeBytes);
    root.writeUInt32LE(2, 0);
    const file = Buffer.concat([encodeMetaPage(0, meta), encodeMetaPage(1, meta), root]);
    expect(await read(file)).toEqual(tree({ a: tree({ k: 'v' }) }));
    file.fill(0, 0, 100); // Then nothing but the second meta says where it stands.
    expect(await read(file)).toEqual(tree({ a: tree({ k: 'v' }) }));
  });
});

test('buckets within buckets within buckets end somewhere', async () => {
  let deep = tree({});
  for (let level = 0; level < 40; level++) deep = tree({ b: deep });
  await expect(fileOf(deep).then(read)).rejects.toThrow('it has buckets in more than 32 others');
});

test('a file with random damage is read, or refused in words: it never takes long, and nothing else is thrown', async () => {
  const whole = await sample();
  const alteration = fc.record({
    offset: fc.oneof(
      fc.nat({ max: whole.length - 1 }),
      // Where it hurts: headers and elements.
      fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 96 })).map(([page, offset]) => at(page, offset)),
    ),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(alteration, { minLength: 1, maxLength: 6 }),
      fc.option(fc.nat(whole.length)),
      async (alterations, cut) => {
        const file = Buffer.from(whole);
        for (const { offset, bytes } of alterations)
          file.set(bytes.subarray(0, whole.length - offset), offset);
        const source = counting(memorySource(file.subarray(0, cut ?? whole.length)));
        await openBbolt(source)
          .then(async (opened) => walk(opened.walk()))
          .catch((error: unknown) => {
            if (!(error instanceof QuorateError) || error.code !== 'storage-corrupt') throw error;
          });
        // Each page once, its head before its overflow, and the metas.
        expect(source.readSizeBytes).toBeLessThanOrEqual(2 * whole.length + 20 * 80);
      },
    ),
    { numRuns: 1000 },
  );
});

async function walk(bucket: ReturnType<Awaited<ReturnType<typeof openBbolt>>['walk']>): Promise<void> {
  for await (const entry of bucket.entries()) if (entry.type === 'bucket') await walk(entry.bucket);
}

function counting(source: ByteSource): ByteSource & { readonly readSizeBytes: number } {
  let readSizeBytes = 0;
  return {
    ...source,
    get readSizeBytes() {
      return readSizeBytes;
    },
    read(offset, lengthBytes) {
      if (offset < 0 || offset + lengthBytes > source.sizeBytes)
        throw new Error('a read outside of the file');
      readSizeBytes += lengthBytes;
      return source.read(offset, lengthBytes);
    },
  };
}
