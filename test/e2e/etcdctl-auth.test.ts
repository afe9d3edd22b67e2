import { afterAll, beforeAll, describe, it } from 'vitest';
import { whyNoEtcdctl } from './etcdctl.js';
import { sortMembers } from './mask.js';
import { startPair, whyNoEtcd } from './pair.js';
import type { Pair } from './pair.js';
import { compare } from './shell.js';
import type { Shell } from './shell.js';

const reason = whyNoEtcdctl() ?? whyNoEtcd();
if (reason !== null) console.warn(`SKIPPED: etcdctl auth against real clusters: ${reason}`);

const formats = ['simple', 'json', 'fields', 'table'];

/**
 * A whole life: users and roles are made, auth goes on, everybody tries, auth goes off; each script needs those before it.
 * What differs on purpose is left out: see the table in differential/differences.ts.
 */
describe.skipIf(reason !== null)('etcdctl 3.4 auth, user and role', () => {
  let pair: Pair;
  beforeAll(async () => {
    // The least work for passwords that bcrypt has: the tests hash many.
    pair = await startPair({ flags: ['--bcrypt-cost', '4'] });
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it('makes users and roles', () => compare(pair, makeUsersAndRoles));
  it('is turned on only with a root that is one', () => compare(pair, turnOn));
  it('lets users do what their roles say', () => compare(pair, tryEverything));
  it('is told wrong passwords and names', () => compare(pair, comeInWrongly));
  it('changes who may do what while it is on', () => compare(pair, changeRights));
  it('keeps its root and is turned off by root alone', () => compare(pair, turnOff));
});

async function makeUsersAndRoles({ run }: Shell): Promise<void> {
  await run('user list');
  await run('role list');
  await run('user add alice:alicepw');
  await run('user add alice:other');
  await run('user add bob --interactive=false', { input: 'bobpw\n' });
  await run('user add carol', { input: 'carolpw\ncarolpw\n' });
  await run('user add dave --new-user-password=davepw', { member: 1 });
  await run('user add erin --no-password', { member: 2 });
  await run('user add erin:x --no-password');
  await run('user add');
  await run('user add :nameless');
  await run('user add frank:frankpw -w json');
  await run('role add reader');
  await run('role add reader');
  await run('role add writer -w json');
  await run('role add lister', { member: 1 });
  await run(['role', 'add', '']);
  await run('role add');
  await run('role grant-permission reader read a');
  await run('role grant-permission reader read b d');
  await run('role grant-permission reader read p/ --prefix');
  await run('role grant-permission writer write a');
  await run('role grant-permission writer readwrite q/ --prefix', { member: 1 });
  await run('role grant-permission writer write z --from-key');
  await run('role grant-permission writer readwrite a');
  await run('role grant-permission reader other a');
  await run('role grant-permission nobody read a');
  await run('role grant-permission reader');
  await run('role grant-permission lister read a b --prefix');
  for (const format of formats) {
    await run(`role get reader -w ${format}`);
    await run(`role get writer -w ${format}`, { member: 1 });
    await run(`role list -w ${format}`, { member: 2 });
    await run(`user list -w ${format}`);
  }
  await run('role get nobody');
  await run('user grant-role alice reader');
  await run('user grant-role alice reader');
  await run('user grant-role alice writer -w json');
  await run('user grant-role bob reader', { member: 1 });
  await run('user grant-role carol nobody');
  await run('user grant-role nobody reader');
  await run('user grant-role dave lister');
  for (const format of formats) await run(`user get alice -w ${format}`, { member: 2 });
  await run('user get alice --detail');
  await run('user get nobody');
  await run('user get');
  await run('user delete frank');
  await run('user delete frank');
  await run('put a 1');
}

async function turnOn({ run, until }: Shell): Promise<void> {
  await run('auth disable');
  await run('auth enable');
  await run('user add root:rootpw');
  await run('auth enable nonsense');
  // Makes the role root and grants it, as etcdctl does when it is told that it is missing.
  await run('auth enable');
  await run('user get root --user root:rootpw');
  await run('auth enable --user root:rootpw');
  await run('auth enable');
  await run('role get root --user root:rootpw');
  // On every member, before what follows asks any of them.
  for (const member of [1, 2]) await until('user name is empty', 'get a', { member });
}

async function tryEverything({ run }: Shell): Promise<void> {
  await run('get a');
  await run('put a 1');
  await run('put a 2 --user root:rootpw');
  await run('put b 2 --user root:rootpw');
  const users = ['alice:alicepw', 'bob:bobpw', 'dave:davepw', 'root:rootpw'];
  const commands = [
    'get a',
    'get b d',
    'get b e',
    'get p/1',
    'get p/ --prefix',
    'get z --from-key',
    'get a --from-key',
    'put a 3',
    'put a 3 --prev-kv',
    'put q/1 x',
    'put zzz x --prev-kv',
    'put zzz x',
    'put b x',
    'del a',
    'del q/ --prefix --prev-kv',
    'del zzz',
    'del zzz --prev-kv',
    'watch b a',
    'lease grant 100 -w table',
    'lease list -w table',
    'lease revoke 123',
    'user list',
    'user get alice',
    'user get bob',
    'role get reader',
    'role get lister',
    'role list',
    'user add x:x',
    'user delete nobody',
    'role add reader',
    'role delete nobody',
    'role grant-permission nobody read a',
    'role revoke-permission nobody a',
    'user grant-role nobody reader',
    'user revoke-role nobody reader',
    'alarm list',
    'alarm disarm',
    'member list -w table',
    'endpoint health',
  ];
  for (const [index, command] of commands.entries()) {
    // One user stays with one member, and the next command finds its writes: only its own are looked at.
    for (const user of users)
      await run(`${command} --user ${user}`, { member: index % 2, hide: sortMembers });
  }
  for (const user of ['alice:alicepw', 'bob:bobpw', 'dave:davepw']) {
    await run(`watch x --user ${user}`);
    await run(`watch b e --prev-kv --user ${user} -w json`);
  }
  for (const user of users) {
    await run(`txn --user ${user}`, { input: 'ver("b") > "0"\n\nget a\n\nget a\n\n' });
    await run(`txn --user ${user}`, { input: 'ver("a") > "0"\n\nput q/2 x\n\nput b x\n\n' });
    await run(`txn --user ${user}`, { input: 'ver("q/2") > "0"\n\nput q/2 x\ndel b\n\n\n' });
    await run(`txn --user ${user}`, { input: 'ver("a") > "0"\n\nget b\n\n\n' });
  }
}

async function comeInWrongly({ run }: Shell): Promise<void> {
  await run('get a --user alice:wrong');
  await run('get a --user nobody:wrong');
  await run('get a --user alice --password alicepw');
  await run('get a --user alice --password wrong', { member: 1 });
  await run('get a --user :alicepw');
  await run(['get', 'a', '--user', 'alice:']);
}

async function changeRights({ run, until }: Shell): Promise<void> {
  const root = '--user root:rootpw';
  await run(`user passwd bob --interactive=false ${root}`, { input: 'newpw\n' });
  await run('get a --user bob:bobpw');
  await run('get a --user bob:newpw');
  await run(`user passwd nobody --interactive=false ${root}`, { input: 'newpw\n' });
  await run(`user passwd alice --interactive=false --user alice:alicepw`, { input: 'newpw\n' });
  await run(`user revoke-role bob reader ${root}`);
  await run('get a --user bob:newpw');
  await run(`user revoke-role bob reader ${root}`);
  await run(`role revoke-permission writer a ${root}`);
  await run('put a 4 --user alice:alicepw');
  await run('put q/3 4 --user alice:alicepw');
  await run(`role revoke-permission writer a ${root}`);
  await run(`role revoke-permission writer q/ --prefix ${root}`, { member: 1 });
  await run(`role revoke-permission writer z --from-key ${root}`, { member: 1 });
  await run(`role revoke-permission reader b d ${root}`);
  await run(`role revoke-permission nobody b d ${root}`);
  await until('permission denied', 'put q/3 4 --user alice:alicepw');
  await run('put q/3 4 --user alice:alicepw');
  await run(`role delete reader ${root}`);
  await run(`role delete reader ${root}`);
  await run(`user get alice ${root}`);
  await run('get a --user alice:alicepw');
  await run(`user delete alice ${root}`);
  await run('get a --user alice:alicepw');
  await run(`user list ${root}`);
}

async function turnOff({ run, until }: Shell): Promise<void> {
  const root = '--user root:rootpw';
  await run('auth disable');
  await run('auth disable --user bob:newpw');
  await run(`user delete root ${root}`);
  await run(`role delete root ${root}`);
  await run(`user revoke-role root root ${root}`);
  await run(`auth disable ${root}`);
  for (const member of [1, 2]) await until('exit|2|^$|a', 'get a', { member });
  await run('auth disable');
  await run('get a');
  await run(`get a ${root}`);
  await run('user delete root');
  await run('role delete root');
  await run('user list');
}
