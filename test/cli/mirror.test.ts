import { afterAll, beforeAll, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createCluster } from '../../cluster/index.js';
import type { Cluster } from '../../cluster/index.js';
import { connect } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import { describeOnBoth, whyWithout } from '../client/systems.js';
import { follow, quorate } from './io.js';
import type { FollowedRun } from './io.js';

test('mirror --help', async () => {
  const run = await quorate(['mirror', '--help']);
  expect(run).toMatchObject({ code: 0, err: '' });
  expect(run.out).toMatchSnapshot();
});

describeOnBoth('quorate mirror to a member of the other system', 1, (system) => {
  let folder: string;
  let destination: Cluster;
  let there: Client;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-mirror-'));
    const isToEtcd = system.name === 'quorate' && whyWithout('etcd') === undefined;
    destination = await createCluster({
      dataFolder: join(folder, 'data'),
      size: 1,
      ports: 'free',
      heartbeatIntervalMs: 50,
      electionTimeoutMs: 500,
      ...(isToEtcd ? { program: ['etcd'] } : {}),
    });
    await destination.start();
    there = connect(destination.endpoints);
  });
  afterAll(async () => {
    await there.close();
    await destination.kill();
    await rm(folder, { recursive: true, force: true });
  });
  const here = () => ({ env: { QUORATE_ENDPOINTS: system.cluster.endpoints.join() } });
  const mirror = (...flags: readonly string[]): FollowedRun =>
    follow(['mirror', ...flags, destination.endpoints.join()], here());
  const stateOf = async (client: Client, prefix: string) =>
    Object.fromEntries((await client.prefix(prefix).collect()).map((entry) => [entry.keyText, entry.text]));
  const arrive = (prefix: string, state: Readonly<Record<string, string>>) =>
    expect.poll(() => stateOf(there, prefix), { timeout: 20_000 }).toEqual(state);
  const outcomeOf = (out: string): Readonly<Record<'revision' | 'putCount' | 'deletedCount', number>> =>
    JSON.parse(out) as Record<'revision' | 'putCount' | 'deletedCount', number>;

  test('copies what is there and follows what changes, and begun again writes only what differs', async () => {
    const client = system.newClient();
    for (const key of ['a', 'b', 'c']) await client.put(`m/${key}`, '1');
    await client.put('other', '1');
    const first = mirror('--prefix', 'm/', '--json');
    await arrive('m/', { 'm/a': '1', 'm/b': '1', 'm/c': '1' });
    await client.put('m/a', '2');
    await client.delete('m/b');
    await arrive('m/', { 'm/a': '2', 'm/c': '1' });
    const { revision } = await client.put('m/d', '');
    await arrive('m/', { 'm/a': '2', 'm/c': '1', 'm/d': '' });
    const run = await first.interrupt();
    expect(run).toMatchObject({ code: 0 });
    expect(outcomeOf(run.out)).toEqual({ revision, putCount: 5, deletedCount: 1 });
    expect(run.err).toMatch(
      /^copied as of revision \d+: 3 keys, of which 3 differed\nfollowing at revision /,
    );
    expect(await there.get('other')).toBeUndefined();

    await client.put('m/a', '3');
    await client.delete('m/c');
    const second = mirror('--prefix', 'm/', '--json');
    await arrive('m/', { 'm/a': '3', 'm/c': '1', 'm/d': '' });
    const { err } = await second.interrupt();
    expect(err).toMatch(
      /: 2 keys, of which 1 differed\n1 key only at the destination: left there, see --delete-extra\n/,
    );
    const third = mirror('--prefix', 'm/', '--delete-extra', '--json');
    await arrive('m/', { 'm/a': '3', 'm/d': '' });
    expect(outcomeOf((await third.interrupt()).out)).toMatchObject({ putCount: 0, deletedCount: 1 });
  });

  test('goes on with --rev where another one ended', async () => {
    const client = system.newClient();
    await client.put('r/old', '1');
    const { revision } = await client.put('r/a', '1');
    await client.delete('r/a');
    await client.put('r/b', '1');
    const run = mirror('--prefix', 'r/', '--rev', String(revision));
    await arrive('r/', { 'r/b': '1' });
    expect((await run.interrupt()).out).toMatch(
      new RegExp(`^put \\d+ keys?, deleted \\d; go on with --rev ${revision + 3}\n$`),
    );
    await client.compact(revision + 1);
    const late = await mirror('--prefix', 'r/', '--rev', String(revision)).ended;
    expect(late).toMatchObject({ code: 1, out: '' });
    expect(late.err).toMatch(/is compacted, .*; begin again without --rev; --delete-extra finds/);
  });

  test('under another name, with more keys than a transaction takes, each bounded', async () => {
    const client = system.newClient();
    const keys = Array.from({ length: 300 }, (_, index) => `n/${String(index).padStart(3, '0')}`);
    for (const key of keys) await client.put(key, 'x'.repeat(10_000));
    await client.put('n/large', 'x'.repeat(1_500_000));
    const before = (await there.put('marker', '')).revision;
    const run = mirror('--prefix', 'n/', '--dest-prefix', 'copies/');
    await expect.poll(() => there.prefix('copies/').count(), { timeout: 20_000 }).toBe(301);
    const copies = await there.prefix('copies/').collect();
    expect(copies.map(({ keyText }) => keyText).slice(0, 300)).toEqual(
      keys.map((key) => key.replace('n/', 'copies/')),
    );
    expect(copies[300]?.value.length).toBe(1_500_000);
    expect(copies[300]?.modRevision).toBeLessThan(before + 10);
    await client.deletePrefix('n/'); // More deletes in one revision than a transaction takes.
    await arrive('copies/', {});
    expect(await run.interrupt()).toMatchObject({ code: 0 });
  });

  test('what was one transaction is one there', async () => {
    const client = system.newClient();
    const run = mirror('--prefix', 't/');
    await client.transaction(async (tx) => {
      await tx.get('t/a');
      tx.put('t/a', '1');
      tx.put('t/b', '1');
    });
    await arrive('t/', { 't/a': '1', 't/b': '1' });
    const [a, b] = await there.prefix('t/').collect();
    expect(a?.modRevision).toBe(b?.modRevision);
    await run.interrupt();
  });

  test('waits for a destination that is away, and says so', async () => {
    const client = system.newClient();
    await client.put('w/a', '1');
    const run = mirror('--prefix', 'w/');
    await arrive('w/', { 'w/a': '1' });
    await destination.kill();
    await client.put('w/a', '2');
    await run.untilErr((err) => err.includes('; trying again\n'));
    await client.put('w/b', '1');
    await client.put('w/a', '3');
    await destination.start();
    await arrive('w/', { 'w/a': '3', 'w/b': '1' });
    const { code, err } = await run.interrupt();
    expect(code).toBe(0);
    expect(err).toMatch(/; trying again\nthe destination answers again\n/);
  });

  test('to the same cluster only where the two sides are apart', async () => {
    const client = system.newClient();
    await client.put('self/a', '1');
    const same = system.cluster.endpoints.join();
    expect(await quorate(['mirror', '--prefix', 'self/', same], here())).toMatchObject({
      code: 2,
      err: expect.stringContaining('is the same cluster: --prefix and --dest-prefix must be apart') as string,
    });
    const run = follow(['mirror', '--prefix', 'self/', '--dest-prefix', 'twin/', same], here());
    await expect.poll(() => stateOf(client, 'twin/'), { timeout: 20_000 }).toEqual({ 'twin/a': '1' });
    await run.interrupt();
  });

  test('a key that would have no name is refused', async () => {
    await system.newClient().put('alone', '1');
    expect(
      await quorate(
        ['mirror', '--prefix', 'alone', '--dest-prefix', '', destination.endpoints.join()],
        here(),
      ),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('the key alone would have no name') as string,
    });
  });

  test('nobody answers at the destination', async () => {
    const run = await quorate(['mirror', '127.0.0.1:1'], here());
    expect(run).toMatchObject({ code: 4, out: '' });
    expect(run.err).toContain('ECONNREFUSED 127.0.0.1:1');
  });
});

test.each([
  [[], 'DESTINATION is missing'],
  [
    ['h:1', '--dest-user', 'ada'],
    'for DESTINATION, with --dest- before each of these flags: --user needs a password',
  ],
  [
    ['h:1', '--dest-cert', 'x'],
    'for DESTINATION, with --dest- before each of these flags: --cert and --key go together',
  ],
  [['ftp://h'], 'an endpoint is host:port'],
])('mirror %j is refused', async (args, message) => {
  const run = await quorate(['mirror', ...args]);
  expect(run).toMatchObject({ code: 2, out: '' });
  expect(run.err.slice('quorate: '.length).slice(0, message.length)).toBe(message);
});
