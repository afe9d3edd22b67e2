import { expect, test } from 'vitest';

import { describeOnBoth } from '../client/systems.js';
import { quorate } from './io.js';
import type { CliSurroundings } from './io.js';

const rootPassword = 'top secret';
const adaPassword = 'count:ess';

describeOnBoth(
  'quorate user, role and auth',
  1,
  (system) => {
    const run = async (args: readonly string[], surroundings: CliSurroundings = {}) => {
      const env = { QUORATE_ENDPOINTS: system.cluster.endpoints.join(), ...surroundings.env };
      const ended = await quorate(args, { ...surroundings, env });
      for (const secret of [rootPassword, adaPassword, 'wrong one'])
        expect(ended.out + ended.err).not.toContain(secret);
      return ended;
    };
    const json = async (args: readonly string[], env: CliSurroundings['env'] = {}): Promise<unknown> =>
      JSON.parse((await run([...args, '--json'], { env })).out);
    const asRoot = { QUORATE_USER: `root:${rootPassword}` };

    test('users: their passwords are asked for, read, given, or none', async () => {
      const typed = await run(['user', 'add', 'root'], { typed: [rootPassword, rootPassword] });
      expect(typed).toMatchObject({
        code: 0,
        out: 'added user root\n',
        err: 'New password of root: \nThe same again: \n',
      });
      const differing = await run(['user', 'add', 'grace'], { typed: ['one', 'another'] });
      expect(differing).toMatchObject({ code: 2, out: '' });
      expect(differing.err).toContain('the two passwords differ; nothing was changed');
      expect(await run(['user', 'add', 'grace'], { stdin: 'hopper\r\nnot this\n' })).toMatchObject({
        code: 0,
      });
      expect(await json(['user', 'add', `ada:${adaPassword}`])).toEqual({ user: 'ada' });
      expect((await run(['user', 'add', 'certified', '--no-password'])).code).toBe(0);
      expect((await run(['user', 'list'])).out).toBe('ada\ncertified\ngrace\nroot\n');
      expect(await json(['user', 'list'])).toEqual({ users: ['ada', 'certified', 'grace', 'root'] });
      const again = await run(['user', 'add', `ada:${adaPassword}`]);
      expect(again).toMatchObject({ code: 1, out: '' });
      expect(again.err).toContain('user name already exists');
      expect((await run(['user', 'delete', 'certified'])).out).toBe('deleted user certified\n');
    });

    test('roles and what they permit', async () => {
      expect((await run(['role', 'add', 'clerk'])).out).toBe('added role clerk\n');
      expect((await run(['role', 'add', 'root'])).code).toBe(0);
      expect(await json(['role', 'list'])).toEqual({ roles: ['clerk', 'root'] });
      const grant = ['role', 'grant-permission', 'clerk'];
      expect((await run([...grant, 'readwrite', '--prefix', 'files/'])).out).toBe(
        'clerk may read and write --prefix files/ now\n',
      );
      await run([...grant, 'read', 'one']);
      await run([...grant, 'WRITE', 'a', '--range-end', 'c']);
      await run([...grant, 'read', '--from-key', 'x']);
      await run([...grant, 'read', '--hex', 'ff00']);
      const table = (await run(['role', 'get', 'clerk'])).out;
      expect(table.split('\n').sort()).toEqual(
        [
          'ACCESS     KEYS',
          'read       \\xff\\x00',
          'read       --from-key x',
          'read       one',
          'readwrite  --prefix files/',
          'write      a --range-end c',
          '',
        ].sort(),
      );
      const { permissions } = (await json(['role', 'get', 'clerk'])) as { permissions: unknown[] };
      expect(permissions).toContainEqual({ access: 'readwrite', prefix: 'ZmlsZXMv', prefixText: 'files/' });
      expect(permissions).toContainEqual({ access: 'read', key: '/wA=' });
      const part = await run(['role', 'revoke-permission', 'clerk', 'files/']);
      expect(part).toMatchObject({ code: 1, out: '' });
      expect(part.err).toContain('name exactly the same keys');
      expect((await run(['role', 'revoke-permission', 'clerk', 'a', '--range-end', 'c'])).code).toBe(0);
      expect(await json(['role', 'get', 'clerk'])).toMatchObject({ permissions: { length: 4 } });
      expect((await run(['user', 'grant-role', 'ada', 'clerk'])).out).toBe('ada has the role clerk now\n');
      expect((await run(['user', 'get', 'ada'])).out).toBe('clerk\n');
      expect(await json(['user', 'get', 'ada'])).toEqual({ user: 'ada', roles: ['clerk'] });
      const unknown = await run(['user', 'grant-role', 'ada', 'boss']);
      expect(unknown.err).toContain('`quorate role list` shows which there are');
    });

    test('enable says what is missing; then every request needs a user', async () => {
      const early = await run(['auth', 'enable']);
      expect(early).toMatchObject({ code: 1, out: '' });
      expect(early.err).toContain('\ngrant it first: quorate user grant-role root root\n');
      await run(['user', 'grant-role', 'root', 'root']);
      expect((await run(['auth', 'enable'])).out).toBe('users are enabled: give --user NAME from now on\n');

      const nobody = await run(['put', 'files/1', 'x']);
      expect(nobody).toMatchObject({ code: 1, out: '' });
      expect(nobody.err).toContain('\nusers are enabled here: give --user NAME\n');
      expect(JSON.parse((await run(['put', 'files/1', 'x', '--json'])).err)).toMatchObject({
        error: { code: 'user-empty', advice: 'users are enabled here: give --user NAME' },
      });
      const wrong = await run(['--user', 'ada:wrong one', 'get', 'files/1']);
      expect(wrong).toMatchObject({ code: 1, out: '' });
      expect(wrong.err).toContain('\ncheck --user and its password\n');
    });

    test.each<readonly [string, readonly string[], CliSurroundings]>([
      ['NAME:PASSWORD', ['--user', `ada:${adaPassword}`], {}],
      ['NAME and --password', ['--user', 'ada', '--password', adaPassword], {}],
      ['--user=NAME:PASSWORD', [`--user=ada:${adaPassword}`], {}],
      ['variables', [], { env: { QUORATE_USER: 'ada', QUORATE_PASSWORD: adaPassword } }],
      ['the terminal', ['--user', 'ada'], { typed: [adaPassword] }],
    ])('the password comes by %s, before and behind the command', async (_, flags, surroundings) => {
      expect(await run([...flags, 'put', 'files/2', 'x'], surroundings)).toMatchObject({ code: 0 });
      expect(await run(['get', 'files/2', ...flags], surroundings)).toMatchObject({ code: 0, out: 'x\n' });
      expect(await run(['put', 'other', 'x', ...flags], surroundings)).toMatchObject({ code: 1, out: '' });
      expect(await run([...flags, 'user', 'get', 'ada'], surroundings)).toMatchObject({
        code: 0,
        out: 'clerk\n',
      });
    });

    test('status of several members asks for the password once', async () => {
      const [endpoint = ''] = system.cluster.endpoints;
      const status = await run(
        ['status', '--user', 'root', '--endpoints', `${endpoint},localhost:${endpoint.split(':')[1] ?? ''}`],
        {
          typed: [rootPassword],
        },
      );
      expect(status).toMatchObject({ code: 0, err: 'Password of root: \n' });
    });

    test('passwd', async () => {
      expect(await run(['user', 'passwd', 'ada'], { stdin: 'lovelace', env: asRoot })).toMatchObject({
        code: 0,
        out: 'changed the password of ada\n',
      });
      expect((await run(['get', 'files/2', '--user', `ada:${adaPassword}`])).code).toBe(1);
      expect((await run(['get', 'files/2', '--user', 'ada:lovelace'])).code).toBe(0);
    });

    test('status, and disable, which only root can', async () => {
      const status = await run(['auth', 'status'], { env: asRoot });
      // etcd has the request since 3.5.
      if (system.name === 'etcd') expect(status).toMatchObject({ code: 1, out: '' });
      else expect(status.out).toMatch(/^users are enabled {2}auth revision \d+\n$/);
      const refused = await run(['auth', 'disable', '--user', 'ada:lovelace']);
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(await run(['user', 'delete', 'root'], { env: asRoot })).toMatchObject({
        code: 1,
        err: expect.stringContaining('needed while users are enabled: quorate auth disable\n') as string,
      });
      expect(await json(['auth', 'disable'], asRoot)).toEqual({ isEnabled: false });
      expect(await run(['user', 'revoke-role', 'ada', 'clerk'])).toMatchObject({
        code: 0,
        out: 'ada has the role clerk no more\n',
      });
      expect((await run(['role', 'delete', 'clerk'])).out).toBe('deleted role clerk\n');
    });
  },
  { quorate: ['--bcrypt-cost', '4'], etcd: ['--bcrypt-cost', '4'] },
);
