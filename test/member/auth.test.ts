import { describe, expect, test } from 'vitest';
import { at, QuorateError, seededRandom, some } from '../../src/base/index.js';
import type { LogFields, Logger } from '../../src/base/index.js';
import { createJwtSettings, defaultAuthConfig, defaultLimits } from '../../src/member/index.js';
import type { Credentials, Member, Secrets } from '../../src/member/index.js';
import type { AuthCommand, Principal } from '../../src/mvcc/index.js';
import { put, range } from '../mvcc/requests.js';
import { cheapSecrets } from '../../jepsen-like/simulator/index.js';
import { createWorld } from './world.js';
import type { World, WorldOptions } from './world.js';

type Change = Exclude<AuthCommand, { type: 'auth-token' }>;

interface Cluster {
  readonly world: World;
  readonly members: Map<string, Member>;
  readonly leader: () => Member;
  /** A member that does not lead. */
  readonly follower: () => readonly [string, Member];
  /** On behalf of the cluster itself, through the leader. */
  readonly change: (...changes: readonly Change[]) => Promise<void>;
  /** Everybody has applied what anybody has. */
  readonly level: () => Promise<void>;
}

async function startCluster(size: number, options: Partial<WorldOptions> = {}): Promise<Cluster> {
  const world = createWorld({ members: size, ...options });
  const members = new Map<string, Member>();
  for (const name of world.names) members.set(name, await world.start(name));
  const isLeader = (each: Member): boolean => each.status().role === 'leader';
  await world.run(() => [...members.values()].some(isLeader));
  const leader = (): Member => some([...members.values()].find(isLeader), 'a leader');
  return {
    world,
    members,
    leader,
    follower: () =>
      some(
        [...members].find(([, each]) => !isLeader(each)),
        'a member that does not lead',
      ),
    async change(...changes) {
      for (const each of changes) await world.settle(leader().auth.execute(each));
    },
    level: () =>
      world.run(() => {
        const { lastIndex } = leader().status();
        return [...members.values()].every((each) => each.status().appliedIndex === lastIndex);
      }),
  };
}

/** Ann may read and write a … z, and root may do everything. */
async function withUsers(cluster: Cluster): Promise<Cluster> {
  const hash = await cluster.world.settle(cluster.leader().auth.hashPassword('secret'));
  await cluster.change(
    { type: 'user-add', user: 'root', hash, noPassword: false },
    { type: 'user-grant-role', user: 'root', role: 'root' },
    { type: 'user-add', user: 'ann', hash, noPassword: false },
    { type: 'role-add', role: 'r' },
    {
      type: 'role-grant-permission',
      role: 'r',
      permission: { permission: 'read-write', key: 'a', rangeEnd: 'z' },
    },
    { type: 'user-grant-role', user: 'ann', role: 'r' },
    { type: 'auth-enable' },
  );
  return cluster;
}

const withToken = (token: string): Credentials => ({ token, commonName: null });

/** Whoever the credentials stand for, or the error's code. */
async function callerOf(world: World, member: Member, credentials: Credentials): Promise<Principal | string> {
  return world.settle(principalOf(member, credentials).catch(codeOf));
}

/** Signatures are computed by threads, and no simulated time tells when those are done. */
async function signedCallerOf(world: World, member: Member, token: string): Promise<Principal | string> {
  return world.settleOutside(principalOf(member, withToken(token)).catch(codeOf));
}

async function principalOf(member: Member, credentials: Credentials): Promise<Principal> {
  const caller = await member.auth.callerOf(credentials);
  if (caller === 'trusted') throw new Error('no credentials are trusted without a look');
  return caller;
}

const thrice = (each: string): readonly string[] => [each, each, each];

function codeOf(error: unknown): string {
  if (error instanceof QuorateError) return error.code;
  throw error;
}

function usersOf(member: Member): Promise<unknown> {
  const { auth } = member;
  return Promise.all([
    auth.userNames().then((names) => Promise.all(names.map((name) => auth.user(name)))),
    auth.roleNames().then((names) => Promise.all(names.map((name) => auth.role(name)))),
    auth.userNames().then(() => ({ enabled: auth.enabled, revision: auth.revision })),
  ]);
}

