import type { Random } from '../../../src/base/index.js';
import { pick, pickOdd } from './choice.js';
import type { Deed } from './deeds.js';
import { prefix } from './kv-deeds.js';
import type { Identity } from './model.js';
import type { Run } from './run.js';
import type { MethodName } from './wire.js';

const users = ['root', 'alice', 'bob', 'carol'];
const roles = ['root', 'reader', 'writer', 'mixed'];
const odd = ['nobody', ''];
const passwords = ['one', 'two', ''];

export const authDeeds: readonly Deed[] = [
  { weight: 2, perform: addUser },
  { weight: 1, perform: deleteUser },
  { weight: 2, perform: changePassword },
  { weight: 3, perform: grantRole },
  { weight: 1, perform: revokeRole },
  { weight: 2, perform: addRole },
  { weight: 1, perform: deleteRole },
  { weight: 5, perform: grantPermission },
  { weight: 2, perform: revokePermission },
  { weight: 3, perform: look },
  { weight: 6, perform: logIn },
  { weight: 2, perform: turn },
];

/** Once auth is on, mostly root manages it: others are refused. */
function manager(run: Run, random: Random): Identity {
  const { model } = run;
  const root = model.tokens.lastIndexOf('root');
  return model.isAuthEnabled && root >= 0 && random.chance(0.9) ? root : model.identity;
}

async function manage(run: Run, random: Random, method: MethodName, message: object): Promise<boolean> {
  const told = await run.call(random, method, () => message, { as: manager(run, random) });
  return told.ok;
}

async function addUser(run: Run, random: Random): Promise<void> {
  const name = pickOdd(random, users, odd);
  const password = pick(random, passwords);
  const noPassword = random.chance(0.1);
  const message = {
    name,
    password,
    ...(random.chance(0.5) || noPassword ? { options: { noPassword } } : {}),
  };
  if (await manage(run, random, 'Auth/UserAdd', message)) {
    run.model.users.set(name, { password: noPassword ? null : password, roles: new Set() });
  }
}

async function deleteUser(run: Run, random: Random): Promise<void> {
  if (!random.chance(0.4)) return;
  const name = pickOdd(random, users, odd);
  if (await manage(run, random, 'Auth/UserDelete', { name })) run.model.users.delete(name);
}

async function changePassword(run: Run, random: Random): Promise<void> {
  const name = pickOdd(random, users, odd);
  const password = pick(random, passwords);
  if (!(await manage(run, random, 'Auth/UserChangePassword', { name, password }))) return;
  const user = run.model.users.get(name);
  if (user !== undefined) user.password = password;
}

async function grantRole(run: Run, random: Random): Promise<void> {
  const user = pickOdd(random, users, odd);
  const role = random.chance(0.3) && user === 'root' ? 'root' : pickOdd(random, roles, odd);
  if (await manage(run, random, 'Auth/UserGrantRole', { user, role }))
    run.model.users.get(user)?.roles.add(role);
}

async function revokeRole(run: Run, random: Random): Promise<void> {
  const name = pickOdd(random, users, odd);
  const role = pickOdd(random, roles, odd);
  if (await manage(run, random, 'Auth/UserRevokeRole', { name, role })) {
    run.model.users.get(name)?.roles.delete(role);
  }
}

async function addRole(run: Run, random: Random): Promise<void> {
  const name = pickOdd(random, roles, odd);
  if (await manage(run, random, 'Auth/RoleAdd', { name })) run.model.roles.add(name);
}

async function deleteRole(run: Run, random: Random): Promise<void> {
  if (!random.chance(0.3)) return;
  const role = pickOdd(random, roles, odd);
  if (await manage(run, random, 'Auth/RoleDelete', { role })) run.model.roles.delete(role);
}

/**
 * Of the keys that requests are about: single ones, ranges, prefixes, and everything from a key on. Each begins with another
 * key: of several that begin with one key etcd 3.4 replaces only the first when it is granted again.
 */
const ranges: readonly { readonly key: string; readonly rangeEnd?: string }[] = [
  { key: `${prefix}a` },
  { key: `${prefix}b`, rangeEnd: `${prefix}d` },
  { key: prefix, rangeEnd: 'k0' },
  { key: `${prefix}c`, rangeEnd: '\0' },
  { key: `${prefix}aa`, rangeEnd: `${prefix}b` },
  { key: `${prefix}ab` },
  { key: `${prefix}d` },
];
const oddRanges: typeof ranges = [{ key: '\0', rangeEnd: '\0' }];

async function grantPermission(run: Run, random: Random): Promise<void> {
  const { key, rangeEnd = '' } = pickOdd(random, ranges, oddRanges);
  const permType = pick(random, ['READ', 'WRITE', 'READWRITE']);
  await manage(run, random, 'Auth/RoleGrantPermission', {
    name: pickOdd(random, roles, odd),
    perm: { permType, key: Buffer.from(key), rangeEnd: Buffer.from(rangeEnd) },
  });
}

async function revokePermission(run: Run, random: Random): Promise<void> {
  const { key, rangeEnd = '' } = pickOdd(random, ranges, oddRanges);
  await manage(run, random, 'Auth/RoleRevokePermission', {
    role: pickOdd(random, roles, odd),
    key: Buffer.from(key),
    rangeEnd: Buffer.from(rangeEnd),
  });
}

async function look(run: Run, random: Random): Promise<void> {
  const options = { mayLag: true };
  const [name, role] = [pickOdd(random, users, odd), pickOdd(random, roles, odd)];
  switch (random.below(4)) {
    case 0:
      await run.call(random, 'Auth/UserGet', () => ({ name }), options);
      return;
    case 1:
      await run.call(random, 'Auth/RoleGet', () => ({ role }), options);
      return;
    case 2:
      await run.call(random, 'Auth/UserList', () => ({}), options);
      return;
    default:
      await run.call(random, 'Auth/RoleList', () => ({}), options);
  }
}

async function logIn(run: Run, random: Random): Promise<void> {
  const { model } = run;
  const name = pickOdd(random, [...users, ...model.users.keys()], odd);
  const known = model.users.get(name)?.password;
  const password = random.chance(0.9) && typeof known === 'string' ? known : pick(random, passwords);
  const told = await run.call(random, 'Auth/Authenticate', () => ({ name, password }), { as: 'nobody' });
  if (told.ok) model.tokens.push(name);
}

/** On as soon as it can be, for that is when there is something to see; off rarely. */
async function turn(run: Run, random: Random): Promise<void> {
  const { model } = run;
  if (model.isAuthEnabled) {
    if (!random.chance(0.1)) return;
    const told = await run.call(random, 'Auth/AuthDisable', () => ({}), { as: manager(run, random) });
    if (told.ok) await leaveIt(run);
    return;
  }
  if (model.alarms.size > 0) return; // While one is raised, etcd 3.4 lets everybody write everything.
  const told = await run.call(random, 'Auth/AuthEnable', () => ({}));
  if (!told.ok) return;
  model.isAuthEnabled = true;
  const password = model.users.get('root')?.password ?? '';
  const entered = await run.call(random, 'Auth/Authenticate', () => ({ name: 'root', password }), {
    as: 'nobody',
  });
  if (entered.ok) model.tokens.push('root');
}

/** Watches that somebody else begins on a stream with a token are refused by etcd 3.4 although nobody needs one any more. */
async function leaveIt({ model, watches }: Run): Promise<void> {
  model.isAuthEnabled = false;
  model.identity = 'nobody';
  for (const pair of [...watches.streams]) if (pair.as !== 'nobody') await watches.end(pair);
}
