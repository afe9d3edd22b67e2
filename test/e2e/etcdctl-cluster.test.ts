import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { whyNoEtcdctl } from './etcdctl.js';
import { sortMembers } from './mask.js';
import { createLoneMember } from './lone-member.js';
import { startPair, whyNoEtcd } from './pair.js';
import type { Pair } from './pair.js';
import { compare, everywhere } from './shell.js';
import type { Shell } from './shell.js';

const reason = whyNoEtcdctl() ?? whyNoEtcd();
if (reason !== null)
  console.warn(`SKIPPED: etcdctl on members and maintenance against real clusters: ${reason}`);
/** `etcdctl check perf` writes for a whole minute: `CONFORMANCE_LONG=1` has it run. */
const isLong = process.env['CONFORMANCE_LONG'] === '1';
const perfTimeoutMs = 90_000;

const formats = ['simple', 'json', 'fields', 'table'] as const;

/** Sizes are a matter of the store; who leads, of chance. */
function hideStatus(output: string): string {
  return sortMembers(
    output
      .replaceAll(/[\d.]+ [kM]?B\b/g, 'size')
      .replaceAll(/"(dbSize|dbSizeInUse)":\d+/g, '"$1":…')
      .replaceAll(/"(dbSizeQuota)":\d+,?/g, '')
      .replaceAll(/"DBSize" : \d+/g, '"DBSize" : …')
      .replaceAll(/(3\.4\.23\b[^\n]*?)(true|false)/g, '$1leads?')
      .replaceAll(/(leads\?[^\n]*?)\d+([ ,|]+)\d+([ ,|]+)\d+/g, '$1term$2index$3applied')
      .replaceAll(/"Leader" : .*/g, '"Leader" : …')
      .replaceAll(/"leader":[^,]+/g, '"leader":…'),
  );
}

