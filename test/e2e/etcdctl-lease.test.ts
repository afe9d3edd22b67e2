import { afterAll, beforeAll, describe, it } from 'vitest';
import { whyNoEtcdctl } from './etcdctl.js';
import { startPair, whyNoEtcd } from './pair.js';
import type { Pair } from './pair.js';
import { compare } from './shell.js';
import type { Shell } from './shell.js';

const reason = whyNoEtcdctl() ?? whyNoEtcd();
if (reason !== null) console.warn(`SKIPPED: etcdctl lease, lock and elect against real clusters: ${reason}`);

const formats = ['simple', 'json', 'fields', 'table', 'protobuf'] as const;

/** Seconds pass between grant and question: what is left may be one less. etcd tells attached keys in no order. */
function hideRest(output: string): string {
  return output
    .replaceAll(/attached keys\(\[([^\]]*)\]\)/g, (_, keys: string) => `attached ${sorted(keys, ' ')}`)
    .replaceAll(/"keys":\[([^\]]*)\]/g, (_, keys: string) => `"keys":${sorted(keys, ',')}`)
    .replaceAll(/("Key" : .*\n)+/g, (keys) => sorted(keys, '\n'))
    .replaceAll(/remaining\((\d+)s\)/g, 'remaining(…)')
    .replaceAll(/"ttl":\d{2,}/g, '"ttl":…')
    .replaceAll(/"TTL" : \d{2,}/g, '"TTL" : …');
}

function sorted(list: string, separator: string): string {
  return list.split(separator).sort().join(separator);
}

/** Protobuf holds the ids of cluster and member. */
function hideBytes(output: string): string {
  return `${output.length > 0 ? 'some' : 'no'} bytes\n`;
}

async function grant(shell: Shell, ttl: number): Promise<string> {
  const { stdout } = await shell.run(`lease grant ${ttl}`);
  return /lease ([0-9a-f]+) granted/.exec(stdout)?.[1] ?? 'none';
}

