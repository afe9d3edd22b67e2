import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuthCommand, PermissionType } from '../../../src/mvcc/index.js';
import { command, createBench, dump, turnOn } from './support.js';

describe('users and roles', () => {
  test('begin with nobody, off, at revision 1', async () => {
    const { state } = await createBench();
    expect(dump(state)).toEqual({ enabled: false, revision: 1, users: [], roles: [] });
  });

  test('a user is added once, with a name', async () => {
    const { state } = await createBench();
    expect(state.apply(command.addUser(''))).toBe('user-empty');
    expect(state.apply(command.addUser('ann'))).toBeNull();
    expect(state.apply(command.addUser('ann'))).toBe('user-exists');
    expect(state.user('ann')).toEqual({ name: 'ann', hash: 'hash of ann', noPassword: false, roles: [] });
    expect(state.revision).toBe(2);
  });

  test('a user without a password never gets one', async () => {
    const { state, done } = await createBench();
    done({ type: 'user-add', user: 'ann', hash: 'ignored', noPassword: true });
    done(command.changePassword('ann', 'new'));
    expect(state.user('ann')).toEqual({ name: 'ann', hash: '', noPassword: true, roles: [] });
  });

  test('what is asked of a user that is not there is refused', async () => {
    const { state, done } = await createBench();
    done(command.addRole('r'));
    const { revision } = state;
    for (const change of [
      command.deleteUser('ann'),
      command.changePassword('ann', 'h'),
      command.grantRole('ann', 'r'),
      command.grantRole('ann', 'not there either'),
      command.revokeRole('ann', 'r'),
      command.deleteUser(''),
    ]) {
      expect(state.apply(change)).toBe('user-not-found');
    }
    expect(state.revision).toBe(revision);
  });

  test('roles are granted in any order and kept in that of their bytes', async () => {
    const { state, done } = await createBench();
    const names = ['b', 'ä', 'a', '\u{1f600}', '\uffff'];
    done(command.addUser('ann'), ...names.map(command.addRole));
    done(...names.map((role) => command.grantRole('ann', role)));
    expect(state.user('ann')?.roles).toEqual(['a', 'b', 'ä', '\uffff', '\u{1f600}']);
    expect(state.roleNames()).toEqual(['a', 'b', 'ä', '\uffff', '\u{1f600}']);
  });

  test('a role that there is not cannot be granted, except root', async () => {
    const { state, done } = await createBench();
    done(command.addUser('ann'));
    expect(state.apply(command.grantRole('ann', 'r'))).toBe('role-not-found');
    expect(state.apply(command.grantRole('ann', ''))).toBe('role-not-found');
    expect(state.apply(command.grantRole('ann', 'root'))).toBeNull();
    expect(state.role('root')).toBeUndefined();
  });

  test('to grant a role again changes nothing, not even the revision', async () => {
    const { state, done } = await createBench();
    done(command.addUser('ann'), command.addRole('r'), command.grantRole('ann', 'r'));
    const { revision } = state;
    expect(state.apply(command.grantRole('ann', 'r'))).toBeNull();
    expect(state.revision).toBe(revision);
  });

  test('a role is revoked from who has it', async () => {
    const { state, done } = await createBench();
    done(command.addUser('ann'), command.addRole('r'), command.grantRole('ann', 'r'));
    expect(state.apply(command.revokeRole('ann', 'r'))).toBeNull();
    expect(state.apply(command.revokeRole('ann', 'r'))).toBe('role-not-granted');
  });

  test('a role that is deleted leaves all its users; one of the same name later is not theirs', async () => {
    const { state, done } = await createBench();
    done(command.addUser('ann'), command.addUser('bob'), command.addRole('r'), command.addRole('s'));
    done(command.grantRole('ann', 'r'), command.grantRole('ann', 's'), command.grantRole('bob', 'r'));
    done(command.deleteRole('r'), command.addRole('r'));
    expect([state.user('ann')?.roles, state.user('bob')?.roles]).toEqual([['s'], []]);
    expect(state.apply(command.deleteRole('gone'))).toBe('role-not-found');
  });

  test('a role is added once, with a name', async () => {
    const { state } = await createBench();
    expect(state.apply(command.addRole(''))).toBe('role-empty');
    expect(state.apply(command.addRole('r'))).toBeNull();
    expect(state.apply(command.addRole('r'))).toBe('role-exists');
  });

  test('permissions stand in order of their keys, of one key in the order in which they were granted', async () => {
    const { state, done } = await createBench();
    done(command.addRole('r'), command.grant('r', 'read', 'b', 'd'), command.grant('r', 'write', 'a'));
    done(
      command.grant('r', 'read', 'b', 'c'),
      command.grant('r', 'read', 'b'),
      command.grant('r', 'read', 'c'),
    );
    const ranges = state.role('r')?.permissions.map(({ key, rangeEnd }) => [key, rangeEnd]);
    expect(ranges).toEqual([
      ['a', null],
      ['b', 'd'],
      ['b', 'c'],
      ['b', null],
      ['c', null],
    ]);
  });

  test('a range that is granted again changes its kind, wherever it stands', async () => {
    const { state, done } = await createBench();
    done(
      command.addRole('r'),
      command.grant('r', 'read', 'b', 'd'),
      command.grant('r', 'read-write', 'b', 'c'),
    );
    done(command.grant('r', 'read', 'b', 'c'));
    expect(state.role('r')?.permissions.map(({ permission }) => permission)).toEqual(['read', 'read']);
  });

  test('a permission without a key is refused before the role is looked for', async () => {
    const { state } = await createBench();
    for (const change of [
      command.grant('gone', 'read', ''),
      command.grant('gone', 'read', '', '\0'),
      command.grant('gone', 'read', 'b', 'a'),
      command.grant('gone', 'read', 'b', 'b'),
    ]) {
      expect(state.apply(change)).toBe('invalid-auth-management');
    }
    expect(state.apply(command.grant('gone', 'read', 'b', '\0'))).toBe('role-not-found');
  });

  test('a permission is revoked by its very range', async () => {
    const { state, done } = await createBench();
    done(command.addRole('r'), command.grant('r', 'read', 'b', 'd'));
    expect(state.apply(command.revoke('r', 'b'))).toBe('permission-not-granted');
    expect(state.apply(command.revoke('gone', 'b'))).toBe('role-not-found');
    expect(state.apply(command.revoke('r', 'b', 'd'))).toBeNull();
    expect(state.role('r')?.permissions).toEqual([]);
  });
});

