import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Etcd3,
  EtcdAuthenticationFailedError,
  EtcdLeaseInvalidError,
  EtcdLockFailedError,
  EtcdPermissionDeniedError,
  EtcdRoleExistsError,
  EtcdRoleNotFoundError,
  EtcdRoleNotGrantedError,
  EtcdUserExistsError,
  EtcdUserNotFoundError,
  GRPCDeadlineExceededError,
  GRPCOutOfRangeError,
  STMConflictError,
} from 'etcd3';
import type { IOptions, ISTMOptions, Watcher } from 'etcd3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../cluster/index.js';
import { startSystem, subject, whyNoEtcd } from './pair.js';

/**
 * npm's etcd3, unchanged, against three members: each area of what it offers. `CONFORMANCE_SUBJECT=etcd` runs the same on the
 * real etcd, which shows that the test is sound.
 */
const noEtcd = whyNoEtcd();
if (subject === 'etcd' && noEtcd !== null) console.warn(`SKIPPED: npm's etcd3 against etcd: ${noEtcd}`);

const settings = [
  { system: 'etcd', tls: false },
  { system: 'etcd', tls: true },
  { system: 'quorate', tls: false },
  { system: 'quorate', tls: true },
] as const;

/** The enumeration itself exists for the compiler only: etcd3 ships it as a `const enum`. */
const isIsolation = (level: number): level is ISTMOptions['isolation'] => level >= 0 && level <= 3;

/** Does not wait long before it tries again: members are killed here. */
const soon = { duration: 50, next: () => soon };
const seeTimeoutMs = 20_000;