describe('a login', () => {
  test('wants users to be needed', async () => {
    const { world, leader } = await startCluster(1);
    expect(await world.settle(leader().auth.authenticate('ann', 'secret').catch(codeOf))).toBe(
      'auth-not-enabled',
    );
  });

  test('with the right password gives a token of 16 letters, a dot and a log index', async () => {
    const { world, leader } = await withUsers(await startCluster(1));
    const token = await world.settle(leader().auth.authenticate('ann', 'secret'));
    expect(token).toMatch(/^[a-zA-Z]{16}\.\d+$/);
    expect(Number(token.split('.')[1])).toBe(leader().status().appliedIndex);
    expect(await callerOf(world, leader(), withToken(token))).toEqual({
      user: 'ann',
      authRevision: leader().auth.revision,
    });
  });

  test('does not tell why it fails', async () => {
    const { world, leader, change } = await withUsers(await startCluster(1));
    await change({ type: 'user-add', user: 'certificate', hash: '', noPassword: true });
    await change({ type: 'user-add', user: 'imported', hash: '', noPassword: false });
    for (const [user, password] of [
      ['ann', 'wrong'],
      ['ann', ''],
      ['nobody', 'secret'],
      ['', ''],
      ['certificate', ''],
      ['certificate', 'secret'],
      ['imported', ''],
      ['__proto__', 'secret'],
    ] as const) {
      const outcome = await world.settle(leader().auth.authenticate(user, password).catch(codeOf));
      expect(outcome, user).toBe('authentication-failed');
    }
  });

  test('by one member is known to the others at once, also to one that lags', async () => {
    const cluster = await withUsers(await startCluster(3));
    const { world, leader } = cluster;
    const [name, follower] = cluster.follower();
    for (const other of world.names) if (other !== name) world.cut(name, other);
    const token = await world.settle(leader().auth.authenticate('ann', 'secret'));
    const asked = callerOf(world, follower, withToken(token));
    world.heal();
    expect(await asked).toMatchObject({ user: 'ann' });
    for (const member of cluster.members.values()) {
      expect(await callerOf(world, member, withToken(token))).toMatchObject({ user: 'ann' });
    }
  });

  test('that races with a change of the password is tried again, and fails with the old one', async () => {
    const cheap = cheapSecrets(seededRandom(1));
    const begun: (() => void)[] = [];
    const slow: Secrets = {
      ...cheap,
      async matchesPassword(password, hash) {
        await new Promise<void>((resolve) => begun.push(resolve));
        return cheap.matchesPassword(password, hash);
      },
    };
    const { world, leader, change } = await withUsers(await startCluster(1, { secrets: slow }));
    const hash = await world.settle(leader().auth.hashPassword('new'));
    const withOld = leader().auth.authenticate('ann', 'secret').catch(codeOf);
    await world.run(() => begun.length === 1);
    await change({ type: 'user-change-password', user: 'ann', hash });
    at(begun, 0)(); // It matches the password as it was.
    await world.run(() => begun.length === 2);
    at(begun, 1)();
    expect(await world.settle(withOld)).toBe('authentication-failed');

    const withNew = leader().auth.authenticate('ann', 'new');
    await world.run(() => begun.length === 3);
    await change({ type: 'role-add', role: 'another' });
    at(begun, 2)();
    await world.run(() => begun.length === 4);
    at(begun, 3)();
    expect(await world.settle(withNew)).toMatch(/^[a-zA-Z]{16}\.\d+$/);
  });

  test('gives up when users never stop changing', async () => {
    const cheap = cheapSecrets(seededRandom(1));
    let meanwhile: () => Promise<unknown> = async () => Promise.resolve();
    const busy: Secrets = {
      ...cheap,
      async matchesPassword(password, hash) {
        await meanwhile();
        return cheap.matchesPassword(password, hash);
      },
    };
    const { world, leader } = await withUsers(await startCluster(1, { secrets: busy }));
    let roles = 0;
    meanwhile = () => leader().auth.execute({ type: 'role-add', role: `role ${roles++}` });
    const outcome = leader().auth.authenticate('ann', 'secret').catch(codeOf);
    expect(await world.settle(outcome)).toBe('auth-revision-old');
    expect(roles).toBeLessThan(20);
  });
});