describe('needing users', () => {
  test('wants a user root, and that it has the role root', async () => {
    const { state, done } = await createBench();
    expect(state.apply(command.enable)).toBe('root-user-missing');
    done(command.addUser('root'), command.addRole('root'));
    expect(state.apply(command.enable)).toBe('root-role-missing');
    done(command.grantRole('root', 'root'));
    const { revision } = state;
    expect(state.apply(command.enable)).toBeNull();
    expect([state.enabled, state.revision]).toEqual([true, revision]);
    expect(state.apply(command.enable)).toBeNull();
  });

  test('ends with a new revision, once', async () => {
    const { state, done } = await createBench();
    done(...turnOn);
    const { revision } = state;
    done(command.disable, command.disable);
    expect([state.enabled, state.revision]).toEqual([false, revision + 1]);
  });

  test('root stays root for as long as users are needed', async () => {
    const { state, done } = await createBench();
    done(...turnOn, command.addRole('root'));
    for (const change of [
      command.deleteUser('root'),
      command.deleteRole('root'),
      command.revokeRole('root', 'root'),
    ]) {
      expect(state.apply(change)).toBe('invalid-auth-management');
    }
    done(command.disable, command.revokeRole('root', 'root'), command.deleteRole('root'));
    done(command.deleteUser('root'));
  });

  test('every change makes what was permitted before it old', async () => {
    const { state, done } = await createBench();
    const changes = [
      command.addUser('ann'),
      command.addRole('r'),
      command.grantRole('ann', 'r'),
      command.grant('r', 'read', 'a'),
      command.grant('r', 'read', 'a'),
      command.revoke('r', 'a'),
      command.changePassword('ann', 'other'),
      command.revokeRole('ann', 'r'),
      command.deleteRole('r'),
      command.deleteUser('ann'),
    ];
    for (const change of changes) {
      const { revision } = state;
      done(change);
      expect(state.revision, change.type).toBe(revision + 1);
    }
  });

  test('a login counts if nothing has changed since the password was shown', async () => {
    const { state, done } = await createBench();
    done(command.addUser('ann'), { type: 'user-add', user: 'cert', hash: '', noPassword: true });
    expect(state.apply(command.logIn('ann', state.revision))).toBe('auth-not-enabled');
    done(...turnOn);
    const before = dump(state);
    expect(state.apply(command.logIn('ann', state.revision))).toBeNull();
    expect(state.apply(command.logIn('ann', state.revision - 1))).toBe('auth-revision-old');
    expect(state.apply(command.logIn('cert', state.revision))).toBe('authentication-failed');
    expect(state.apply(command.logIn('gone', state.revision))).toBe('authentication-failed');
    expect(dump(state)).toEqual(before);
  });
});