describe.skipIf(reason !== null)('etcdctl 3.4', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it('grants, lists and revokes leases', () =>
    compare(pair, async (shell) => {
      await shell.run('lease list');
      const id = await grant(shell, 60);
      await shell.run(`put l/b 1 --lease=${id}`);
      await shell.run(`put l/a 2 --lease=${id}`, { member: 1 });
      await shell.run(`put l/c 3 --lease=${id}`);
      await shell.run('put l/c detached');
      await shell.run('put l/a again --ignore-lease');
      await shell.run('get l/ --prefix -w json');
      for (const format of formats) {
        const hide = format === 'protobuf' ? hideBytes : hideRest;
        await shell.run(`lease timetolive ${id} -w ${format}`, { hide });
        await shell.run(`lease timetolive ${id} --keys -w ${format}`, { hide, member: 1 });
        await shell.run(`lease list -w ${format}`, { hide, member: 2 });
      }
      await shell.run(`lease revoke ${id}`, { member: 1 });
      await shell.run('get l/ --prefix -w json');
      await shell.run(`lease timetolive ${id}`);
      await shell.run(`lease timetolive ${id} --keys`);
      await shell.run(`lease revoke ${id}`);
      await shell.run('lease list');
      for (const format of formats) {
        const hide = format === 'protobuf' ? hideBytes : hideRest;
        const { stdout } = await shell.run(`lease grant 50 -w ${format}`, { hide });
        const granted = /\bID"?(?:"| )?:\s?(\d+)/.exec(stdout)?.[1] ?? /lease ([0-9a-f]+)/.exec(stdout)?.[1];
        if (granted === undefined) continue;
        const hex = format === 'simple' ? granted : BigInt(granted).toString(16);
        await shell.run(`lease revoke ${hex} -w ${format}`);
      }
    }));

  it('keeps leases alive, through any member, and sees them end', () =>
    compare(pair, async (shell) => {
      const id = await grant(shell, 3);
      await shell.run(`put k/leased x --lease=${id}`);
      for (const member of [0, 1, 2]) await shell.run(`lease keep-alive ${id} --once`, { member });
      for (const format of ['simple', 'json', 'fields']) {
        const keeping = shell.start(`lease keep-alive ${id} -w ${format}`, { member: 2 });
        await keeping.see(/TTL.*\d+\)?.*\n/);
        await keeping.end('SIGINT');
      }
      // Nobody keeps this one: it takes its key with it, and the revision says that nothing else happened.
      const short = await grant(shell, 1);
      await shell.run(`put k/short x --lease=${short}`);
      await shell.until('"count" :|"Count" : 0', 'get k/short -w fields');
      await shell.until(/already expired/, `lease timetolive ${short}`);
      await shell.run(`lease keep-alive ${short}`);
      await shell.run(`lease keep-alive ${short} --once`);
      await shell.run(`lease timetolive ${short}`);
      await shell.run('get k/short -w json');
      await shell.run(`lease revoke ${id}`);
    }));

  it('says what is wrong with a lease', () =>
    compare(pair, async (shell) => {
      await shell.run('lease timetolive 123');
      await shell.run('lease timetolive 123 -w json');
      await shell.run('lease keep-alive 123');
      await shell.run('lease keep-alive 123 --once -w json');
      await shell.run('lease revoke 123');
      await shell.run('lease revoke xyz');
      await shell.run('lease revoke 7fffffffffffffff');
      await shell.run('lease grant 99999999999');
      await shell.run('lease grant 9000000001');
      await shell.run('lease grant x');
      await shell.run('lease grant');
      await shell.run('lease grant -w nonsense 5');
      await shell.run('put k/none x --lease=123');
      const least = await grant(shell, 0);
      await shell.run(`lease timetolive ${least}`, { hide: hideRest });
      await shell.run(`lease revoke ${least}`);
      await shell.run(['lease', 'grant', '--', '-7'], { hide: hideRest });
    }));

  it('locks, one after the other', () =>
    compare(pair, async (shell) => {
      await shell.run('lock m echo hello');
      await shell.run([
        'lock',
        'm',
        '--',
        'sh',
        '-c',
        'echo $ETCD_LOCK_KEY $ETCD_LOCK_REV | cut -c1-2; exit 3',
      ]);
      const first = shell.start('lock m');
      await first.see(/m\/[0-9a-f]+\n/);
      const second = shell.start('lock m --ttl=5', { member: 1 });
      await shell.until(/(m\/[^]*){2}/, 'get m/ --prefix --keys-only');
      const third = shell.start(['lock', 'm', '--', 'echo', 'third'], { member: 2 });
      await shell.until(/(m\/[^]*){3}/, 'get m/ --prefix --keys-only');
      await first.end('SIGINT');
      await second.see(/m\/[0-9a-f]+\n/);
      await second.end('SIGTERM');
      await third.ended;
      await shell.run('get m/ --prefix -w json');
      await shell.run('lock');
      await shell.run('lock m --ttl=x');
    }));

  it('takes over the lock of a client that died', () =>
    compare(pair, async (shell) => {
      const first = shell.start('lock dead --ttl=2');
      await first.see(/dead\/[0-9a-f]+\n/);
      const second = shell.start(['lock', 'dead', '--', 'echo', 'mine'], { member: 1 });
      await shell.until(/(dead\/[^]*){2}/, 'get dead/ --prefix --keys-only');
      await first.end('SIGKILL');
      await second.ended;
    }));

  it('elects', () =>
    compare(pair, async (shell) => {
      const observer = shell.start('elect -l e', { member: 1 });
      const first = shell.start('elect e one');
      await first.see('one\n');
      await observer.see(/e\/[0-9a-f]+\none\n/);
      const second = shell.start('elect e two', { member: 2 });
      await shell.until(/(e\/[^]*){2}/, 'get e/ --prefix --keys-only');
      await first.end('SIGINT');
      await second.see('two\n');
      await observer.see(/e\/[0-9a-f]+\ntwo\n/);
      await second.end('SIGTERM');
      await observer.end('SIGINT');
      await shell.run('get e/ --prefix -w json');
      await shell.run('elect');
      await shell.run('elect e');
      await shell.run('elect -l e proposal');
    }));
});
