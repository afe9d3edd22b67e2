import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/index.js';
import { connect } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import { quorate } from '../cli/io.js';
import { whyNoEtcdctl } from './etcdctl.js';
import { whyNoEtcd } from './pair.js';
import { prepareMember, run } from './restored.js';
import type { RestoredMember } from './restored.js';

const skip = whyNoEtcdctl() ?? whyNoEtcd();
if (skip !== null) console.warn(`SKIPPED: data of the real etcd: ${skip}`);

/** Everything that can be asked about the keys: each revision that is still there, and the hashes of some. */
interface History {
  readonly revision: number;
  readonly compactRevision: number;
  readonly states: Readonly<Record<number, readonly string[]>>;
  readonly hashes: Readonly<Record<number, number>>;
}

async function historyOf(endpoint: string): Promise<History> {
  await using client = connect(endpoint);
  const { revision, compactRevision } = await client.hashKv(endpoint, 0);
  const states: Record<number, readonly string[]> = {};
  const hashes: Record<number, number> = {};
  for (let at = compactRevision; at <= revision; at += 7) states[at] = await stateAt(client, at);
  states[revision] = await stateAt(client, revision);
  for (let at = compactRevision + 1; at <= revision; at += 31) {
    hashes[at] = (await client.hashKv(endpoint, at)).hash;
  }
  hashes[revision] = (await client.hashKv(endpoint, revision)).hash;
  return { revision, compactRevision, states, hashes };
}

async function stateAt(client: Client, revision: number): Promise<readonly string[]> {
  const entries = await client.range({ prefix: '' }, { revision }).collect();
  return entries.map(
    ({ keyText, value, createRevision, modRevision, version, lease }) =>
      `${keyText} ${createRevision} ${modRevision} ${version} ${lease} ${Buffer.from(value).toString('hex').slice(0, 40)}`,
  );
}

/** Writes of all kinds; the same seed writes the same. */
async function fill(endpoint: string, leaseId: bigint, seed: number): Promise<void> {
  const random = seededRandom(seed);
  await using client = connect(endpoint);
  for (let step = 0; step < 150; step++) {
    const key = `k${random.below(30)}`;
    const kind = random.below(10);
    if (kind === 0) await client.delete(key);
    else if (kind === 1) await client.delete({ prefix: `k${random.below(3)}` });
    else if (kind === 2) await client.put(key, Buffer.alloc(5000 + random.below(20_000), step));
    else await client.put(key, `${step}`, kind === 3 ? { lease: leaseId } : {});
  }
  await client.put('leased', 'x', { lease: leaseId });
}