describe('what is stored', () => {
  test('is all there is, byte for byte', async () => {
    const { done, reopened, store } = await createBench();
    done(command.addUser('ann', 'h'), command.addRole('r'), command.grant('r', 'read-write', 'k', '\0'));
    done({ type: 'user-add', user: 'ä', hash: '', noPassword: true }, command.grantRole('ann', 'r'));
    await reopened();
    const rows: string[] = [];
    for await (const [key, value] of store.entries({})) {
      const content = Buffer.from(value).subarray(0, -4).toString('hex');
      rows.push(`${Buffer.from(key).toString('hex')}: ${content}`);
    }
    expect(rows).toEqual([
      // 't' 'r' "r": one permission, both kinds, with an end, k to \0
      '747272: 01' + '02' + '01' + '016b' + '0100',
      // 't' 's': off, revision 6
      '7473: 00' + '06',
      // 't' 'u' "ann": with a password, its hash, one role
      '7475616e6e: 00' + '0168' + '01' + '0172',
      // 't' 'u' "ä": without a password
      '7475c3a4: 01' + '00' + '00',
    ]);
  });

  test('bytes that are no such rows are refused', async () => {
    for (const content of ['', '02', '0001', '000001', '00000000ff']) {
      const { state, store, reopened, done } = await createBench();
      expect(state.enabled).toBe(false);
      done(command.addUser('ann'));
      await reopened();
      const key = Buffer.from('tuann');
      const { crc32c } = await import('../../../src/base/index.js');
      const checksum = Buffer.alloc(4);
      checksum.writeUInt32BE(crc32c(Buffer.concat([key, Buffer.from(content, 'hex')])));
      const value = Buffer.concat([Buffer.from(content, 'hex'), checksum]);
      await store.write([{ type: 'put', key, value }], { sync: true });
      await expect(reopened()).rejects.toMatchObject({ code: 'storage-corrupt' });
    }
  });

  const names = fc.constantFrom('', 'root', 'ann', 'bob', 'ä', '__proto__');
  const keys = fc.constantFrom('', '\0', 'a', 'b', 'b\0', 'c');
  const kinds = fc.constantFrom<PermissionType>('read', 'write', 'read-write');
  const ends = fc.option(keys, { nil: null });
  const changes: fc.Arbitrary<AuthCommand> = fc.oneof(
    fc.constant<AuthCommand>(command.enable),
    fc.constant<AuthCommand>(command.disable),
    fc.constant<AuthCommand>(command.grantRole('root', 'root')),
    fc.record({
      type: fc.constant('user-add' as const),
      user: names,
      hash: names,
      noPassword: fc.boolean(),
    }),
    names.map(command.deleteUser),
    fc.tuple(names, names).map(([user, hash]) => command.changePassword(user, hash)),
    fc.tuple(names, names).map(([user, role]) => command.grantRole(user, role)),
    fc.tuple(names, names).map(([user, role]) => command.revokeRole(user, role)),
    names.map(command.addRole),
    names.map(command.deleteRole),
    fc.tuple(names, kinds, keys, ends).map(([role, kind, key, end]) => command.grant(role, kind, key, end)),
    fc.tuple(names, keys, ends).map(([role, key, end]) => command.revoke(role, key, end)),
    fc.tuple(names, fc.nat(30)).map(([user, revision]) => command.logIn(user, revision)),
  );

  test('the same commands give the same answers, and the same users and roles, here, there and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { maxLength: 60 }), fc.nat(60), async (log, flushAfter) => {
        const here = await createBench();
        const there = await createBench();
        const answers = log.map((change) => here.state.apply(change));
        const first = log.slice(0, flushAfter).map((change) => there.state.apply(change));
        const restarted = await there.reopened();
        const rest = log.slice(flushAfter).map((change) => restarted.apply(change));
        expect([...first, ...rest]).toEqual(answers);
        expect(dump(restarted)).toEqual(dump(here.state));
        expect(dump(await here.reopened())).toEqual(dump(here.state));
        for (const user of here.state.userNames()) {
          for (const permission of ['read', 'write'] as const) {
            for (const key of ['\0', 'a', 'b', 'b\0', 'c', 'd']) {
              const caller = { user, authRevision: here.state.revision };
              const asked = [caller, { key, rangeEnd: 'c' }, permission] as const;
              expect(restarted.checkRange(...asked)).toBe(here.state.checkRange(...asked));
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
