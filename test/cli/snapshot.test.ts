import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileOf, tree } from '../bbolt/files.js';
import { testFolder } from '../bbolt/folder.js';
import { quorate } from './io.js';

/** An empty store of etcd's, without a checksum behind it. */
async function emptyStore(): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = await testFolder();
  const file = join(folder, 'empty.db');
  await writeFile(
    file,
    await fileOf(tree({ key: tree({}), lease: tree({}), meta: tree({}), odd: tree({ a: 'b' }) })),
  );
  return { folder, file };
}

describe('quorate snapshot', () => {
  test('says what it can do', async () => {
    const run = await quorate(['snapshot', '--help']);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatchSnapshot();
    expect((await quorate(['help', 'snapshot'])).out).toBe(run.out);
  });

  test.each(['save', 'status', 'restore'])('%s --help', async (verb) => {
    const run = await quorate(['snapshot', verb, '--help']);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatchSnapshot();
    expect((await quorate(['snapshot', '--help', verb])).out).toBe(run.out);
  });

  test.each([
    [
      ['snapshot'],
      'quorate: save, status, restore: one of these has to follow snapshot\nSee `quorate snapshot --help`.\n',
    ],
    [['snapshot', 'sav', 'x'], 'quorate: unknown command snapshot sav; did you mean save?\n'],
    [
      ['snapshot', 'frobnicate'],
      'quorate: unknown command snapshot frobnicate; it is one of save, status, restore\n',
    ],
    [['snapshot', 'save'], 'quorate: FILE is missing\n'],
    [['snapshot', 'status', 'a', 'b'], 'quorate: unexpected argument "b"\n'],
    [
      ['snapshot', 'restore', 'x', '--name', '../up'],
      'quorate: --name "../up" cannot name a folder: give --data-dir\n',
    ],
    [
      ['snapshot', 'restore', 'x', '--name', 'b', '--initial-cluster', 'a=http://h:1'],
      'quorate: --name b is not in --initial-cluster (a): add it or change --name\n',
    ],
    [
      [
        'snapshot',
        'restore',
        'x',
        '--name',
        'a',
        '--initial-cluster',
        'a=http://h:1',
        '--initial-advertise-peer-urls',
        'http://h:2',
      ],
      'quorate: --initial-advertise-peer-urls (http://h:2) and --initial-cluster (http://h:1) name different peer URLs for a\n',
    ],
    [
      ['snapshot', 'restore', 'x', '--initial-cluster', 'nonsense'],
      'quorate: --initial-cluster needs NAME=URL',
    ],
  ])('%j', async (args, message) => {
    const run = await quorate(args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err.slice(0, message.length)).toBe(message);
  });

  test('status prints a table, or JSON', async () => {
    const { file } = await emptyStore();
    expect((await quorate(['snapshot', 'status', file])).out).toMatch(
      /^HASH +REVISION +TOTAL KEYS +TOTAL SIZE +CHECKSUM\n[0-9a-f]+ +0 +1 +16.0 KiB +none\n$/,
    );
    const json = await quorate(['snapshot', '--json', 'status', file]);
    expect(JSON.parse(json.out)).toMatchObject({
      revision: 0,
      totalKey: 1,
      totalSize: 16_384,
      checksum: false,
    });
  });

  test('status of what is no snapshot fails', async () => {
    const file = join(await testFolder(), 'note.txt');
    await writeFile(file, 'to do: back up');
    const run = await quorate(['snapshot', 'status', file]);
    expect(run).toMatchObject({ code: 1, out: '' });
    expect(run.err).toBe(
      `quorate: ${file}, page 0: the file is too short: the file is damaged, or no bbolt file. ` +
        'Take another copy, or a new snapshot\n',
    );
  });

  test('restore tells what it made, and what it left behind', async () => {
    const { folder, file } = await emptyStore();
    const dataFolder = join(folder, 'new');
    const args = ['snapshot', 'restore', file, '--data-dir', dataFolder];
    const refused = await quorate(args);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('say --skip-hash-check');
    const run = await quorate([...args, '--skip-hash-check']);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out.replaceAll(/[0-9a-f]{16}/g, 'ID').replace(folder, ''))
      .toBe(`restored into /new: member ID of cluster ID
  0 keys at revision 1
  0 leases, 0 users and 0 roles; users are not needed
  left behind: the bucket "odd", unknown here
`);
    const again = await quorate([...args, '--skip-hash-check', '--json']);
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toContain('is not empty');
  });
});
