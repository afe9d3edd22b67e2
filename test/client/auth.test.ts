import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';

import type { Client } from '../../src/client/index.js';
import { describeOnBoth } from './systems.js';
import { brief, take } from './watching.js';

const folder = mkdtempSync(join(tmpdir(), 'quorate-auth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Tokens that live for a second and mean the same to every member. */
function shortTokens(): string {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const [publicFile, privateFile] = [join(folder, 'public.pem'), join(folder, 'private.pem')];
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(
    privateFile,
    createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })).export({
      type: 'pkcs1',
      format: 'pem',
    }),
  );
  return `jwt,pub-key=${publicFile},priv-key=${privateFile},sign-method=RS256,ttl=1s`;
}

const ada = { user: 'ada', password: 'countess' };
const root = { user: 'root', password: 'secret' };

async function prepareUsers(client: Client): Promise<void> {
  const { auth } = client;
  await auth.addUser(root.user, root.password);
  await auth.grantRole('root', 'root');
  await auth.addUser(ada.user, ada.password);
  await auth.addRole('writer');
  await auth.grantPermission('writer', { access: 'readwrite', keys: { prefix: 'ada/' } });
  await auth.grantRole('ada', 'writer');
}

const flags = ['--auth-token', shortTokens(), '--bcrypt-cost', '4'];

describeOnBoth(
  'users',
  1,
  (system) => {
    test('are added, looked at, and changed', async () => {
      const { auth } = system.newClient();
      if (system.name === 'etcd')
        await expect(auth.status()).rejects.toMatchObject({ code: 'unimplemented' });
      else expect(await auth.status()).toMatchObject({ isEnabled: false });
      await auth.addUser('grace', 'hopper');
      await auth.addUser('certified', undefined);
      await auth.addRole('several');
      const permissions = [
        { access: 'read', keys: 'one' },
        { access: 'write', keys: { prefix: 'some/' } },
        { access: 'readwrite', keys: { from: 'a', to: 'b' } },
        { access: 'read', keys: { from: 'x' } },
      ] as const;
      for (const permission of permissions) await auth.grantPermission('several', permission);
      await auth.grantRole('grace', 'several');
      expect(await auth.users()).toEqual(['certified', 'grace']);
      expect(await auth.roles()).toEqual(['several']);
      expect(await auth.rolesOf('grace')).toEqual(['several']);
      const granted = await auth.permissionsOf('several');
      expect(granted).toHaveLength(permissions.length);
      expect(granted).toContainEqual({ access: 'read', keys: Buffer.from('one') });
      expect(granted).toContainEqual({ access: 'write', keys: { prefix: Buffer.from('some/') } });
      await auth.revokePermission('several', { prefix: 'some/' });
      expect(await auth.permissionsOf('several')).toHaveLength(permissions.length - 1);
      await auth.revokeRole('grace', 'several');
      await auth.changePassword('grace', 'new');
      await expect(auth.addUser('grace', 'x')).rejects.toMatchObject({ code: 'user-exists' });
      await expect(auth.grantRole('nobody', 'several')).rejects.toMatchObject({ code: 'user-not-found' });
      await expect(auth.enable()).rejects.toMatchObject({ code: 'root-user-missing' });
      await auth.deleteRole('several');
      await auth.deleteUser('grace');
      await auth.deleteUser('certified');
    });

    test('may do what they may, and tokens that expire are fetched anew', async () => {
      const open = system.newClient();
      const early = system.newClient({ auth: ada });
      await early.put('before', 'nobody asks for a token'); // There are no users yet, and none is needed.
      await prepareUsers(open);
      await open.auth.enable();

      const client = system.newClient({ auth: ada });
      await client.put('ada/a', '1');
      await early.put('ada/b', '1');
      await expect(client.put('b', '1')).rejects.toMatchObject({
        code: 'permission-denied',
        mayHaveHappened: false,
      });
      await expect(open.get('ada/a')).rejects.toMatchObject({ code: 'user-empty' });
      const wrong = system.newClient({ auth: { ...ada, password: 'wrong' } });
      await expect(wrong.get('ada/a')).rejects.toMatchObject({ code: 'authentication-failed' });
      await expect(wrong.get('ada/a')).rejects.not.toThrow(/wrong/);
      await expect(take(client.watch('b'), 1)).rejects.toMatchObject({ code: 'permission-denied' });
      await expect(take(wrong.watch('ada/a'), 1)).rejects.toMatchObject({ code: 'authentication-failed' });

      const watch = client.watch({ prefix: 'ada/' });
      await watch.ready();
      await using lease = await client.lease(2);
      await client.put('ada/leased', '1', { lease });
      await using held = await client.acquire('ada/lock', { ttlSeconds: 2 });
      const until = performance.now() + 1200; // Longer than tokens live.
      await vi.waitUntil(() => performance.now() > until, { timeout: 20_000 });
      await Promise.all(Array.from({ length: 20 }, (_, index) => client.put(`ada/${index}`, 'after')));
      // The stream began with a token that is no longer one: another watch needs a new stream.
      const late = client.watch('ada/late');
      await late.ready();
      await client.put('ada/late', '1');
      expect((await take(late, 1)).map(brief)).toEqual(['ada/late=1']);
      const events: string[] = [];
      while (!events.includes('ada/late=1')) events.push(...(await take(watch, 1)).map(brief));
      expect(events.filter((event) => event.endsWith('after'))).toHaveLength(20);
      expect([lease.isAlive, held.isHeld]).toEqual([true, true]);

      const admin = system.newClient({ auth: root });
      if (system.name === 'quorate') {
        // etcd 3.4 lets everybody renew everything.
        const forbidden = await client.lease(2);
        await admin.put('not for ada', '1', { lease: forbidden });
        expect(await forbidden.lost).toMatchObject({ code: 'permission-denied' });
        expect([lease.isAlive, held.isHeld]).toEqual([true, true]);
      }
      await admin.auth.revokeRole('ada', 'writer');
      await expect(client.put('ada/a', '2')).rejects.toMatchObject({ code: 'permission-denied' });
      await admin.auth.grantRole('ada', 'writer');
      await admin.auth.disable();
      await open.put('b', 'as before');
      for (const each of [watch, late]) each.close();
    });
  },
  { etcd: flags, quorate: flags },
);
