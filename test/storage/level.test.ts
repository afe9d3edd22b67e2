import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryDisk, openLevelDisk } from '../../src/storage/index.js';
import { storageError } from '../../src/storage/level-errors.js';
import { describeDisk, put, read, runSteps, steps } from './conformance.js';
import { temporaryFolder } from './folder.js';
import type { TemporaryFolder } from './folder.js';

describeDisk('the LevelDB disk', async () => {
  const folder = await temporaryFolder();
  return { disk: openLevelDisk(folder.path), cleanUp: async () => folder.remove() };
});

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => folder.remove());

describe('the two disks', () => {
  it('answer the same to the same operations', async () => {
    const level = openLevelDisk(folder.path);
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        expect(await runSteps(createMemoryDisk(), list)).toEqual(await runSteps(level, list));
      }),
      { numRuns: 60 },
    );
  }, 30_000);
});

describe('a folder that cannot be used', () => {
  it('is named when it or a part of its path is a file', async () => {
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    for (const path of [file, join(file, 'below')]) {
      await expect(openLevelDisk(path).open('wal')).rejects.toMatchObject({
        code: 'storage-failed',
        message: expect.stringContaining(path) as string,
      });
    }
  });

  it('is named when another process holds it, with what to do', async () => {
    const holder = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { Level } from 'level';
         await new Level(${JSON.stringify(join(folder.path, 'wal'))}).open();
         console.log('open');
         setInterval(() => {}, 1000);`,
      ],
      { cwd: process.cwd(), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(holder.stdout, 'data');
    try {
      await expect(openLevelDisk(folder.path).open('wal')).rejects.toMatchObject({
        code: 'storage-failed',
        message: expect.stringMatching(
          new RegExp(`${folder.path}/wal is in use by another process: stop the member`),
        ) as string,
      });
    } finally {
      const exit = once(holder, 'exit');
      holder.kill('SIGKILL');
      await exit;
    }
    const store = await openLevelDisk(folder.path).open('wal'); // The lock went with its holder.
    await store.close();
  });

  it('makes folders that are missing', async () => {
    const store = await openLevelDisk(join(folder.path, 'a', 'b')).open('wal');
    await store.close();
    expect(await readdir(join(folder.path, 'a', 'b'))).toEqual(['wal']);
  });
});

describe('damage to files of LevelDB', () => {
  async function filled(): Promise<string> {
    const store = await openLevelDisk(folder.path).open('s');
    const values = Array.from({ length: 200 }, (_, n) => put(`key-${n}`, `${n}`.repeat(50)));
    await store.write(values, { sync: true });
    await store.compact({ gte: Buffer.of(0), lt: Buffer.of(255) });
    await store.close();
    return join(folder.path, 's');
  }

  async function fileOf(path: string, pattern: RegExp): Promise<string> {
    const name = (await readdir(path)).find((file) => pattern.test(file));
    expect(name).toBeDefined();
    return join(path, name ?? '');
  }

  it.each([
    { what: 'CURRENT', pattern: /^CURRENT$/ },
    { what: 'the manifest', pattern: /^MANIFEST-/ },
    { what: 'a table', pattern: /\.ldb$/ },
  ])('is storage-corrupt when $what is missing', async ({ pattern }) => {
    const path = await filled();
    await rm(await fileOf(path, pattern));
    await expect(openLevelDisk(folder.path).open('s')).rejects.toMatchObject({
      code: 'storage-corrupt',
      message: expect.stringContaining(path) as string,
    });
  });

  it.each([{ pattern: /^CURRENT$/ }, { pattern: /^MANIFEST-/ }])(
    'is storage-corrupt when $pattern is overwritten',
    async ({ pattern }) => {
      const path = await filled();
      const file = await fileOf(path, pattern);
      const content = await readFile(file);
      await writeFile(file, content.fill(0x41, content.length >>> 2));
      await expect(openLevelDisk(folder.path).open('s')).rejects.toMatchObject({ code: 'storage-corrupt' });
    },
  );

  it('is storage-corrupt when the end of a table is overwritten', async () => {
    const path = await filled();
    const file = await fileOf(path, /\.ldb$/);
    const content = await readFile(file);
    await writeFile(file, content.fill(0x41, content.length - 60));
    const store = await openLevelDisk(folder.path).open('s');
    await expect(read(store, {})).rejects.toMatchObject({ code: 'storage-corrupt' });
    expect(() => store.getSync(Buffer.from('key-1'))).toThrow(
      expect.objectContaining({ code: 'storage-corrupt' }),
    );
    await store.close();
  });
});

describe('a write that fails', () => {
  it('ends the store, though the next one might succeed', async () => {
    const store = await openLevelDisk(folder.path).open('s');
    const path = join(folder.path, 's');
    await rename(path, `${path}-away`); // LevelDB cannot begin the next file of its log.
    const value = randomBytes(1024 * 1024).toString('latin1');
    const writes = Array.from({ length: 12 }, async (_, n) =>
      store.write([put(`${n}`, value)], { sync: false }),
    );
    const results = await Promise.allSettled(writes);
    expect(results.map(({ status }) => status)).toContain('rejected');
    await rename(`${path}-away`, path);
    const failure = expect.objectContaining({ code: 'storage-failed' }) as Error;
    await expect(store.write([put('a', '1')], { sync: true })).rejects.toThrow(failure);
    expect(() => store.getSync(Buffer.from('1'))).toThrow(failure);
    await store.close();
  });
});

describe('removal', () => {
  it('is finished by the next process when it was interrupted, and never leaves half a store', async () => {
    const disk = openLevelDisk(folder.path);
    const store = await disk.open('s');
    await store.write([put('a', '1')], { sync: true });
    await store.close();
    await cp(join(folder.path, 's'), join(folder.path, 's.removed'), { recursive: true });
    const next = openLevelDisk(folder.path);
    expect(await next.list()).toEqual(['s']);
    expect(await readdir(folder.path)).toEqual(['s']);
    await next.remove('s');
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('ignores what is no store', async () => {
    await mkdir(join(folder.path, 'lost+found'));
    expect(await openLevelDisk(folder.path).list()).toEqual([]);
  });
});

describe('the words of an error', () => {
  const levelError = (code: string, message: string): Error => Object.assign(new Error(message), { code });
  it.each([
    [
      levelError('LEVEL_IO_ERROR', 'IO error: /d/000005.log: No space left on device'),
      'storage-failed',
      /is full/,
    ],
    [
      levelError('LEVEL_IO_ERROR', 'IO error: /d/LOCK: Permission denied'),
      'storage-failed',
      /cannot be written/,
    ],
    [levelError('EROFS', 'EROFS: read-only file system, mkdir'), 'storage-failed', /cannot be written/],
    [
      levelError('LEVEL_LOCKED', 'IO error: lock /d/LOCK: already held by process'),
      'storage-failed',
      /in use/,
    ],
    [
      levelError('LEVEL_IO_ERROR', 'IO error: /d/000005.ldb: Input/output error'),
      'storage-failed',
      /check the disk/,
    ],
    [levelError('LEVEL_IO_ERROR', 'IO error: /d/1.ldb: Too many open files'), 'storage-failed', /ulimit/],
    [
      levelError('LEVEL_CORRUPTION', 'Corruption: bad block'),
      'storage-corrupt',
      /bad block.*restore a backup/s,
    ],
    [levelError('LEVEL_DATABASE_NOT_OPEN', 'Database is not open'), 'stopped', /closed/],
    ['not even an error', 'storage-failed', /not even an error/],
  ])('%s', (thrown, code, message) => {
    const wrapped = new Error('Database failed to open', { cause: thrown });
    for (const error of [storageError('/d', thrown), storageError('/d', wrapped)]) {
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
      expect(error.message).toContain('/d');
    }
  });
});