function hideSnapshot(output: string): string {
  return output
    .replaceAll(/"took":[\d.e-]+/g, '"took":…')
    .replaceAll(/"ts":[\d.]+/g, '"ts":…')
    .replaceAll(/"size":"[^"]*"/g, '"size":…')
    .replaceAll(/"path":"[^"]*"/g, '"path":…')
    .replaceAll(/(["/])caller":"[^"]*"/g, '$1caller":…');
}

describe.skipIf(reason !== null)('etcdctl 3.4', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it('tells its version', () =>
    compare(pair, async ({ run }) => {
      await run('version');
    }));

  it('asks how endpoints are', () =>
    compare(pair, async ({ run }) => {
      await run('put some thing');
      for (const format of formats) {
        await run(`endpoint status -w ${format}`, { hide: hideStatus, member: 1 });
        await run(`endpoint status --cluster -w ${format}`, { hide: hideStatus });
        await run(`endpoint health -w ${format}`, { hide: hideHealth });
        await run(`endpoint health --cluster -w ${format}`, { hide: hideHealth });
        // A read through each member first: it then has what the others have.
        for (const member of [0, 1, 2]) await run('get some', { member });
        await run(`endpoint hashkv -w ${format}`, { hide: hideHealth });
        await run(`endpoint hashkv --cluster -w ${format}`, { hide: hideHealth });
        await run(`endpoint hashkv --rev=1 -w ${format}`, { hide: hideHealth });
      }
      await run('endpoint hashkv --rev=100');
      await run('--command-timeout=1s --dial-timeout=300ms --endpoints=127.0.0.1:1 endpoint health', {
        hide: (output) => output.replaceAll(/took = .*/g, 'took'),
      });
    }));

  it('defragments', () =>
    compare(pair, async ({ run }) => {
      await run('defrag');
      await run('defrag --cluster', { hide: sortMembers });
      await run('get some');
    }));

  it('makes a mirror', () =>
    compare(pair, async (shell) => {
      await shell.run('put from/a 1');
      await shell.run('put from/b 2');
      const destination = shell.cluster.endpoints[1] ?? 'none';
      const mirror = shell.start(['make-mirror', '--prefix', 'from/', '--dest-prefix', 'to/', destination], {
        member: 0,
      });
      await shell.until('^to/b\n2\n$', 'get to/b');
      await shell.run('put from/c 3');
      await shell.run('del from/a');
      await shell.run('txn', { input: '\nput from/d 4\ndel from/b\n\n\n' });
      await shell.until('^to/c\n\nto/d\n\n$', 'get to/ --prefix --keys-only');
      await shell.run('get to/ --prefix');
      await mirror.end('SIGINT');
    }));

  it('saves a snapshot that etcdctl and etcd take', { timeout: 120_000 }, () =>
    compare(pair, async (shell) => {
      const { run } = shell;
      await run('lease grant 1000');
      await run('put s/a 1');
      await run('put s/b 2');
      await run('del s/b');
      await run('put s/a 3');
      await run('snapshot save <folder>/saved.db', { member: 2, hide: hideSnapshot });
      for (const format of formats) {
        await run(`snapshot status <folder>/saved.db -w ${format}`, {
          hide: (output) =>
            output
              .replaceAll(/[0-9a-f]{6,8}(, |\s+\|)/g, 'hash$1')
              .replaceAll(/[\d.]+ [kM]B/g, 'size')
              .replaceAll(/"(hash|totalSize|totalKey)":\d+/g, '"$1":…')
              .replaceAll(/"(Hash|Size|Keys)" : \d+/g, '"$1" : …')
              .replaceAll(/(\d+)(, |\s+\|\s+)\d+(, |\s+\|\s+)size/g, '$1$2keys$3size'),
        });
      }
      await run(
        'snapshot restore <folder>/saved.db --data-dir <folder>/restored --name solo ' +
          '--initial-cluster solo=http://127.0.0.1:9 --initial-advertise-peer-urls http://127.0.0.1:9',
        { hide: (output) => hideSnapshot(output).replaceAll(/^\{.*\n/gm, '') }, // What it logs names addresses.
      );
      // The real etcd runs on what either system's snapshot was restored to.
      const solo = await createLoneMember({
        system: 'etcd',
        name: 'solo',
        dataFolder: join(shell.folder, 'restored'),
      });
      solo.start();
      await shell.until('^s/a\n3\n$', 'get s/a', { endpoint: solo.endpoint });
      const hide = (output: string): string => output.replaceAll(/"(member_id|cluster_id)":\S+?,/g, '');
      await run('get s/ --prefix -w json', { endpoint: solo.endpoint, hide });
      await run('get some -w json --rev=2', { endpoint: solo.endpoint, hide });
      await run('lease list', { endpoint: solo.endpoint });
      await solo.end();
    }),
  );

  it('checks how much data it can hold', { timeout: 120_000 }, () =>
    compare(pair, async ({ run }) => {
      const hide = (output: string): string =>
        output.replaceAll(/^.*\d+ \/ 10000.*\r?|[\d.]+ ?MB/gm, '…').replaceAll(/…+/g, '…');
      await run('check datascale --auto-compact --auto-defrag', { hide, timeoutMs: 60_000 });
      await run('check datascale --load=z');
      await run('check perf --load=z');
    }),
  );

  it.skipIf(!isLong)('checks how fast it is', { timeout: perfTimeoutMs }, () =>
    compare(pair, async ({ run }) => {
      const hide = (output: string): string =>
        output.replaceAll(/^.*\d+ \/ 60.*\r?|[\d.]+s\b/gm, '…').replaceAll(/…+/g, '…');
      await run('check perf --load=s --auto-compact --auto-defrag', { hide, timeoutMs: perfTimeoutMs });
    }),
  );

  it('moves the leader', () =>
    compare(pair, async (shell) => {
      const { run } = shell;
      const hide = (output: string): string => output.replaceAll(/<n\d>|n\d/g, 'member');
      const { leader, other } = await findLeader(shell);
      await run(`move-leader ${other.id}`, { ...everywhere(shell), hide });
      await run(`move-leader ${other.id}`, { endpoint: leader.endpoint, hide: () => 'is not the leader\n' });
      await run('move-leader 123', { ...everywhere(shell), hide: hideTarget });
      await run('move-leader');
      await run('move-leader xyz');
      await run(`move-leader ${other.id}`, { ...everywhere(shell), hide });
    }));

  it('adds, promotes, updates and removes members', { timeout: 60_000 }, () => compare(pair, changeMembers));
});

describe.skipIf(reason !== null)('etcdctl 3.4 without space', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({ flags: ['--quota-backend-bytes', String(4 << 20)] });
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it('is stopped by the alarm, and makes space', { timeout: 60_000 }, () =>
    compare(pair, async (shell) => {
      const { run, until } = shell;
      await run('alarm list');
      await run('alarm disarm');
      const input = 'x'.repeat(800_000);
      await until('database space exceeded', 'put big', { input });
      await until('NOSPACE', 'alarm list', { member: 1 });
      await run('alarm list', { member: 2, hide: hideWhose });
      await run('alarm list -w json', {
        // By now one of them has raised it, or two, or all.
        hide: (output) =>
          output
            .replaceAll(/"revision":\d+/g, '"revision":…')
            .replaceAll(/(,\{"memberID":<n\d>,"alarm":1\})+|<n\d>/g, ''),
      });
      await run('put small x', { member: 1 });
      await run('put big', { input });
      await run('lease grant 10');
      await run('txn', { input: '\nput small x\n\n\n' });
      await run('txn', { input: '\nget small\n\nput small x\n\n' });
      await run('get small');
      await run('endpoint health', { hide: hideHealth });
      await run('endpoint status', {
        hide: (output) => hideStatus(output).replaceAll(/(applied).*/g, '$1'),
      });
      await run('del big');
      // As one does it: compact, defragment, disarm.
      const { stdout } = await until('revision', 'get any -w json');
      const { header } = JSON.parse(stdout) as { readonly header: { readonly revision: number } };
      await until('compacted', `compaction ${header.revision} --physical`);
      await run('defrag --cluster', { hide: sortMembers });
      await run('alarm disarm', { hide: hideWhose });
      await run('alarm list');
      await until('^OK', 'put small x');
      await run('put small x', { member: 2 });
      await run('get small');
    }),
  );
});

/** Which members noticed is a matter of moments. */
function hideWhose(output: string): string {
  return output
    .replaceAll(/(memberID:<n\d> alarm:NOSPACE \n)+/g, 'members: alarm:NOSPACE\n')
    .replaceAll(/"alarms":\[[^\]]*\]/g, (alarms) =>
      alarms.replace(/\},\{.*\}/, '}').replace(/<n\d>/, 'member'),
    );
}