describe('a token', () => {
  test('lives as long as it is used on a member', async () => {
    const cluster = await withUsers(await startCluster(1));
    const { world, leader } = cluster;
    const token = await world.settle(leader().auth.authenticate('ann', 'secret'));
    for (let use = 0; use < 3; use++) {
      await pass(world, 299_000);
      expect(await callerOf(world, leader(), withToken(token))).toMatchObject({ user: 'ann' });
    }
    await pass(world, 300_000);
    expect(await callerOf(world, leader(), withToken(token))).toBe('invalid-auth-token');
  });

  async function pass(world: World, ms: number): Promise<void> {
    const until = world.nowMs + ms;
    await world.run(() => world.nowMs >= until, ms + 1000);
  }

  test('ends everywhere with its password, its user, or the need for users', async () => {
    const cluster = await withUsers(await startCluster(3));
    const { world, leader, change, level } = cluster;
    const hash = await world.settle(leader().auth.hashPassword('secret'));
    const logIn = (user: string): Promise<string> => world.settle(leader().auth.authenticate(user, 'secret'));
    const everywhere = (token: string): Promise<readonly (Principal | string)[]> =>
      Promise.all([...cluster.members.values()].map((member) => callerOf(world, member, withToken(token))));

    const [first, second, root] = [await logIn('ann'), await logIn('ann'), await logIn('root')];
    await level();
    expect((await everywhere(first)).map((caller) => typeof caller)).toEqual(thrice('object'));
    await change({ type: 'user-change-password', user: 'ann', hash });
    await level();
    for (const token of [first, second]) {
      expect(await everywhere(token)).toEqual(thrice('invalid-auth-token'));
    }
    const third = await logIn('ann');
    await change({ type: 'user-delete', user: 'ann' });
    await level();
    expect(await everywhere(third)).toEqual(thrice('invalid-auth-token'));
    expect((await everywhere(root)).map((caller) => typeof caller)).toEqual(thrice('object'));
    await change({ type: 'auth-disable' }, { type: 'auth-enable' });
    await level();
    expect(await everywhere(root)).toEqual(thrice('invalid-auth-token'));
  });

  test('that ends takes its watches with it, and nothing else', async () => {
    const cluster = await withUsers(await startCluster(3));
    const { world } = cluster;
    const [, member] = cluster.follower();
    const token = await world.settle(member.auth.authenticate('ann', 'secret'));
    const caller = await world.settle(Promise.resolve(member.auth.callerOf(withToken(token))));
    const wanted = {
      key: 'b',
      rangeEnd: null,
      startRevision: 0,
      noPut: false,
      noDelete: false,
      prevKv: false,
    };
    const ends: string[] = [];
    member.watches.watch(
      wanted,
      { events: () => true, compacted: () => undefined, ended: (error) => void ends.push(error) },
      caller,
    );
    await cluster.change({
      type: 'user-change-password',
      user: 'ann',
      hash: await world.settle(member.auth.hashPassword('another')),
    });
    await world.run(() => ends.length > 0);
    expect(ends).toEqual(['permission-denied']);
    await world.settle(member.put(put('b', '1')));
  });

  test('is not looked at while nobody needs a user', async () => {
    const { world, leader } = await startCluster(1);
    for (const token of ['', 'nonsense', 'abcdefghijklmnop.1', 'abcdefghijklmnop.999999']) {
      expect(await callerOf(world, leader(), withToken(token))).toEqual({ user: '', authRevision: 0 });
    }
  });

  test('that nobody was given is refused, with whatever index', async () => {
    const { world, leader } = await withUsers(await startCluster(1));
    for (const token of ['', 'nonsense', 'abcdefghijklmnop.1', 'abcdefghijklmnop.999999', 'a.b.c', '.']) {
      expect(await callerOf(world, leader(), withToken(token)), token).toBe('invalid-auth-token');
    }
  });

  test('wins over a certificate; without one the certificate counts', async () => {
    const { world, leader } = await withUsers(await startCluster(1));
    const { auth } = leader();
    const token = await world.settle(auth.authenticate('ann', 'secret'));
    const both = { token, commonName: 'root' };
    expect(await callerOf(world, leader(), both)).toMatchObject({ user: 'ann' });
    const alone = { token: null, commonName: 'root' };
    expect(await callerOf(world, leader(), alone)).toEqual({ user: 'root', authRevision: auth.revision });
    for (const none of [null, '']) {
      const nobody = await callerOf(world, leader(), { token: null, commonName: none });
      expect(nobody).toEqual({ user: '', authRevision: 0 });
    }
  });

  test('stands for its user as of now, although users change while a read waits', async () => {
    const cluster = await withUsers(await startCluster(3));
    const { world, leader, change } = cluster;
    const [name, follower] = cluster.follower();
    const token = await world.settle(leader().auth.authenticate('ann', 'secret'));
    await cluster.level();
    for (const other of world.names) if (other !== name) world.cut(name, other);
    await change({ type: 'role-add', role: 'unrelated' });
    // The follower has not heard of it yet; it will have when it answers.
    const caller = await world.settle(principalOf(follower, withToken(token)));
    const answer = follower.range(range('k'), caller);
    world.heal();
    expect(await world.settle(answer)).toMatchObject({ count: 0 });

    await cluster.level();
    for (const other of world.names) if (other !== name) world.cut(name, other);
    await change({ type: 'user-delete', user: 'ann' });
    const stale = await world.settle(principalOf(follower, withToken(token)));
    const refused = follower.range(range('k'), stale).catch(codeOf);
    world.heal();
    expect(await world.settle(refused)).toBe('invalid-auth-token');
  });
});

