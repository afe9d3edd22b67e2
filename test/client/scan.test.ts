import { expect, test } from 'vitest';

import { ClientError } from '../../src/client/index.js';
import { entryOf } from '../../src/client/entry.js';
import { wireKeys } from '../../src/client/keys.js';
import type { Page, PageOptions } from '../../src/client/operations.js';
import { createScan } from '../../src/client/scan.js';

/** A store of `count` keys with values of `valueBytes`, whose answers may have `answerBytesMax`. */
function fakeStore(count: number, valueBytes: number, answerBytesMax: number) {
  const value = new Uint8Array(valueBytes);
  const all = Array.from({ length: count }, (_, index) =>
    entryOf({ key: Buffer.from(`k${String(index).padStart(4, '0')}`), value }),
  );
  const limits: number[] = [];
  const asked: PageOptions[] = [];
  async function readPage(keys: Parameters<typeof wireKeys>[0], options: PageOptions): Promise<Page> {
    const { key } = wireKeys(keys);
    const limit = options.limit ?? 0;
    limits.push(limit);
    asked.push(options);
    const rest = all.filter((entry) => Buffer.compare(entry.key, key) >= 0);
    const entries = rest.slice(0, limit);
    if (entries.length * valueBytes > answerBytesMax)
      throw new ClientError('resource-exhausted', 'too large');
    return { entries, count: rest.length, more: rest.length > limit, revision: 42 };
  }
  return { readPage, limits, asked };
}

test('pages grow to about a mebibyte', async () => {
  const small = fakeStore(5000, 100, Number.POSITIVE_INFINITY);
  expect(await createScan(small.readPage, { prefix: '' }, {}).collect()).toHaveLength(5000);
  expect(small.limits).toEqual([32, 1000, 1000, 1000, 1000, 1000]);
  const large = fakeStore(100, 100_000, Number.POSITIVE_INFINITY);
  expect(await createScan(large.readPage, { prefix: '' }, {}).collect()).toHaveLength(100);
  expect(Math.max(...large.limits.slice(1))).toBe(10);
});

test('a page that is too large is asked for in smaller ones', async () => {
  const store = fakeStore(20, 1000, 5000);
  expect(await createScan(store.readPage, { prefix: '' }, { pageSize: 16 }).collect()).toHaveLength(20);
  expect(store.limits.slice(0, 3)).toEqual([16, 8, 4]);
});

test('one entry that is too large is told', async () => {
  const store = fakeStore(1, 1000, 500);
  await expect(createScan(store.readPage, { prefix: '' }, {}).collect()).rejects.toMatchObject({
    code: 'resource-exhausted',
  });
});

test('all pages but the first are pinned to its revision, and wait for it', async () => {
  const store = fakeStore(50, 1, 1000);
  await createScan(store.readPage, { prefix: '' }, { pageSize: 20, serializable: true }).collect();
  expect(store.asked.map(({ revision, serializable }) => [revision, serializable])).toEqual([
    [undefined, true],
    [42, false],
    [42, false],
  ]);
});
