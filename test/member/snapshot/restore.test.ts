import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.js';
import {
  createNodeEnv,
  defaultLimits,
  inspectSnapshot,
  restoreSnapshot,
  startMember,
} from '../../../src/member/index.js';
import type { Member, RestoreOptions } from '../../../src/member/index.js';
import { openStateMachine } from '../../../src/mvcc/index.js';
import type { StateMachine } from '../../../src/mvcc/index.js';
import { openLevelDisk } from '../../../src/storage/index.js';
import { testFolder } from '../../bbolt/folder.js';
import { fileOf, tree } from '../../bbolt/files.js';
import { put, range, remove } from '../../mvcc/requests.js';
import { createWorld } from '../world.js';
import { sealed, takeFile } from './files.js';

interface Origin {
  readonly pages: Buffer;
  readonly member: Member;
  readonly hash: number;
}

/** A member with some of everything, and a snapshot of it. */
async function origin(): Promise<Origin> {
  const world = createWorld({ members: 1 });
  const member = await world.start('m1');
  await world.run(() => member.leader !== null);
  await world.settle(member.leases.grant({ id: 7n, ttlSeconds: 60 }));
  for (let round = 0; round < 20; round++) {
    await world.settle(member.put(put(`k${round % 7}`, `v${round}`, { lease: round < 18 ? 0n : 7n })));
  }
  await world.settle(member.deleteRange(remove('k1', { rangeEnd: 'k3' })));
  await world.settle(member.compact({ type: 'compact', revision: 9, physical: true }));
  await world.settle(member.auth.execute({ type: 'user-add', user: 'ann', hash: 'x', noPassword: false }));
  await world.settle(member.maintenance.activateAlarm(member.id, 'no-space'));
  const { hash } = await world.settle(member.maintenance.hashKv(0));
  return { pages: await takeFile(world, member), member, hash };
}

const made = origin();

async function saved(
  bytes: Uint8Array,
): Promise<{ readonly folder: string; readonly options: RestoreOptions }> {
  const folder = await testFolder();
  const file = join(folder, 'snapshot.db');
  await writeFile(file, bytes);
  const options = {
    file,
    dataFolder: join(folder, 'data'),
    name: 'new',
    initialCluster: [{ name: 'new', peerUrls: ['http://127.0.0.1:1'] }],
    initialClusterToken: 'restored',
    skipHashCheck: false,
  };
  return { folder, options };
}

async function opened<T>(dataFolder: string, use: (machine: StateMachine) => Promise<T>): Promise<T> {
  const store = await openLevelDisk(dataFolder).open('state-1');
  const machine = await openStateMachine(store, {
    cacheSizeBytesMax: 0,
    yieldToLoop: () => new Promise((resolve) => setImmediate(resolve)),
    genesis: {
      configuration: { voters: [], outgoing: [], learners: [], learnersNext: [] },
      members: [],
      removed: [],
    },
  });
  try {
    return await use(machine);
  } finally {
    await machine.close();
    await store.close();
  }
}

