import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, QuorateError, seededRandom } from '../../../src/base/index.js';
import { openLevelDisk, openWal } from '../../../src/storage/index.js';
import type { Wal, WalContents, WalOptions } from '../../../src/storage/index.js';
import { compileTo, linkPackages } from '../compile.js';
import { temporaryFolder } from '../folder.js';
import type { TemporaryFolder } from '../folder.js';
import { failure } from '../failure.js';
import { append, entries, entry, genesis, hardState } from './fixture.js';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => folder.remove());

async function open(
  path: string,
  options?: WalOptions,
): Promise<{ readonly wal: Wal; readonly contents: WalContents }> {
  const store = await openLevelDisk(path).open('wal');
  try {
    return await openWal(store, genesis, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What the log says; null if it says that it is damaged. */
async function contentsOf(path: string, options?: WalOptions): Promise<WalContents | null> {
  try {
    const { wal, contents } = await open(path, options);
    await wal.close();
    return contents;
  } catch (error) {
    if (error instanceof QuorateError && error.code === 'storage-corrupt') return null;
    throw error;
  }
}

/** The state of a data folder as it is found after the end of a process: LevelDB hands all to the system at once. */
async function copyOf(name: string): Promise<string> {
  const copy = `${folder.path}/${name}`;
  await rm(copy, { recursive: true, force: true });
  await cp(join(folder.path, 'data'), copy, { recursive: true });
  return copy;
}

async function fileOf(path: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(join(path, 'wal'))).filter((name) => pattern.test(name)).sort();
  return join(path, 'wal', at(names, names.length - 1));
}

/** A log of blocks of ten entries, about 4 KiB each, in a folder; all that its LevelDB wrote is in one `.log` file. */
async function filled(blockCount: number): Promise<Wal> {
  const { wal } = await open(join(folder.path, 'data'));
  for (let block = 0; block < blockCount; block++) {
    const list = entries(block * 10 + 1, block * 10 + 10).map((each) => ({
      ...each,
      data: Buffer.alloc(400, `entry ${each.index} `),
    }));
    await wal.append(append({ hardState: hardState(1, 'a', block * 10), entries: list }));
  }
  return wal;
}

function isPrefix(contents: WalContents, blockCount: number): boolean {
  const count = contents.entries.length;
  const whole = contents.entries.every(
    ({ index, term, data }, n) =>
      index === n + 1 && term === 1 && Buffer.alloc(400, `entry ${index} `).equals(data),
  );
  return whole && count % 10 === 0 && count <= blockCount * 10;
}

/** Places in a file, some at its ends. */
function places(size: number, count: number): readonly number[] {
  const random = seededRandom(3);
  return [0, 6, size - 1, size - 20, ...Array.from({ length: count }, () => random.below(size))];
}

async function flip(file: string, place: number): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 0x10, place);
  await writeFile(file, bytes);
}

describe('a process that is killed while it appends', () => {
  it('leaves everything that it acknowledged', async () => {
    const random = seededRandom(5);
    const [program, data] = [join(folder.path, 'program'), join(folder.path, 'data')];
    const appender = 'test/storage/wal/appender.ts';
    await compileTo(program, ['src/base', 'src/storage', 'test/storage/wal/fixture.ts', appender]);
    await linkPackages(program);
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [join(program, 'test/storage/wal/appender.js'), data], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exit = once(child, 'exit');
      const lines = createInterface(child.stdout);
      const enough = 20 + random.below(120);
      let acknowledged = '';
      let count = 0;
      for await (const line of lines) {
        acknowledged = line;
        count += 1;
        if (count === enough) child.kill('SIGKILL');
      }
      await exit;
      expect(count).toBeGreaterThanOrEqual(enough);
      const { wal, contents } = await open(data);
      const [term = 0, last = 0] = acknowledged.split(' ').map(Number);
      const found = contents.entries.find(({ index }) => index === last);
      expect(contents.hardState.term).toBeGreaterThanOrEqual(term);
      // Only the round after, unacknowledged, may have replaced it.
      if (found?.term === term) expect(found).toEqual(entry(last, term));
      else expect(contents.hardState.term).toBe(term + 1);
      for (const each of contents.entries) expect(each).toEqual(entry(each.index, each.term));
      await wal.close();
    }
  }, 30_000);
});

