import { afterAll, beforeAll, describe, it } from 'vitest';
import { whyNoEtcdctl } from './etcdctl.js';
import { startPair, whyNoEtcd } from './pair.js';
import type { Pair } from './pair.js';
import { compare, revisionOf } from './shell.js';

const reason = whyNoEtcdctl() ?? whyNoEtcd();
if (reason !== null) console.warn(`SKIPPED: etcdctl watch against real clusters: ${reason}`);

/** JSON by event, for how many one response holds depends on when the watch began. */
function eventByEvent(output: string): string {
  return output
    .split('\n')
    .flatMap((line) => {
      if (!line.startsWith('{')) return line === '' ? [] : [line];
      const { Events: events, ...rest } = JSON.parse(line.replaceAll(/:(…|<[^>]*>)/g, ':"$1"')) as {
        readonly Events?: readonly unknown[];
      };
      return [...(events ?? []), ...(events === undefined || events.length === 0 ? [rest] : [])].map((each) =>
        JSON.stringify(each),
      );
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** The fields of one event after another, without the header that precedes those of one response. */
function fieldByField(output: string): string {
  return output.replaceAll(/"(ClusterID|MemberID|Revision|RaftTerm)" : .*\n/g, '');
}

const hideBatches = { simple: (output: string) => output, json: eventByEvent, fields: fieldByField } as const;

describe.skipIf(reason !== null)('etcdctl 3.4 watch', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it.each(['simple', 'json', 'fields'] as const)('prints puts and deletes as %s', (format) =>
    compare(pair, async (shell) => {
      const rev = (await revisionOf(shell)) + 1;
      const options = { member: 1, hide: hideBatches[format] };
      const last = { simple: 'last\n', json: '"bGFzdA=="', fields: '"Value" : "last"\n"Lease" : 0\n' }[
        format
      ];
      const one = shell.start(`watch w/a --rev=${rev} -w ${format}`, options);
      const before = shell.start(`watch w/ --prefix --prev-kv --rev=${rev} -w ${format}`, options);
      const range = shell.start(`watch w/a w/c --rev=${rev} -w ${format} --hex`, options);
      await shell.run('put w/a one');
      await shell.run('put w/b two');
      await shell.run('put w/a three');
      await shell.run('txn', { input: '\nput w/b in-txn\ndel w/a\nput w/c c\n\n\n' });
      await shell.run('del w/ --prefix');
      await shell.run('put w/a last');
      await Promise.all([
        one.see(last),
        before.see(last),
        range.see(format === 'simple' ? String.raw`\x6c\x61\x73\x74` : last),
      ]);
      for (const watch of [one, before, range]) await watch.end('SIGINT');
    }),
  );

  it('tells the past, up to what was compacted', () =>
    compare(pair, async (shell) => {
      const rev = (await revisionOf(shell)) + 1;
      for (const value of [1, 2, 3, 4]) await shell.run(`put past ${value}`);
      await shell.run(`compaction ${rev + 2}`);
      for (const format of ['simple', 'json', 'fields'] as const) {
        await shell.run(`watch past --rev=${rev} -w ${format}`);
        const watch = shell.start(`watch past --prev-kv --rev=${rev + 2} -w ${format}`, {
          hide: hideBatches[format],
        });
        await watch.see({ simple: '4\n', json: '"NA=="', fields: '"Value" : "4"\n"Lease" : 0\n' }[format]);
        await watch.end('SIGTERM');
      }
    }));

  it('runs a command for each event', () =>
    compare(pair, async (shell) => {
      const rev = (await revisionOf(shell)) + 1;
      const script = 'echo $ETCD_WATCH_KEY $ETCD_WATCH_REVISION $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_VALUE';
      await shell.run('put run 1');
      await shell.run('del run');
      // The revision that it tells is the response's: both events come in one, from history.
      const watch = shell.start(['watch', 'run', `--rev=${rev}`, '--', 'sh', '-c', script]);
      await watch.see('"DELETE"');
      await watch.end('SIGINT');
    }));

  it('takes commands line by line', () =>
    compare(pair, async (shell) => {
      const watch = shell.start('watch -i', { member: 2 });
      watch.write('watch i/a\n');
      // A progress report says that the watches before it have begun.
      watch.write('progress\n');
      await watch.see('progress notify: ');
      await shell.run('put i/a 1');
      await watch.see('i/a');
      watch.write('watch i/b i/d --prev-kv\nprogress\n');
      await watch.see('progress notify: ', 3); // Each watch of the connection prints it.
      await shell.run('put i/c 1');
      await shell.run('put i/c 2');
      await watch.see('i/c', 3);
      await shell.run('del i/c');
      await watch.see('i/c', 5);
      watch.write('progress\n');
      await watch.see(/progress notify: \d+\n/, 5);
      await watch.end('SIGINT');
    }));

  it('says what is wrong', () =>
    compare(pair, async (shell) => {
      await shell.run('watch -i', { input: 'nonsense\n\nwatch\nwatch a b --prefix\n' });
      await shell.run('watch');
      await shell.run('watch b a');
      await shell.run('watch b a -w json');
      await shell.run('watch a b --prefix');
      await shell.run('watch past --rev=1 -w table');
      await shell.run('watch --rev=1', { environment: { ETCDCTL_WATCH_KEY: 'past' } });
    }));
});