describe('a write', () => {
  test('of a caller from before a change is refused, and the same on every member', async () => {
    const cluster = await withUsers(await startCluster(3));
    const { world, leader, change, level } = cluster;
    const token = await world.settle(leader().auth.authenticate('ann', 'secret'));
    const old = await world.settle(principalOf(leader(), withToken(token)));
    await change({ type: 'role-add', role: 'unrelated' });
    expect(await world.settle(leader().put(put('k', 'v'), old).catch(codeOf))).toBe('auth-revision-old');
    const now = await world.settle(principalOf(leader(), withToken(token)));
    await world.settle(leader().put(put('k', 'v'), now));
    await level();
    const revisions = [...cluster.members.values()].map((each) => each.status().revision);
    expect(new Set(revisions).size).toBe(1);
  });

  test('of nobody is refused from the very entry on that turns auth on', async () => {
    const cluster = await withUsers(await startCluster(1));
    const { world, leader, change } = cluster;
    await change({ type: 'auth-disable' });
    const nobody = { user: '', authRevision: 0 };
    const outcomes = await world.settle(
      Promise.all([
        leader().put(put('k', 'before'), nobody).catch(codeOf),
        leader().auth.execute({ type: 'auth-enable' }),
        leader().put(put('k', 'after'), nobody).catch(codeOf),
      ]),
    );
    expect(outcomes[0]).toMatchObject({ type: 'put' });
    expect(outcomes[2]).toBe('user-empty');
  });
});