describe("a flipped bit in LevelDB's own log", () => {
  it('in its middle is storage-corrupt, and the member and the index are named', async () => {
    await filled(30);
    const copy = await copyOf('copy');
    await flip(await fileOf(copy, /\.log$/), 40_000);
    const place = 'member aaaaaaaaaaaaaaaa \\(cluster c0c0c0c0c0c0c0c0\\) is damaged at index [1-9]';
    await expect(open(copy)).rejects.toThrow(failure('storage-corrupt', place, 'a block is missing'));
  });

  it('anywhere is found, or takes batches off the end as if they had never been', async () => {
    await filled(30);
    const original = await copyOf('original');
    const file = await fileOf(original, /\.log$/);
    const { length: size } = await readFile(file);
    let found = 0;
    for (const place of places(size, 40)) {
      const copy = await copyOf('copy');
      await flip(await fileOf(copy, /\.log$/), place);
      const contents = await contentsOf(copy);
      if (contents === null) found += 1;
      else expect(isPrefix(contents, 30)).toBe(true);
    }
    expect(found).toBeGreaterThan(20);
  });

  it('is found anywhere, or does no harm, once the log has settled', async () => {
    const wal = await filled(30);
    await wal.settle();
    const { length: size } = await readFile(await fileOf(await copyOf('original'), /\.log$/));
    for (const place of places(size, 40)) {
      const copy = await copyOf('copy');
      await flip(await fileOf(copy, /\.log$/), place);
      const contents = await contentsOf(copy);
      if (contents !== null) expect(contents.entries).toHaveLength(300);
    }
  });
});

describe("LevelDB's own log, cut short,", () => {
  it('ends our log after a whole batch: what is missing was on its way, or else something else must know of it', async () => {
    await filled(10);
    const { length: size } = await readFile(await fileOf(await copyOf('original'), /\.log$/));
    let shorter = 0;
    for (const place of places(size, 20).filter((each) => each > 400)) {
      const copy = await copyOf('copy');
      await truncate(await fileOf(copy, /\.log$/), place);
      const contents = await contentsOf(copy);
      expect(contents !== null && isPrefix(contents, 10)).toBe(true);
      if (contents !== null && contents.entries.length < 100) shorter += 1;
      const informed = await copyOf('informed');
      await truncate(await fileOf(informed, /\.log$/), place);
      expect((await contentsOf(informed, { knownDurableIndex: 100 }))?.entries.length ?? 100).toBe(100);
    }
    expect(shorter).toBeGreaterThan(5);
  });

  it('before the birth of our log was whole leaves an empty store', async () => {
    await filled(1);
    const copy = await copyOf('copy');
    await truncate(await fileOf(copy, /\.log$/), 20);
    expect(await contentsOf(copy, { mayCreate: false })).toBeNull();
    expect((await contentsOf(copy))?.entries).toEqual([]);
  });
});

describe("a flipped bit in LevelDB's tables", () => {
  it('is found anywhere, or does no harm', async () => {
    await (await filled(10)).close();
    await (await open(join(folder.path, 'data'))).wal.close(); // Moves all from the log to a table.
    const { length: size } = await readFile(await fileOf(join(folder.path, 'data'), /\.ldb$/));
    let found = 0;
    for (const place of places(size, 40)) {
      const copy = await copyOf('copy');
      await flip(await fileOf(copy, /\.ldb$/), place);
      const contents = await contentsOf(copy);
      if (contents === null) found += 1;
      else expect(contents.entries).toHaveLength(100);
    }
    expect(found).toBeGreaterThan(5);
  });
});