describe.skipIf(skip !== null)('data moves from etcd to Quorate and back', { timeout: 60_000 }, () => {
  const members: RestoredMember[] = [];
  let folder = '';
  let source: History;
  let leaseId = '';
  const path = (name: string): string => join(folder, name);

  async function member(system: 'quorate' | 'etcd', name: string): Promise<RestoredMember> {
    const made = await prepareMember(system, name, path(`data-${name}`));
    members.push(made);
    return made;
  }

  const clusterOf = (all: readonly RestoredMember[]): string =>
    all.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-migration-'));
    const etcd = await member('etcd', 'origin');
    await etcd.start(clusterOf([etcd]));
    leaseId = /lease (\w+)/.exec(await run(etcd.endpoint, 'lease', 'grant', '1000'))?.[1] ?? '';
    await fill(etcd.endpoint, BigInt(`0x${leaseId}`), 1);
    await run(etcd.endpoint, 'compaction', '60', '--physical');
    for (const args of [
      ['role', 'add', 'reader'],
      ['role', 'grant-permission', 'reader', 'read', 'k', 'l'],
      ['user', 'add', 'ann:secret'],
      ['user', 'grant-role', 'ann', 'reader'],
      ['user', 'add', 'root:pass'],
      ['user', 'grant-role', 'root', 'root'],
    ]) {
      await run(etcd.endpoint, ...args);
    }
    source = await historyOf(etcd.endpoint);
    expect(source).toMatchObject({ compactRevision: 60 });
    expect(source.states[source.revision]?.length).toBeGreaterThan(10);
    await run(etcd.endpoint, 'snapshot', 'save', path('etcd.db'));
    await etcd.kill();
    await copyFile(join(etcd.dataFolder, 'member/snap/db'), path('copied.db'));
  }, 60_000);

  afterAll(async () => {
    await Promise.all(members.map((each) => each.kill()));
    await rm(folder, { recursive: true, force: true });
  });

  test('its snapshot is looked at alike', async () => {
    const theirs: unknown = JSON.parse(
      await run('127.0.0.1:1', 'snapshot', 'status', path('etcd.db'), '-w', 'json'),
    );
    const ours = await quorate(['snapshot', 'status', path('etcd.db'), '--json']);
    expect(JSON.parse(ours.out)).toEqual({ ...(theirs as object), checksum: true });
  });

  test('three members restored from it are one cluster with all of it, and take in a fourth', async () => {
    const three = [await member('quorate', 'a'), await member('quorate', 'b'), await member('quorate', 'c')];
    for (const { name, dataFolder, peerUrl } of three) {
      const flags = {
        name,
        'data-dir': dataFolder,
        'initial-cluster': clusterOf(three),
        'initial-advertise-peer-urls': peerUrl,
      };
      const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
      const restored = await quorate(['snapshot', 'restore', path('etcd.db'), ...args]);
      expect(restored).toMatchObject({ code: 0, err: '' });
      expect(restored.out).toContain(
        `at revision ${source.revision}, compacted at 60\n  1 lease, 2 users and 1 role`,
      );
    }
    await Promise.all(three.map((each) => each.start(clusterOf(three))));
    for (const { endpoint } of three) expect(await historyOf(endpoint)).toEqual(source);

    const [{ endpoint }] = three as [RestoredMember];
    expect(await run(endpoint, 'lease', 'timetolive', leaseId, '--keys')).toMatch(
      /granted with TTL\(1000s\), remaining\((999|1000)s\), attached keys\(\[.*leased/,
    );
    expect(await run(endpoint, 'user', 'get', 'ann')).toBe('User: ann\nRoles: reader\n');
    await run(endpoint, 'put', 'written', 'after');
    expect(JSON.parse(await run(endpoint, 'get', 'written', '-w', 'json'))).toMatchObject({
      header: { revision: source.revision + 1 },
    });

    const fourth = await member('quorate', 'd');
    await run(endpoint, 'member', 'add', 'd', '--peer-urls', fourth.peerUrl);
    await fourth.start(clusterOf([...three, fourth]), 'existing');
    const after = await historyOf(endpoint);
    expect(await historyOf(fourth.endpoint)).toEqual(after);
    expect(after.states[60]).toEqual(source.states[60]);

    // Passwords and rights have come along.
    await run(endpoint, 'auth', 'enable');
    expect(await run(endpoint, 'get', 'k', '--prefix', '--keys-only', '--user', 'ann:secret')).toContain('k');
    await expect(run(endpoint, 'get', 'leased', '--user', 'ann:secret')).rejects.toThrow('permission denied');
    await expect(
      run(endpoint, 'snapshot', 'save', path('denied.db'), '--user', 'ann:secret'),
    ).rejects.toThrow('permission denied');
    await run(endpoint, 'snapshot', 'save', path('with-users.db'), '--user', 'root:pass');
    await Promise.all([...three, fourth].map((each) => each.kill()));
  });

  test('users are still needed where they were', async () => {
    const again = await quorate([
      'snapshot',
      'restore',
      path('with-users.db'),
      '--data-dir',
      path('data-again'),
      '--json',
    ]);
    expect(JSON.parse(again.out)).toMatchObject({ isAuthEnabled: true, revision: source.revision + 1 });
    const etcd = await member('etcd', 'guarded');
    const { name, peerUrl, dataFolder, endpoint } = etcd;
    const flags = {
      name,
      'data-dir': dataFolder,
      'initial-cluster': clusterOf([etcd]),
      'initial-advertise-peer-urls': peerUrl,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    await run('127.0.0.1:1', 'snapshot', 'restore', path('with-users.db'), ...args);
    await etcd.start(clusterOf([etcd]));
    await expect(run(endpoint, 'get', 'written')).rejects.toThrow('user name is empty');
    expect(await run(endpoint, 'get', 'written', '--user', 'root:pass')).toBe('written\nafter\n');
    await etcd.kill();
  });

  test('a file out of its data folder is taken too, if that is said', async () => {
    const args = ['snapshot', 'restore', path('copied.db'), '--data-dir', path('data-copied'), '--json'];
    expect(await quorate(args)).toMatchObject({ code: 1 });
    const restored = await quorate([...args, '--skip-hash-check']);
    expect(restored).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(restored.out)).toMatchObject({
      revision: source.revision,
      compactRevision: 60,
      userCount: 2,
    });
  });

  test('and etcd runs on what Quorate saved, with every revision, lease and user, and writes on', async () => {
    const solo = await member('quorate', 'solo');
    await solo.start(clusterOf([solo]));
    const lease = /lease (\w+)/.exec(await run(solo.endpoint, 'lease', 'grant', '2000'))?.[1] ?? '';
    await fill(solo.endpoint, BigInt(`0x${lease}`), 2);
    await run(solo.endpoint, 'compaction', '50');
    await run(solo.endpoint, 'user', 'add', 'ann:secret');
    const saved = await quorate([
      'snapshot',
      'save',
      path('ours.db'),
      '--endpoints',
      solo.endpoint,
      '--json',
    ]);
    expect(saved).toMatchObject({ code: 0, err: '' });
    const { hash, revision, totalKey, totalSize } = JSON.parse(saved.out) as Record<string, number>;
    const status: unknown = JSON.parse(
      await run('127.0.0.1:1', 'snapshot', 'status', path('ours.db'), '-w', 'json'),
    );
    expect(status).toEqual({ hash, revision, totalKey, totalSize });

    const etcd = await member('etcd', 'back');
    const { name, peerUrl, dataFolder, endpoint } = etcd;
    const flags = {
      name,
      'data-dir': dataFolder,
      'initial-cluster': clusterOf([etcd]),
      'initial-advertise-peer-urls': peerUrl,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    await run('127.0.0.1:1', 'snapshot', 'restore', path('ours.db'), ...args);
    await etcd.start(clusterOf([etcd]));
    expect(await historyOf(endpoint)).toEqual(await historyOf(solo.endpoint));
    expect(await run(endpoint, 'lease', 'timetolive', lease, '--keys')).toMatch(
      /granted with TTL\(2000s\), remaining\((1999|2000)s\), attached keys\(\[.*leased/,
    );
    expect(await run(endpoint, 'user', 'list')).toBe('ann\n');
    for (const each of [endpoint, solo.endpoint]) await run(each, 'put', 'written', 'on');
    await Promise.all(
      [endpoint, solo.endpoint].map((each) =>
        run(each, 'compaction', String((revision ?? 0) - 20), '--physical'),
      ),
    );
    expect(await historyOf(endpoint)).toEqual(await historyOf(solo.endpoint));
  });
});
