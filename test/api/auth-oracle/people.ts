import type { Permission } from '../../../src/mvcc/index.js';
import type { Credentials, Member } from '../../../src/member/index.js';
import type { World } from '../../member/world.js';

/*
 * The keys of the oracle's world are written down one by one, so that nobody has to reckon with intervals: a small letter is
 * the key of that one letter, a capital stands for all longer keys that begin with it, '>' for all keys beyond z.
 */
export type Keys = string;

/** Who asks, what was granted to it, and the same written down as keys. */
export interface Person {
  readonly name: string;
  readonly proof: 'none' | 'bad token' | 'token' | 'lost token' | 'certificate' | 'certificate and bad token';
  /** One role each. Null: there is no such user. */
  readonly grants: readonly Permission[] | null;
  readonly isRoot: boolean;
  readonly mayRead: Keys;
  readonly mayWrite: Keys;
}

const ctoe = 'cCdDeE';
const all = 'aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ>';
const fromE = all.slice(all.indexOf('e'));

function grant(
  permission: Permission['permission'],
  key: string,
  rangeEnd: string | null = null,
): Permission {
  return { permission, key, rangeEnd };
}

function person(name: string, parts: Partial<Person>): Person {
  return { name, proof: 'token', grants: [], isRoot: false, mayRead: '', mayWrite: '', ...parts };
}

export const people: readonly Person[] = [
  person('nobody', { proof: 'none', grants: null }),
  person('bad token', { proof: 'bad token', grants: null }),
  person('without roles', {}),
  person('reader', { grants: [grant('read', 'c', 'f')], mayRead: ctoe }),
  person('writer', { grants: [grant('write', 'c', 'f')], mayWrite: ctoe }),
  person('both', { grants: [grant('read-write', 'c', 'f')], mayRead: ctoe, mayWrite: ctoe }),
  person('elsewhere', { grants: [grant('read-write', 'm', 'p')], mayRead: 'mMnNoO', mayWrite: 'mMnNoO' }),
  person('partly', { grants: [grant('read-write', 'a', 'd')], mayRead: 'aAbBcC', mayWrite: 'aAbBcC' }),
  person('one key', { grants: [grant('read-write', 'd')], mayRead: 'd', mayWrite: 'd' }),
  person('in halves', {
    grants: [grant('read-write', 'd', 'f'), grant('read', 'c', 'd'), grant('write', 'c', 'd')],
    mayRead: ctoe,
    mayWrite: ctoe,
  }),
  person('with a gap', {
    grants: [grant('read-write', 'd', 'd\0'), grant('read-write', 'e', 'f'), grant('read-write', 'c')],
    mayRead: 'cdeE',
    mayWrite: 'cdeE',
  }),
  person('reads more than it writes', {
    grants: [grant('read', 'a', 'z'), grant('read-write', 'd', 'e')],
    mayRead: all.slice(0, all.indexOf('z')),
    mayWrite: 'dD',
  }),
  person('to the end', { grants: [grant('read-write', 'e', '\0')], mayRead: fromE, mayWrite: fromE }),
  person('everything', { grants: [grant('read-write', '\0', '\0')], mayRead: all, mayWrite: all }),
  person('root', { isRoot: true }),
  person('with the role root', { isRoot: true }),
  person('deleted', { proof: 'lost token', grants: [grant('read-write', '\0', '\0')] }),
  person('password changed', { proof: 'lost token', grants: [grant('read-write', '\0', '\0')] }),
  person('reader by certificate', {
    proof: 'certificate',
    grants: [grant('read', 'c', 'f')],
    mayRead: ctoe,
  }),
  person('stranger by certificate', { proof: 'certificate', grants: null }),
  person('reader by certificate, with a bad token', {
    proof: 'certificate and bad token',
    grants: [grant('read', 'c', 'f')],
  }),
];

/** Makes the users, lets them log in, turns auth on, and spoils what is to be spoilt. */
export async function settleIn(member: Member, world: World): Promise<ReadonlyMap<string, Credentials>> {
  const { auth } = member;
  const execute = (command: Parameters<typeof auth.execute>[0]): Promise<void> =>
    world.settle(auth.execute(command));
  const hash = await world.settle(auth.hashPassword('secret'));
  for (const { name: user, grants, isRoot } of people) {
    if (grants === null) continue;
    await execute({ type: 'user-add', user, hash, noPassword: false });
    if (isRoot) await execute({ type: 'user-grant-role', user, role: 'root' });
    for (const [index, permission] of grants.entries()) {
      const role = roleOf(user, index);
      await execute({ type: 'role-add', role });
      await execute({ type: 'role-grant-permission', role, permission });
      await execute({ type: 'user-grant-role', user, role });
    }
  }
  await execute({ type: 'auth-enable' });
  const credentials = new Map<string, Credentials>();
  for (const { name, proof } of people) {
    const logsIn = proof === 'token' || proof === 'lost token';
    credentials.set(name, {
      token: logsIn
        ? await world.settle(auth.authenticate(name, 'secret'))
        : proof.endsWith('bad token')
          ? 'abcdefghijklmnop.1'
          : null,
      commonName: proof.startsWith('certificate') ? name : null,
    });
  }
  await execute({ type: 'user-delete', user: 'deleted' });
  await execute({ type: 'user-change-password', user: 'password changed', hash });
  return credentials;
}

export function roleOf(user: string, index: number): string {
  return `role ${index} of ${user}`;
}
