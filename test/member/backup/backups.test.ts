import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogFields } from '../../../src/base/index.js';
import { QuorateError, silentLogger } from '../../../src/base/index.js';
import { startBackups } from '../../../src/member/index.js';
import type { BackupOptions, Member, SnapshotFile } from '../../../src/member/index.js';
import { backupFileName, ownBackups } from '../../../src/member/backup/names.js';
import { stubMember } from '../../api/stub-member.js';
import { testFolder } from '../../bbolt/folder.js';

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 7, 1, 12);

/** A clock that the test turns, and a member whose snapshots are what the test says. */
interface Bench {
  readonly folder: string;
  readonly warnings: readonly string[];
  /** Lets time pass to the next thing to do, and waits for what comes of it. Answers with how long that took. */
  readonly next: () => Promise<number>;
  readonly files: () => Promise<readonly string[]>;
}

async function bench(
  options: Partial<BackupOptions> & { readonly take?: () => Promise<SnapshotFile> } = {},
): Promise<Bench> {
  const folder = options.folder ?? (await testFolder());
  const { take = async () => Promise.resolve(fileOf('x')) } = options;
  const warnings: string[] = [];
  let nowMs = startMs;
  let waiting: { readonly delayMs: number; readonly action: () => void } | null = null;
  const { maintenance } = stubMember();
  const member: Pick<Member, 'maintenance'> = { maintenance: { ...maintenance, snapshotFile: take } };
  const env = {
    wallMs: () => nowMs,
    after(delayMs: number, action: () => void) {
      waiting = { delayMs, action };
      return { cancel: () => (waiting = null) };
    },
    logger: {
      ...silentLogger,
      warn: (message: string, fields: LogFields = {}) =>
        void warnings.push(`${message}: ${String(fields['reason'])}`),
    },
  };
  const untilWaiting = async (): Promise<NonNullable<typeof waiting>> => {
    for (;;) {
      if (waiting !== null) return waiting;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const backups = startBackups({
    member,
    name: 'a',
    env,
    options: { folder, intervalMs: hourMs, keep: 3, ...options },
  });
  onTestFinished(() => backups.close());
  return {
    folder,
    warnings,
    files: async () => (await readdir(folder)).sort(),
    async next() {
      const { delayMs, action } = await untilWaiting();
      waiting = null;
      nowMs += delayMs;
      action();
      await untilWaiting();
      return delayMs;
    },
  };
}

function fileOf(text: string, revision = 7): SnapshotFile {
  const bytes = Buffer.from(text);
  return {
    sizeBytes: bytes.length,
    revision,
    chunks: (async function* () {
      yield Promise.resolve(bytes);
    })(),
  };
}

describe('names', () => {
  test('tell member, time and revision, and sort by time', () => {
    expect(backupFileName('a', 1234, startMs + 999)).toBe('a-20260801T120000Z-0000000000001234.db');
    const names = [backupFileName('a', 9, startMs + 1000), backupFileName('a', 10, startMs)];
    expect(ownBackups('a', names)).toEqual([
      { fileName: names[1], timeMs: startMs, isPart: false },
      { fileName: names[0], timeMs: startMs + 1000, isPart: false },
    ]);
  });

  test('are of one member, and never a path', () => {
    const own = backupFileName('a', 1, startMs);
    const others = [backupFileName('a-b', 1, startMs), `${own}x`, 'a-notes.db', 'a', `b${own}`];
    expect(ownBackups('a', [...others, own]).map(({ fileName }) => fileName)).toEqual([own]);
    for (const name of ['../x', '..', 'a/b', 'a b*', 'ä\0'])
      expect(backupFileName(name, 1, startMs)).toMatch(/^[\w%.-]+$/);
    expect(backupFileName('../x', 1, startMs)).toMatch(/^%2E\.%2Fx-2026/);
  });
});

describe('a member that backs itself up', () => {
  test('does so at once and then every interval, with a checksum, and keeps the latest', async () => {
    const { folder, next, files } = await bench();
    expect(await next()).toBe(0);
    const [first = ''] = await files();
    expect(first).toBe('a-20260801T120000Z-0000000000000007.db');
    expect(await readFile(join(folder, first))).toEqual(
      Buffer.concat([Buffer.from('x'), createHash('sha256').update('x').digest()]),
    );
    expect((await stat(join(folder, first))).mode & 0o777).toBe(0o600);
    for (let round = 0; round < 4; round++) expect(await next()).toBe(hourMs);
    expect(await files()).toEqual(
      ['14', '15', '16'].map((hour) => `a-20260801T${hour}0000Z-0000000000000007.db`),
    );
  });

  test('waits after a restart until the next one is due', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, backupFileName('a', 1, startMs - hourMs / 4)), '');
    const { next } = await bench({ folder });
    expect(await next()).toBe((hourMs * 3) / 4);
  });

  test('does not wait for longer than that when the clock was set back', async () => {
    const folder = await testFolder();
    await writeFile(join(folder, backupFileName('a', 1, startMs + 1000 * hourMs)), '');
    const { next } = await bench({ folder });
    expect(await next()).toBe(hourMs);
  });

  test('makes the folder, and leaves other files in it alone', async () => {
    const folder = join(await testFolder(), 'not', 'there', 'yet');
    const { next, files } = await bench({ folder, keep: 1 });
    await next();
    await writeFile(join(folder, 'notes.txt'), '');
    await writeFile(join(folder, backupFileName('b', 1, startMs)), '');
    await writeFile(join(folder, `${backupFileName('a', 1, startMs - 5)}.part`), 'left by a kill');
    await next();
    expect(await files()).toEqual([
      'a-20260801T130000Z-0000000000000007.db',
      'b-20260801T120000Z-0000000000000001.db',
      'notes.txt',
    ]);
  });

  test('tries again after a minute when it failed, and says so', async () => {
    let failures = 2;
    const broken: SnapshotFile = {
      ...fileOf('x'),
      chunks: {
        [Symbol.asyncIterator]: () => ({
          next: async () => Promise.reject(new QuorateError('storage-failed', 'no more')),
        }),
      },
    };
    const { next, files, warnings } = await bench({
      take: async () => {
        if (failures-- > 1) throw new QuorateError('too-many-requests', 'busy');
        return Promise.resolve(failures >= 0 ? broken : fileOf('x'));
      },
    });
    expect([await next(), await next(), await next(), await next()]).toEqual([0, 60_000, 60_000, hourMs]);
    expect(warnings).toEqual(['a backup failed: busy', 'a backup failed: no more']);
    expect(await files()).toHaveLength(2);
  });

  test('does not write a file that is shorter than it should be', async () => {
    const { next, files, warnings } = await bench({
      take: async () => Promise.resolve({ ...fileOf('x'), sizeBytes: 2 }),
    });
    await next();
    expect(warnings[0]).toContain('shorter than it should be');
    expect(await files()).toEqual([]);
  });

  test('leaves room on the disk', async () => {
    const { next, files, warnings } = await bench({
      take: async () => Promise.resolve({ ...fileOf('x'), sizeBytes: 2 ** 52 }),
    });
    await next();
    expect(warnings[0]).toMatch(/has \d+ bytes free; the snapshot takes 4503599627370496/);
    expect(await files()).toEqual([]);
  });

  test('goes on when the folder cannot be made', async () => {
    const file = join(await testFolder(), 'file');
    await writeFile(file, '');
    const { next, warnings } = await bench({ folder: join(file, 'inside') });
    expect([await next(), await next()]).toEqual([0, 60_000]);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toContain('the backups cannot be looked at: ENOTDIR');
    expect(warnings[1]).toContain('a backup failed: ENOTDIR');
  });
});
