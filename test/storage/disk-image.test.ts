import { expect, test } from 'vitest';
import { createMemoryDisk } from '../../src/storage/index.js';
import type { Disk } from '../../src/storage/index.js';

const key = Buffer.from('k');

async function write(disk: Disk, store: string, value: string): Promise<void> {
  const opened = await disk.open(store);
  await opened.write([{ type: 'put', key, value: Buffer.from(value) }], { sync: true });
  await opened.close();
}

async function read(disk: Disk, store: string): Promise<string | undefined> {
  const opened = await disk.open(store);
  const value = opened.getSync(key);
  await opened.close();
  return value === undefined ? undefined : Buffer.from(value).toString();
}

test('what a disk held can be put back, more than once', async () => {
  const disk = createMemoryDisk();
  await write(disk, 'a', 'old');
  const image = disk.image();
  for (let time = 0; time < 2; time++) {
    await write(disk, 'a', 'new');
    await write(disk, 'b', 'new');
    disk.putBack(image);
    expect(disk.stores()).toEqual(['a']);
    expect(await read(disk, 'a')).toBe('old');
  }
});

test('nothing is put back under a process that has a store open', async () => {
  const disk = createMemoryDisk();
  const image = disk.image();
  await disk.open('a');
  expect(() => disk.putBack(image)).toThrow(/closed/);
});
