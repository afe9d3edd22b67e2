import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';

import { at } from '../../src/base/index.js';
import { testFolder } from '../bbolt/folder.js';
import { builtProgram, describeOnBoth } from '../client/systems.js';
import { freeUrl } from '../client/free-url.js';
import { quorate } from './io.js';

interface Member {
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

describeOnBoth('quorate member and move-leader', 3, (system) => {
  const run = (args: readonly string[], endpoints = system.cluster.endpoints) =>
    quorate(args, { env: { QUORATE_ENDPOINTS: endpoints.join() } });
  const json = async (args: readonly string[]): Promise<unknown> =>
    JSON.parse((await run([...args, '--json'])).out);
  const list = async (): Promise<readonly Member[]> =>
    ((await json(['member', 'list'])) as { members: readonly Member[] }).members;

  // A cluster changes nobody before all of its members have been connected for a while; etcd's: five seconds.
  beforeAll(async () => {
    const name = 'settled';
    const add = async () => run(['member', 'add', name, '--peer-urls', 'http://127.0.0.1:1', '--learner']);
    await vi.waitUntil(async () => (await add()).code === 0, { timeout: 20_000, interval: 200 });
    const learner = (await list()).find(({ isLearner }) => isLearner);
    expect(await run(['member', 'remove', learner?.id ?? ''])).toMatchObject({ code: 0 });
  }, 30_000);

  test('list', async () => {
    expect((await run(['member', 'list'])).out).toMatch(
      /^ID +NAME +PEER URLS +CLIENT URLS +KIND\n([0-9a-f]{16} .* voter\n){3}$/,
    );
    const members = await list();
    expect(members.map(({ clientUrls }) => clientUrls)).toEqual(
      expect.arrayContaining(system.cluster.members.map(({ clientUrl }) => [clientUrl])),
    );
    expect(await json(['member', 'list', '--serializable'])).toEqual({ members });
  });

  test('a learner is added, not promoted too early, moved, and removed', async () => {
    const before = await list();
    const peerUrl = await freeUrl();
    const added = await run(['member', 'add', 'new', '--peer-urls', peerUrl, '--learner']);
    expect(added).toMatchObject({ code: 0, err: '' });
    const initialCluster = [...before, { name: 'new', peerUrls: [peerUrl] }];
    expect(added.out.replace(/--initial-cluster .*/, '')).toMatch(
      new RegExp(
        '^added [0-9a-f]{16} as a learner\n\nStart it .*\n\n' +
          ` {2}quorate server --name new .*\n +--initial-cluster-state existing .*\n.*\n` +
          ` +--initial-advertise-peer-urls ${peerUrl} .*\n +--listen-peer-urls ${peerUrl}\n\n` +
          'When it has caught up: quorate member promote new\n$',
      ),
    );
    expect(/--initial-cluster (\S+)/.exec(added.out)?.[1]?.split(',').sort()).toEqual(
      initialCluster.map((member) => `${member.name}=${at(member.peerUrls, 0)}`).sort(),
    );

    const { id } = at(
      (await list()).filter(({ isLearner }) => isLearner),
      0,
    );
    expect((await run(['member', 'list'])).out).toContain('not started');
    const early = await run(['member', 'promote', id]);
    expect(early).toMatchObject({ code: 1, out: '' });
    expect(early.err).toMatch(/in sync with leader.*\n.*try again when it has caught up\n$/);

    const elsewhere = await freeUrl();
    expect(await run(['member', 'update', id, '--peer-urls', elsewhere])).toMatchObject({
      code: 0,
      out: `${id} is now at ${elsewhere}\n`,
    });
    expect((await list()).find((member) => member.id === id)?.peerUrls).toEqual([elsewhere]);
    expect(await run(['member', 'remove', id])).toMatchObject({
      code: 0,
      out: `removed ${id}; 3 members left\n`,
    });
    expect(await list()).toEqual(before);
  });

  test('a member with a vote', async () => {
    const added = (await json(['member', 'add', 'new', '--peer-urls', await freeUrl()])) as {
      readonly member: Member;
      readonly members: readonly Member[];
      readonly start: unknown;
    };
    expect(added).toMatchObject({
      member: { name: '', isLearner: false },
      start: { name: 'new', initialClusterState: 'existing' },
    });
    expect(added.members).toHaveLength(4);
    expect(await json(['member', 'remove', added.member.id])).toMatchObject({ members: { length: 3 } });
  });

  test('what does not fit is refused, and says what to do', async () => {
    const [first] = await list();
    if (first === undefined) throw new Error('a member');
    const taken = await run(['member', 'add', first.name, '--peer-urls', 'http://127.0.0.1:1']);
    expect(taken).toMatchObject({ code: 2, out: '' });
    expect(taken.err).toContain(`NAME ${first.name} is taken by member ${first.id}`);
    const twice = await run(['member', 'add', 'other', '--peer-urls', first.peerUrls.join()]);
    expect(twice).toMatchObject({ code: 1, out: '' });
    expect(twice.err).toMatch(/already exists.*\n`quorate member list` shows whose they are\n$/);
    const unknown = await run(['member', 'remove', 'nobody']);
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('member remove: there is no member nobody; there are ');
    expect(unknown.err).toContain(`${first.name} (${first.id})`);
    expect(await run(['member', 'promote', first.name])).toMatchObject({ code: 1, out: '' });
    expect(await list()).toHaveLength(3);
  });

  test('move-leader, by name and by id, whichever member is asked', async () => {
    const leader = await system.cluster.waitForLeader();
    const others = (await list()).filter(({ clientUrls }) => !clientUrls.includes(leader.clientUrl));
    const [next, third] = [at(others, 0), at(others, 1)];
    expect(await run(['move-leader', next.name])).toMatchObject({
      code: 0,
      out: `${next.name} (${next.id}) leads now\n`,
    });
    // A follower alone tells where the leader is.
    const follower = at(third.clientUrls, 0).replace('http://', '');
    const moved = await run(['move-leader', third.id, '--json'], [follower]);
    expect(JSON.parse(moved.out)).toEqual({ leader: third.id });
    expect(await json(['status', '--endpoints', follower])).toMatchObject({
      endpoints: [{ isLeader: true }],
    });
    expect(await run(['move-leader', 'nobody'])).toMatchObject({ code: 1, out: '' });
  });

  const isEtcd = system.name === 'etcd'; // Its members are started with flags of their own.
  test.skipIf(isEtcd)(
    'a member is added, started as the words say, promoted, and removed',
    async () => {
      const [name, peerUrl, clientUrl] = ['fourth', await freeUrl(), await freeUrl()];
      const { out } = await run(['member', 'add', name, '--learner', '--peer-urls', peerUrl]);
      const words = /quorate server ([^]*?)\n\n/.exec(out)?.[1]?.split(/[\s\\]+/) ?? [];
      const [program = '', ...args] = builtProgram();
      const place = ['--data-dir', join(await testFolder(), 'data'), '--listen-client-urls', clientUrl];
      const advertised = ['--advertise-client-urls', clientUrl];
      const child = spawn(program, [...args, ...words, ...place, ...advertised], { stdio: 'ignore' });
      const ended = once(child, 'close');
      onTestFinished(async () => {
        child.kill('SIGKILL');
        await ended;
      });
      await vi.waitUntil(async () => (await run(['member', 'promote', name])).code === 0, {
        timeout: 15_000,
      });
      expect((await list()).find((member) => member.name === name)).toMatchObject({
        clientUrls: [clientUrl],
        isLearner: false,
      });
      expect((await run(['hash'])).out).toMatch(/\nequal: 4 members compared\n$/);
      expect((await run(['member', 'remove', name])).out).toMatch(
        /^removed fourth \([0-9a-f]{16}\); 3 members left\n$/,
      );
    },
    30_000,
  );
});