for (const { system, tls } of settings) {
  const isSkipped = system !== subject || (system === 'etcd' && noEtcd !== null);
  describe.skipIf(isSkipped)(`etcd3 on ${system}, ${tls ? 'TLS' : 'plain text'}`, () => {
    let folder: string;
    let cluster: Cluster;
    let client: Etcd3;
    const clients: Etcd3[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'quorate-etcd3-'));
      cluster = await startSystem(system, {
        dataFolder: folder,
        size: 3,
        tls,
        flags: ['--bcrypt-cost', '4'],
      });
      client = newClient();
    });

    afterAll(async () => {
      for (const each of clients) each.close();
      await cluster.kill();
      await rm(folder, { recursive: true, force: true });
    });

    function newClient(options: Partial<IOptions> = {}): Etcd3 {
      const credentials =
        cluster.tls === null
          ? {}
          : {
              credentials: {
                rootCertificate: Buffer.from(cluster.tls.ca),
                privateKey: Buffer.from(cluster.tls.key),
                certChain: Buffer.from(cluster.tls.cert),
              },
            };
      const hosts = cluster.members.map(({ clientUrl }) => clientUrl);
      const created = new Etcd3({ hosts, faultHandling: { watchBackoff: soon }, ...credentials, ...options });
      clients.push(created);
      return created;
    }

    it('puts, gets and deletes', async () => {
      await client.put('kv/a').value('text');
      await client.put('kv/b').value(42);
      await client.put('kv/c').value(JSON.stringify({ deep: [1] }));
      await client.put('kv/d').value(Buffer.from([0, 255]));
      expect(await client.get('kv/a').string()).toBe('text');
      expect(await client.get('kv/b').number()).toBe(42);
      expect(await client.get('kv/c').json()).toEqual({ deep: [1] });
      expect(await client.get('kv/d').buffer()).toEqual(Buffer.from([0, 255]));
      expect(await client.get('kv/none')).toBe(null);
      expect(await client.get('kv/a').exists()).toBe(true);
      expect(await client.get('kv/none').exists()).toBe(false);
      expect((await client.put('kv/a').value('more').getPrevious()).value.toString()).toBe('text');
      await client.put('kv/a').touch();
      const { kvs, header } = await client.get('kv/a').exec();
      expect(kvs).toMatchObject([{ version: '3', value: Buffer.from('more') }]);
      expect(
        await client
          .get('kv/a')
          .revision(Number(header.revision) - 2)
          .string(),
      ).toBe('text');
      expect(await client.get('kv/a').serializable(true).string()).toBeTypeOf('string');
      expect((await client.delete().key('kv/a').getPrevious()).map(({ value }) => value.toString())).toEqual([
        'more',
      ]);
      expect((await client.delete().key('kv/a')).deleted).toBe('0');
    });

    it('gets ranges', async () => {
      for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) {
        await client.put(`range/${key}`).value(10 - index);
      }
      const all = client.getAll().prefix('range/');
      expect(await all.keys()).toEqual(['range/a', 'range/b', 'range/c', 'range/d']);
      expect(await client.getAll().prefix('range/').numbers()).toEqual({
        'range/a': 10,
        'range/b': 9,
        'range/c': 8,
        'range/d': 7,
      });
      expect(await client.getAll().prefix('range/').count()).toBe(4);
      expect(await client.getAll().inRange({ start: 'range/b', end: 'range/d' }).strings()).toEqual({
        'range/b': '9',
        'range/c': '8',
      });
      const sorted = client.getAll().prefix('range/').sort('Value', 'Ascend').limit(2);
      expect(await sorted.keys()).toEqual(['range/a', 'range/d']); // '10' is less than '7'.
      const { kvs } = await client.get('range/c').exec();
      const { mod_revision: revision } = kvs[0] ?? { mod_revision: '0' };
      expect(await client.getAll().prefix('range/').minModRevision(revision).keys()).toEqual([
        'range/c',
        'range/d',
      ]);
      expect(await client.getAll().prefix('range/').maxCreateRevision(revision).keys()).toHaveLength(3);
      expect(await client.getAll().prefix('range/').keyBuffers()).toHaveLength(4);
      expect((await client.delete().inRange({ start: 'range/a', end: 'range/c' })).deleted).toBe('2');
      expect((await client.delete().prefix('range/')).deleted).toBe('2');
      await expect(client.getAll().prefix('range/').revision(9e6)).rejects.toThrow(GRPCOutOfRangeError);
    });

    it('decides by comparisons', async () => {
      await client.put('if/a').value('1');
      const first = await client
        .if('if/a', 'Value', '==', '1')
        .and('if/none', 'Version', '==', 0)
        .then(client.put('if/b').value('then'), client.get('if/a'))
        .else(client.put('if/b').value('else'))
        .commit();
      expect(first.succeeded).toBe(true);
      expect(first.responses[1]).toMatchObject({ response_range: { kvs: [{ value: Buffer.from('1') }] } });
      expect(await client.get('if/b').string()).toBe('then');
      for (const [column, comparator, value] of [
        ['Version', '>', 1],
        ['Create', '==', 0],
        ['Mod', '<', 1],
        ['Value', '!==', '1'],
        ['Lease', '>', 0],
      ] as const) {
        const { succeeded } = await client
          .if('if/a', column, comparator, value)
          .then(client.delete().key('if/a'))
          .else(client.put('if/c').value(column))
          .commit();
        expect(succeeded, `${column} ${comparator}`).toBe(false);
      }
      expect(await client.getAll().prefix('if/').keys()).toEqual(['if/a', 'if/b', 'if/c']);
    });

    it('keeps namespaces apart', async () => {
      const ours = client.namespace('ns/one/');
      const theirs = client.namespace('ns/two/');
      await Promise.all([ours.put('k').value('ours'), theirs.put('k').value('theirs')]);
      expect(await ours.getAll().strings()).toEqual({ k: 'ours' });
      expect(await client.getAll().prefix('ns/').strings()).toEqual({
        'ns/one/k': 'ours',
        'ns/two/k': 'theirs',
      });
      const watcher = await ours.watch().prefix('').create();
      const event = eventOf(watcher, 'put');
      await ours.namespace('deeper/').put('k').value('1');
      expect((await event)[0]?.key.toString()).toBe('deeper/k');
      await watcher.cancel();
      await ours.delete().all();
      expect(await client.getAll().prefix('ns/').count()).toBe(1);
    });

    it('watches', async () => {
      const { header } = await client.put('watch/a').value('1');
      // From there on: the member that is asked may not have heard of the put yet, on either system.
      const next = String(BigInt(header.revision) + 1n);
      const watching = client.watch().prefix('watch/').withPreviousKV().startRevision(next);
      const watcher = await watching.create();
      const seen: string[] = [];
      watcher.on('put', (kv, previous) => {
        seen.push(
          `put ${kv.key.toString()} ${kv.value.toString()} was ${previous?.value.toString() ?? 'nothing'}`,
        );
      });
      watcher.on('delete', (kv, previous) => {
        seen.push(`delete ${kv.key.toString()} was ${previous?.value.toString() ?? 'nothing'}`);
      });
      const past = await client.watch().key('watch/a').startRevision(header.revision).create();
      const [old] = await eventOf(past, 'put');
      expect(old?.value.toString()).toBe('1');
      const deletions = await client
        .watch()
        .inRange({ start: 'watch/a', end: 'watch/c' })
        .only('delete')
        .create();
      const deleted = eventOf(deletions, 'delete');
      await client.put('watch/a').value('2');
      await client.put('watch/b').value('3');
      await client.delete().prefix('watch/');
      expect((await deleted)[0]?.key.toString()).toBe('watch/a');
      await see(() => seen.length >= 4);
      expect(seen).toEqual([
        'put watch/a 2 was 1',
        'put watch/b 3 was nothing',
        'delete watch/a was 2',
        'delete watch/b was 3',
      ]);
      for (const each of [watcher, past, deletions]) await each.cancel();
      await client.put('watch/a').value('unseen');
      expect(seen).toHaveLength(4);
    });

    it('is told when the history that a watch needs is gone', async () => {
      const { header } = await client.put('gone').value('1');
      const now = await client.put('gone').value('2');
      await client.kv.compact({ revision: now.header.revision, physical: true });
      const watcher = client.watch().key('gone').startRevision(header.revision).watcher();
      const [error] = (await once(watcher, 'error')) as [Error];
      expect(error.message).toContain('Watcher canceled');
    });

    it('leases', async () => {
      const lease = client.lease(5);
      const id = await lease.grant();
      await lease.put('lease/a').value('1');
      const kept = await lease.keepaliveOnce();
      expect(kept).toMatchObject({ ID: id, TTL: '5' });
      const told = await client.leaseClient.leaseTimeToLive({ ID: id, keys: true });
      expect(told).toMatchObject({ ID: id, grantedTTL: '5', keys: [Buffer.from('lease/a')] });
      expect((await client.leaseClient.leaseLeases()).leases.map(({ ID }) => ID)).toContain(id);
      await client.put('lease/a').value('2').ignoreLease();
      await lease.revoke();
      expect(lease.revoked()).toBe(true);
      expect(await client.get('lease/a').exists()).toBe(false);
      const failed = client.lease(2, { autoKeepAlive: false });
      await client.leaseClient.leaseRevoke({ ID: await failed.grant() });
      await expect(failed.put('lease/b').value('1')).rejects.toThrow(EtcdLeaseInvalidError);
    });

    it('keeps leases alive and says when one is lost', async () => {
      const lease = client.lease(2);
      const lost = once(lease, 'lost');
      await lease.put('kept').value('1');
      for (let beats = 0; beats < 2; beats++) await once(lease, 'keepaliveSucceeded');
      expect(await client.get('kept').exists()).toBe(true);
      await client.leaseClient.leaseRevoke({ ID: await lease.grant() });
      expect((await lost)[0]).toBeInstanceOf(EtcdLeaseInvalidError);
      // One that nobody keeps takes its keys with it.
      const passive = client.lease(1);
      await passive.put('short').value('1');
      const watcher = await client.watch().key('short').create();
      const gone = eventOf(watcher, 'delete');
      passive.release();
      await gone;
      await watcher.cancel();
    });

    it('locks', async () => {
      const held = await client.lock('mutex').ttl(5).acquire();
      expect(await held.leaseId()).toBeTypeOf('string');
      await expect(client.lock('mutex').acquire()).rejects.toThrow(EtcdLockFailedError);
      await held.release();
      const result = await client.lock('mutex').do(async () => client.get('mutex').exists());
      expect(result).toBe(true);
      await expect(
        client.lock('mutex').do(() => {
          throw new Error('inside');
        }),
      ).rejects.toThrow('inside');
      expect(await client.getAll().prefix('mutex').count()).toBe(0);
    });

    it('elects', async () => {
      const election = client.election('boss', 2);
      const observer = await election.observe();
      const changes: (string | undefined)[] = [];
      observer.on('change', (leader) => changes.push(leader));
      const one = election.campaign('one');
      await one.wait();
      await see(() => observer.leader() === 'one');
      const two = client.election('boss', 2).campaign('two');
      const elected = two.wait();
      await one.proclaim('one, still');
      await see(() => observer.leader() === 'one, still');
      expect(await election.leader()).toBe('one, still');
      await one.resign();
      await elected;
      await see(() => observer.leader() === 'two');
      expect(changes).toEqual(['one', 'one, still', 'two']);
      await two.resign();
      await see(() => !observer.hasLeader);
      await observer.cancel();
    });

    it('runs software transactions', async () => {
      // From one member: what the transaction reads must not be older than what it has read.
      const single = newClient({ hosts: cluster.members[0]?.clientUrl ?? '' });
      // In one revision, as a transaction leaves them: etcd3 takes keys of several for changed.
      await single
        .if('bank/a', 'Version', '==', 0)
        .then(single.put('bank/a').value(100), single.put('bank/b').value(0))
        .commit();
      const move = async (amount: number): Promise<void> => {
        await single.stm({ retries: 20 }).transact(async (tx) => {
          const a = await tx.get('bank/a').number();
          const b = await tx.get('bank/b').number();
          await tx.put('bank/a').value((a ?? 0) - amount);
          await tx.put('bank/b').value((b ?? 0) + amount);
        });
      };
      await Promise.all([1, 2, 3, 4, 5].map(move));
      expect(await single.getAll().prefix('bank/').numbers()).toEqual({ 'bank/a': 85, 'bank/b': 15 });
      const conflicted = single.stm({ retries: 1 }).transact(async (tx) => {
        const a = await tx.get('bank/a').number();
        await single.put('bank/a').value(1);
        await tx.put('bank/b').value(a ?? 0);
      });
      await expect(conflicted).rejects.toThrow(STMConflictError);
      // Serializable, repeatable reads, read committed.
      for (const isolation of [1, 2, 3].filter(isIsolation)) {
        await single.stm({ isolation, prefetch: ['bank/a'] }).transact(async (tx) => {
          const a = await tx.get('bank/a').number();
          await tx.put('bank/a').value((a ?? 0) + 1);
          await tx.delete().key('bank/b');
        });
      }
      expect(await single.getAll().prefix('bank/').numbers()).toEqual({ 'bank/a': 4 });
    });

    it('asks the cluster and its members', async () => {
      const { members } = await client.cluster.memberList({});
      expect(members.map(({ name }) => name).sort()).toEqual(['n1', 'n2', 'n3']);
      const status = await client.maintenance.status();
      expect(status.version).toMatch(/^3\.4\.\d+$/);
      expect(members.map(({ ID }) => ID)).toContain(status.leader);
      expect((await client.maintenance.alarm({})).alarms).toEqual([]);
      const stream = await client.maintenance.snapshot();
      let size = 0;
      stream.on('data', ({ blob }: { readonly blob: Buffer }) => (size += blob.length));
      await new Promise<void>((resolve, reject) => {
        stream.on('end', () => resolve());
        stream.on('error', reject);
      });
      expect(size % 512).toBe(32); // Whole pages, and a checksum.
    });

    it('gives up in time', async () => {
      const late = newClient({ defaultCallOptions: () => ({ deadline: Date.now() - 1 }) });
      await expect(late.get('a').string()).rejects.toThrow(GRPCDeadlineExceededError);
    });

    it('goes on when the leader dies', { timeout: 60_000 }, async () => {
      const watcher = await client.watch().prefix('fail/').create();
      const seen: string[] = [];
      watcher.on('put', ({ value }) => seen.push(value.toString()));
      const lease = client.lease(10);
      let isLost = false;
      lease.on('lost', () => (isLost = true));
      await lease.put('fail/leased').value('0');
      const leader = await cluster.waitForLeader();
      await leader.kill();
      for (let value = 1; value <= 20; value++) await putInTheEnd(client, 'fail/k', String(value));
      // Each once and in order, whichever member told it.
      await see(() => seen.at(-1) === '20');
      expect(withoutRepeats(seen)).toEqual(['0', ...Array.from({ length: 20 }, (_, i) => String(i + 1))]);
      expect(await inTheEnd(() => client.get('fail/leased').exists())).toBe(true);
      expect(await inTheEnd(() => client.lock('fail/lock').do(() => 'locked'))).toBe('locked');
      await leader.start();
      await leader.waitUntilServing();
      expect(isLost).toBe(false);
      await lease.revoke();
      await watcher.cancel();
    });

    // Last: from now on every request needs a user.
    it('manages users and roles', async () => {
      const role = await client.role('reader').create();
      await expect(client.role('reader').create()).rejects.toThrow(EtcdRoleExistsError);
      await role.grant([
        { permission: 'Read', range: client.range({ prefix: 'auth/' }) },
        { permission: 'Write', key: 'auth/mine' },
      ]);
      expect((await role.permissions()).map(({ permission }) => permission)).toEqual(['Read', 'Write']);
      await role.revoke({ permission: 'Write', key: 'auth/mine' });
      await client.user('root').create('rootpw');
      const alice = await client.user('alice').create('alicepw');
      await expect(client.user('alice').create('x')).rejects.toThrow(EtcdUserExistsError);
      await alice.addRole('reader');
      await expect(alice.addRole('none')).rejects.toThrow(EtcdRoleNotFoundError);
      await expect(alice.removeRole('none')).rejects.toThrow(EtcdRoleNotGrantedError);
      await expect(client.user('none').delete()).rejects.toThrow(EtcdUserNotFoundError);
      expect((await alice.roles()).map(({ name }) => name)).toEqual(['reader']);
      await client.role('root').create();
      await client.role('root').addUser('root');
      expect((await client.getUsers()).map(({ name }) => name)).toEqual(['alice', 'root']);
      expect((await client.getRoles()).map(({ name }) => name)).toEqual(['reader', 'root']);
      await client.put('auth/a').value('1');
      await client.auth.authEnable();

      const root = newClient({ auth: { username: 'root', password: 'rootpw' } });
      const reader = newClient({ auth: { username: 'alice', password: 'alicepw' } });
      expect(await root.getAll().prefix('auth/').strings()).toEqual({ 'auth/a': '1' });
      expect(await reader.get('auth/a').string()).toBe('1');
      await expect(reader.put('auth/a').value('2')).rejects.toThrow(EtcdPermissionDeniedError);
      await expect(reader.get('else').string()).rejects.toThrow(EtcdPermissionDeniedError);
      // With TLS the name in the client's certificate counts.
      await expect(client.get('auth/a').string()).rejects.toThrow(/user name is empty|permission denied/);
      const stranger = newClient({ auth: { username: 'alice', password: 'wrong' } });
      await expect(stranger.get('auth/a').string()).rejects.toThrow(EtcdAuthenticationFailedError);
      await root.user('alice').setPassword('newpw');
      const again = newClient({ auth: { username: 'alice', password: 'newpw' } });
      expect(await again.get('auth/a').string()).toBe('1');
      await root.role('reader').removeUser('alice');
      await expect(again.get('auth/a').string()).rejects.toThrow(EtcdPermissionDeniedError);
      await root.user('alice').delete();
      await root.role('reader').delete();
      await root.auth.authDisable();
      expect(await client.get('auth/a').string()).toBe('1');
    });
  });
}

type KeyValues = readonly { readonly key: Buffer; readonly value: Buffer }[];

async function eventOf(watcher: Watcher, event: 'put' | 'delete'): Promise<KeyValues> {
  return (await once(watcher, event)) as KeyValues;
}

/** Resolves as soon as it is so; what happens is told by events, and this looks at what they left. */
async function see(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + seeTimeoutMs; !isSo();) {
    if (Date.now() > deadline) throw new Error(`never: ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** etcd3 tries three times, which an election outlasts. */
async function inTheEnd<T>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + seeTimeoutMs; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function putInTheEnd(client: Etcd3, key: string, value: string): Promise<unknown> {
  return inTheEnd(() => client.put(key).value(value).exec());
}

/** A put that was tried again may have been done twice. */
function withoutRepeats(values: readonly string[]): readonly string[] {
  return values.filter((value, index) => value !== values[index - 1]);
}