describe('a restored data folder', () => {
  test('holds what the snapshot held, as a member of another cluster', async () => {
    const { pages, member, hash } = await made;
    const { options } = await saved(sealed(pages));
    const restored = await restoreSnapshot(options);
    expect(restored).toMatchObject({
      revision: 22,
      compactRevision: 9,
      keyCount: 5,
      leaseCount: 1,
      userCount: 1,
      roleCount: 0,
      alarmCount: 1,
      isAuthEnabled: false,
      ignored: [],
    });
    expect(restored.memberId).not.toBe(member.id);
    await opened(options.dataFolder, async (machine) => {
      expect(machine).toMatchObject({ revision: 22, compactRevision: 9, applied: { term: 1, index: 1 } });
      expect(await machine.hashKv(0)).toMatchObject({ ok: true, value: { hash } });
      expect(machine.leases.list()).toEqual([{ id: 7n, ttlSeconds: 60, remainingTtlSeconds: 0 }]);
      expect(machine.leases.keysOf(7n)).toEqual(['k4', 'k5']);
      expect(machine.auth.user('ann')).toMatchObject({ hash: 'x' });
      expect(machine.alarms).toEqual([{ memberId: member.id, alarm: 'no-space' }]);
      expect(machine.membership.members).toMatchObject([{ id: restored.memberId, name: 'new' }]);
      expect(machine.membership.removed).toEqual([]);
    });
  });

  test('may be an empty folder that is there already', async () => {
    const { options } = await saved(sealed((await made).pages));
    await mkdir(options.dataFolder);
    await restoreSnapshot(options);
    expect(await readdir(options.dataFolder)).toEqual(['state-1', 'wal']);
  });

  test('takes a file without a checksum only if that is wanted, and does not look at a wrong one then', async () => {
    const { pages, hash } = await made;
    const { folder, options } = await saved(pages);
    await expect(restoreSnapshot(options)).rejects.toThrow('say --skip-hash-check');
    await restoreSnapshot({ ...options, skipHashCheck: true });
    await opened(options.dataFolder, async (machine) => {
      expect(await machine.hashKv(0)).toMatchObject({ value: { hash } });
    });
    const altered = sealed(pages);
    altered.writeUInt8(altered.readUInt8(altered.length - 1) ^ 1, altered.length - 1);
    await writeFile(options.file, altered);
    const other = { ...options, dataFolder: join(folder, 'other') };
    await expect(restoreSnapshot(other)).rejects.toThrow('does not match the checksum at its end');
    await restoreSnapshot({ ...other, skipHashCheck: true });
  });

  test('is of one cluster with those of the same file and flags, and with no others', async () => {
    const { pages } = await made;
    const { folder, options } = await saved(sealed(pages));
    const initialCluster = ['a', 'b'].map((name, index) => ({
      name,
      peerUrls: [`http://127.0.0.1:${index + 1}`],
    }));
    const restore = async (name: string, change: Partial<RestoreOptions> = {}) =>
      restoreSnapshot({
        ...options,
        initialCluster,
        name,
        dataFolder: join(folder, `${name}-${Object.keys(change).join()}`),
        ...change,
      });
    const [a, b] = [await restore('a'), await restore('b')];
    expect(a.clusterId).toBe(b.clusterId);
    expect(a.memberId).not.toBe(b.memberId);
    const copied = await restore('a', { skipHashCheck: true });
    expect(copied).toEqual(a);
    expect((await restore('a', { initialClusterToken: 'another' })).clusterId).not.toBe(a.clusterId);
    const file = join(folder, 'empty.db');
    await writeFile(file, sealed(await fileOf(tree({ key: tree({}), meta: tree({}) }))));
    const another = await restore('a', { file });
    expect(another).toMatchObject({ memberId: a.memberId, revision: 1, keyCount: 0 });
    expect(another.clusterId).not.toBe(a.clusterId);
  });
});