function hideHealth(output: string): string {
  return sortMembers(output.replaceAll(/"took":"[^"]*"|\d[\d.]*[mµ]s\b|\| \d[\d.]*\wms \|/g, '…'));
}

/** FAILED_PRECONDITION, as in later etcds: for 3.4 it is UNAVAILABLE. */
function hideLearnerCode(output: string): string {
  return output.replaceAll(/code = \w+ (desc = etcdserver: rpc not supported for learner)/g, 'code … $1');
}

function hideTarget(output: string): string {
  return output.replaceAll(/"target":"[^"]*"/g, '"target":…');
}

interface LeaderAndOther {
  readonly leader: { readonly id: string; readonly endpoint: string };
  readonly other: { readonly id: string; readonly endpoint: string };
}

async function findLeader(shell: Shell): Promise<LeaderAndOther> {
  const { stdout } = await shell.until('true', 'endpoint status', everywhere(shell));
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(', '));
  const [leader] = rows.filter((row) => row[4] === 'true');
  const [other] = rows.filter((row) => row[4] === 'false');
  const named = (row: readonly string[] | undefined) => ({ endpoint: row?.[0] ?? '', id: row?.[1] ?? '' });
  return { leader: named(leader), other: named(other) };
}

async function changeMembers(shell: Shell): Promise<void> {
  const { run, until, system, cluster, folder } = shell;
  const hide = sortMembers;
  const newcomer = await createLoneMember({
    system,
    name: 'n4',
    dataFolder: join(folder, 'n4'),
    others: cluster.members,
  });
  shell.call(newcomer.peerUrl, '<peer address of n4>');
  shell.call(newcomer.endpoint, '<address of n4>');
  for (const format of formats) await run(`member list -w ${format}`, { hide });
  await run(`member add n4 --learner --peer-urls=${newcomer.peerUrl}`, { hide });
  await run('member add n5 --learner --peer-urls=http://127.0.0.1:9');
  for (const format of formats) await run(`member list -w ${format}`, { hide, member: 1 });
  const { stdout } = await until('unstarted', 'member list');
  const id = /^([0-9a-f]+), unstarted/m.exec(stdout)?.[1] ?? 'none';
  await run(`member promote ${id}`);
  newcomer.start();
  await until('started, n4', 'member list');
  await until('true', 'endpoint status', { endpoint: newcomer.endpoint });
  await until('thing', 'get some --consistency=s', { endpoint: newcomer.endpoint }); // It has caught up.
  await run('get some', { endpoint: newcomer.endpoint, hide: hideLearnerCode });
  await run('get some --consistency=s', { endpoint: newcomer.endpoint });
  await run('put some thing', { endpoint: newcomer.endpoint, hide: hideLearnerCode });
  await until('promoted in cluster', `member promote ${id}`, { member: 1 });
  await run(`member promote ${id}`);
  await run('member list -w table', { hide });
  await until('thing', 'get some', { endpoint: newcomer.endpoint });
  await run('put some more', { endpoint: newcomer.endpoint });
  await run(`member update ${id} --peer-urls=http://127.0.0.1:9`);
  await run(`member update ${id} --peer-urls=${newcomer.peerUrl} -w json`, { hide });
  await run('member list -w table', { hide });
  await run(`member remove ${id}`);
  await run(`member remove ${id}`);
  await newcomer.end();
  await run('member list -w table', { hide });
  await run('member add n5 --peer-urls=http://127.0.0.1:9 -w json', { hide });
  await run('member add n6 --peer-urls=http://127.0.0.1:10');
  const unstarted = await until('unstarted', 'member list');
  const second = /^([0-9a-f]+), unstarted/m.exec(unstarted.stdout)?.[1] ?? 'none';
  await run('member list', { hide });
  await run(`member remove ${second} -w json`, { hide });
  await run('member list', { hide });
  await run('member remove 123');
  await run('member update 123 --peer-urls=http://127.0.0.1:9');
  await run('member promote 123');
  await run('member add');
  await run('member add x');
  await run('member add x --peer-urls=nonsense');
  await run('member remove zz');
  await run('member promote zz');
  await run('member update 123');
  await run('member add again --peer-urls=http://127.0.0.1:9 -w nonsense');
}