describe('users and roles', () => {
  test('are the same on all members, through lag, kills and a snapshot', async () => {
    const limits = { ...defaultLimits, catchUpEntries: 5, logSizeBytesMax: 1000 };
    const config = { snapshotCount: 10, limits };
    const cluster = await withUsers(await startCluster(3, { config }));
    const { world, members, leader, change, level } = cluster;
    const [name, follower] = cluster.follower();
    const token = await world.settle(leader().auth.authenticate('ann', 'secret'));
    await level();
    for (const other of world.names) if (other !== name) world.cut(name, other);
    for (let each = 0; each < 60; each++) {
      await change({ type: 'user-add', user: `user ${each}`, hash: 'h', noPassword: false });
      if (each % 3 === 0) await change({ type: 'user-delete', user: `user ${each}` });
    }
    await change({ type: 'role-delete', role: 'r' });
    expect(follower.auth.revision).toBeLessThan(leader().auth.revision);
    world.heal();
    await level();
    const first = await world.settle(usersOf(leader()));
    for (const member of members.values()) expect(await world.settle(usersOf(member))).toEqual(first);
    // What a snapshot stands for may have ended the token.
    expect(await callerOf(world, follower, withToken(token))).toBe('invalid-auth-token');

    for (const each of world.names) world.kill(each);
    for (const each of world.names) members.set(each, await world.start(each));
    await world.run(() => [...members.values()].some((each) => each.status().role === 'leader'));
    for (const member of members.values()) expect(await world.settle(usersOf(member))).toEqual(first);
  });

  test('are shown to themselves, the rest to root', async () => {
    const { world, leader } = await withUsers(await startCluster(1));
    const { auth } = leader();
    const ann = { user: 'ann', authRevision: auth.revision };
    expect(await world.settle(auth.user('ann', ann))).toMatchObject({ roles: ['r'] });
    expect(await world.settle(auth.role('r', ann))).toMatchObject({ name: 'r' });
    const refused: readonly (() => Promise<unknown>)[] = [
      () => auth.user('root', ann),
      () => auth.user('not there', ann),
      () => auth.role('root', ann),
      () => auth.userNames(ann),
      () => auth.roleNames(ann),
    ];
    for (const ask of refused) {
      expect(await world.settle(ask().then(() => 'shown', codeOf))).toBe('permission-denied');
    }
    expect(await world.settle(auth.user('not there').then(() => 'shown', codeOf))).toBe('user-not-found');
    expect(await world.settle(auth.role('root').then(() => 'shown', codeOf))).toBe('role-not-found');
  });
});

describe('signed tokens', () => {
  const token = createJwtSettings({
    signMethod: 'HS256',
    privateKey: Buffer.from('a secret of the cluster'),
    publicKey: null,
    ttlSeconds: 600,
  });
  const config = { auth: { ...defaultAuthConfig, token } };

  test('are known to every member without a word between them', async () => {
    const cluster = await withUsers(await startCluster(3, { config }));
    const { world, leader, level } = cluster;
    const given = await world.settleOutside(leader().auth.authenticate('ann', 'secret'));
    const { lastIndex } = leader().status();
    await level();
    for (const member of cluster.members.values()) {
      const caller = await signedCallerOf(world, member, given);
      expect(caller).toEqual({ user: 'ann', authRevision: leader().auth.revision });
    }
    expect(leader().status().lastIndex).toBe(lastIndex);
    expect(await callerOf(world, leader(), withToken('abcdefghijklmnop.7'))).toBe('invalid-auth-token');
  });

  test('are old once users have changed, for keys, as in etcd', async () => {
    const { world, leader, change } = await withUsers(await startCluster(1, { config }));
    const given = await world.settleOutside(leader().auth.authenticate('ann', 'secret'));
    await change({ type: 'role-add', role: 'unrelated' });
    const caller = await world.settleOutside(principalOf(leader(), withToken(given)));
    expect(await world.settle(leader().range(range('k'), caller).catch(codeOf))).toBe('auth-revision-old');
    expect(await world.settle(leader().put(put('k', 'v'), caller).catch(codeOf))).toBe('auth-revision-old');
  });

  test('end by the clock on the wall', async () => {
    const { world, leader } = await withUsers(await startCluster(1, { config }));
    const given = await world.settleOutside(leader().auth.authenticate('ann', 'secret'));
    const until = world.nowMs + 601_000;
    await world.run(() => world.nowMs >= until, 602_000);
    expect(await signedCallerOf(world, leader(), given)).toBe('invalid-auth-token');
  });
});

describe('the log', () => {
  test('holds no password, no hash and no token', async () => {
    const lines: string[] = [];
    const write = (message: string, fields?: LogFields): void =>
      void lines.push(message + JSON.stringify(fields ?? {}));
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const cluster = await withUsers(await startCluster(1, { logger }));
    const { world, leader } = cluster;
    const hash = await world.settle(leader().auth.hashPassword('secret'));
    const token = await world.settle(leader().auth.authenticate('ann', 'secret'));
    await world.settle(leader().auth.authenticate('ann', 'mistyped').catch(codeOf));
    await callerOf(world, leader(), withToken('guessed'));
    const all = lines.join('\n');
    for (const word of ['secret', 'mistyped', 'guessed', hash, token, token.slice(0, 16)]) {
      expect(all).not.toContain(word);
    }
    expect(lines.some((line) => line.includes('users'))).toBe(true);
  });
});