describe('nothing is made, and nothing is touched, when', () => {
  async function refused(
    change: (folder: string, options: RestoreOptions) => Promise<Partial<RestoreOptions> | undefined>,
  ) {
    const { folder, options } = await saved(sealed((await made).pages));
    const changed = { ...options, ...(await change(folder, options)) };
    const before = await readdir(folder, { recursive: true });
    const error: unknown = await restoreSnapshot(changed).then(
      () => expect.unreachable('it was restored'),
      (thrown: unknown) => thrown,
    );
    expect(await readdir(folder, { recursive: true })).toEqual(before);
    return (error as Error).message;
  }

  test('there is data in the folder already', async () => {
    const message = await refused(async (_, { dataFolder }) => {
      await mkdir(join(dataFolder, 'wal'), { recursive: true });
      return undefined;
    });
    expect(message).toContain(
      'is not empty: a snapshot is restored into a new data folder, never over an old one',
    );
  });

  test.each([
    ['a file', async (path: string) => writeFile(path, 'x')],
    ['a link to a folder', async (path: string) => symlink('.', path)],
  ])('there is %s in its place', async (_, make) => {
    const message = await refused(async (__, { dataFolder }) => {
      await make(dataFolder);
      return undefined;
    });
    expect(message).toContain('is there already, and is no folder');
  });

  test('another restore is building it, or was interrupted', async () => {
    const message = await refused(async (_, { dataFolder }) => {
      await mkdir(`${dataFolder}.restoring`);
      return undefined;
    });
    expect(message).toContain('data.restoring is there: another restore');
  });

  test('the name is not in the cluster', async () => {
    expect(await refused(async () => Promise.resolve({ name: 'x' }))).toContain(
      '"x" is not in the initial cluster (new)',
    );
  });

  test.each<[string, string, (whole: Buffer) => Promise<Buffer>]>([
    ['is cut short', 'does not end in a checksum', async (whole) => Promise.resolve(whole.subarray(0, -1))],
    [
      'is cut short by a sector',
      'does not match the checksum',
      async (whole) => Promise.resolve(whole.subarray(0, -512)),
    ],
    [
      'has a flipped bit',
      'does not match the checksum',
      async (whole) => {
        whole.writeUInt8(whole.readUInt8(9000) ^ 1, 9000);
        return Promise.resolve(whole);
      },
    ],
    ['is empty', 'does not end in a checksum', async () => Promise.resolve(Buffer.alloc(0))],
    [
      'is something else',
      'it does not have the mark of a bbolt file',
      async () => Promise.resolve(sealed(Buffer.alloc(8192))),
    ],
    [
      'is another bbolt file',
      "not of etcd's store",
      async () => sealed(await fileOf(tree({ things: tree({}) }))),
    ],
    [
      'has a damaged page under a right checksum',
      'page 3: it calls itself 9',
      async (whole) => {
        whole.writeUInt32LE(9, 3 * 4096);
        return Promise.resolve(sealed(whole.subarray(0, -32)));
      },
    ],
  ])('the file %s', async (_, words, alter) => {
    const message = await refused(async (__, { file }) => {
      await writeFile(file, await alter(await readFile(file)));
      return undefined;
    });
    expect(message).toContain(words);
  });

  test('the file is a folder, or missing', async () => {
    expect(await refused(async (folder) => Promise.resolve({ file: folder }))).toContain('is not a file');
    expect(await refused(async (folder) => Promise.resolve({ file: join(folder, 'none') }))).toContain(
      'ENOENT',
    );
  });

  test('somebody gives up', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    expect(await refused(async () => Promise.resolve({ signal }))).toBe('enough');
  });
});

test('a server does not start on what an interrupted restore left', async () => {
  const { folder, options } = await saved(sealed((await made).pages));
  await restoreSnapshot(options);
  const half = join(folder, 'half');
  await mkdir(half);
  await cp(join(options.dataFolder, 'state-1'), join(half, 'state-1'), { recursive: true });
  const config = {
    ...options,
    clientUrls: [],
    initialClusterState: 'new',
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1000,
    snapshotCount: 1000,
    limits: defaultLimits,
  } as const;
  const start = async (dataFolder: string): Promise<Member> => {
    const peerUrls = ['http://127.0.0.1:1'];
    const parts = { dataFolder, config, listenPeerUrls: ['http://127.0.0.1:0'], advertisePeerUrls: peerUrls };
    const onFatal = (reason: Error): never => expect.unreachable(reason.message);
    const { env, identity } = await createNodeEnv({ ...parts, logger: silentLogger, onFatal });
    return startMember(config, env, identity);
  };
  await expect(start(half)).rejects.toThrow('the data folder has a state but no log');
  expect(await readdir(half)).toEqual(['state-1', 'wal']); // An empty log: it is refused again.
  await expect(start(half)).rejects.toThrow('the data folder has a state but no log');
  await rm(join(half, 'wal'), { recursive: true });
  // Nor does it take away what it does not start on: with its log it is whole again.
  await rename(join(options.dataFolder, 'wal'), join(half, 'wal'));
  const member = await start(half);
  expect(await member.range(range('k6'))).toMatchObject({ revision: 22, count: 1 });
  await member.close();
});

test('what a file holds can be looked at', async () => {
  const { options } = await saved(sealed((await made).pages));
  const summary = await inspectSnapshot(options.file);
  expect(summary).toMatchObject({
    revision: 22,
    totalSizeBytes: (await made).pages.length,
    hasChecksum: true,
  });
  await writeFile(options.file, (await made).pages);
  expect(await inspectSnapshot(options.file)).toEqual({ ...summary, hasChecksum: false });
});
