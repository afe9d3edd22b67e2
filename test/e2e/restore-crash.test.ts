import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { restoreSnapshot } from '../../src/member/index.js';
import { encodeKeyValue } from '../../src/mvcc/index.js';
import { recordKeyOf } from '../../src/mvcc/record-key.js';
import { fileOf, tree } from '../bbolt/files.js';

const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
const recordCount = 12_000;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-restore-'));
  const records = Array.from({ length: recordCount }, (_, index): [string, string] => {
    const main = index + 2;
    const key = `key${index}`;
    const kv = {
      key,
      createRevision: main,
      modRevision: main,
      version: 1,
      value: Buffer.alloc(300, index),
      lease: 0n,
    };
    return [recordKeyOf({ main, sub: 0 }, false).toString('latin1'), encodeKeyValue(kv).toString('latin1')];
  });
  const pages = await fileOf(tree({ key: new Map(records), meta: tree({}) }));
  await writeFile(
    join(folder, 'snapshot.db'),
    Buffer.concat([pages, createHash('sha256').update(pages).digest()]),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(['', 'state-1', 'wal'])(
  'killed once %j is there, a restore leaves all or nothing',
  async (landmark) => {
    const name = `killed-${landmark}`;
    const [dataFolder, building] = [join(folder, name), join(folder, `${name}.restoring`)];
    const args = [main, 'snapshot', 'restore', join(folder, 'snapshot.db'), '--data-dir', dataFolder];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (child.exitCode === null && !existsSync(join(building, landmark)) && !existsSync(dataFolder)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    child.kill('SIGKILL');
    await ended;

    const isWhole = existsSync(dataFolder);
    expect(existsSync(building)).toBe(!isWhole);
    const options = {
      file: join(folder, 'snapshot.db'),
      dataFolder,
      name: 'default',
      initialCluster: [{ name: 'default', peerUrls: ['http://127.0.0.1:2380'] }],
      initialClusterToken: 'etcd-cluster',
      skipHashCheck: false,
    };
    await expect(restoreSnapshot(options)).rejects.toThrow(isWhole ? 'is not empty' : 'was interrupted');
    await rm(isWhole ? dataFolder : building, { recursive: true });
    expect(await restoreSnapshot(options)).toMatchObject({ keyCount: recordCount });
    expect(await readdir(dataFolder)).toEqual(['state-1', 'wal']);
  },
);
