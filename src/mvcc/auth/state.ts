import { assert, unreachable } from '../../base/index.js';
import type { ErrorCode } from '../../base/index.js';
import type { Tables } from '../tables.js';
import type { AuthCommand, AuthRole, AuthUser, KeyRange, Permission } from '../types.js';
import { createChecks } from './check.js';
import { createRightsCache, rootName } from './rights.js';
import {
  decodeAuthRole,
  decodeAuthSettings,
  decodeAuthUser,
  encodeAuthRole,
  encodeAuthSettings,
  encodeAuthUser,
  nameOfRow,
  rowNameOf,
  settingsRowName,
} from './rows.js';
import type { AuthState } from './types.js';

/** Takes up what the tables `auth`, `users` and `roles` hold; errors: `storage-corrupt`. */
export function createAuthState(tables: Tables): AuthState {
  const users = new Map<string, AuthUser>();
  const roles = new Map<string, AuthRole>();
  const settings = tables.restored('auth').map(({ content }) => decodeAuthSettings(content));
  assert(settings.length <= 1, 'the table auth has one row');
  let { enabled, revision } = settings[0] ?? { enabled: false, revision: 1 };
  for (const { name, content } of tables.restored('users')) {
    const user = decodeAuthUser(nameOfRow(name), content);
    users.set(user.name, user);
  }
  for (const { name, content } of tables.restored('roles')) {
    const role = decodeAuthRole(nameOfRow(name), content);
    roles.set(role.name, role);
  }
  const rights = createRightsCache((name) => roles.get(name));
  const checks = createChecks({
    isEnabled: () => enabled,
    revision: () => revision,
    userOf: (name) => users.get(name),
    rights,
  });

  function putUser(user: AuthUser): void {
    users.set(user.name, user);
    tables.set('users', rowNameOf(user.name), encodeAuthUser(user));
    rights.forget(user.name);
  }

  function deleteUser(name: string): void {
    users.delete(name);
    tables.delete('users', rowNameOf(name));
    rights.forget(name);
  }

  function putRole(role: AuthRole): void {
    roles.set(role.name, role);
    tables.set('roles', rowNameOf(role.name), encodeAuthRole(role));
    rights.forgetAll();
  }

  function saveSettings(): void {
    tables.set('auth', settingsRowName, encodeAuthSettings({ enabled, revision }));
  }

  /** The end of every change: it makes what was permitted before it old. */
  function changed(): null {
    revision += 1;
    saveSettings();
    return null;
  }

  function enable(): ErrorCode | null {
    if (enabled) return null;
    const root = users.get(rootName);
    if (root === undefined) return 'root-user-missing';
    if (!root.roles.includes(rootName)) return 'root-role-missing';
    enabled = true;
    saveSettings(); // The revision stays, as in etcd.
    return null;
  }

  function disable(): ErrorCode | null {
    if (!enabled) return null;
    enabled = false;
    return changed();
  }

  function addUser(name: string, hash: string, noPassword: boolean): ErrorCode | null {
    if (name === '') return 'user-empty';
    if (users.has(name)) return 'user-exists';
    putUser({ name, hash: noPassword ? '' : hash, noPassword, roles: [] });
    return changed();
  }

  function removeUser(name: string): ErrorCode | null {
    if (enabled && name === rootName) return 'invalid-auth-management';
    if (!users.has(name)) return 'user-not-found';
    deleteUser(name);
    return changed();
  }

  function changePassword(name: string, hash: string): ErrorCode | null {
    const user = users.get(name);
    if (user === undefined) return 'user-not-found';
    putUser({ ...user, hash: user.noPassword ? '' : hash });
    return changed();
  }

  /** The role root need not exist: it has nothing to hold. */
  function grantRole(userName: string, role: string): ErrorCode | null {
    const user = users.get(userName);
    if (user === undefined) return 'user-not-found';
    if (role !== rootName && !roles.has(role)) return 'role-not-found';
    if (user.roles.includes(role)) return null;
    putUser({ ...user, roles: [...user.roles, role].sort(byBytes) });
    return changed();
  }

  function revokeRole(userName: string, role: string): ErrorCode | null {
    if (enabled && userName === rootName && role === rootName) return 'invalid-auth-management';
    const user = users.get(userName);
    if (user === undefined) return 'user-not-found';
    if (!user.roles.includes(role)) return 'role-not-granted';
    putUser({ ...user, roles: user.roles.filter((each) => each !== role) });
    return changed();
  }

  function addRole(name: string): ErrorCode | null {
    if (name === '') return 'role-empty';
    if (roles.has(name)) return 'role-exists';
    putRole({ name, permissions: [] });
    return changed();
  }

  function removeRole(name: string): ErrorCode | null {
    if (enabled && name === rootName) return 'invalid-auth-management';
    if (!roles.delete(name)) return 'role-not-found';
    tables.delete('roles', rowNameOf(name));
    for (const user of [...users.values()]) {
      if (user.roles.includes(name)) putUser({ ...user, roles: user.roles.filter((each) => each !== name) });
    }
    return changed();
  }

  function grantPermission(roleName: string, permission: Permission): ErrorCode | null {
    if (!isPermissible(permission)) return 'invalid-auth-management';
    const role = roles.get(roleName);
    if (role === undefined) return 'role-not-found';
    putRole({ name: roleName, permissions: withPermission(role.permissions, permission) });
    return changed();
  }

  function revokePermission(roleName: string, range: KeyRange): ErrorCode | null {
    const role = roles.get(roleName);
    if (role === undefined) return 'role-not-found';
    const permissions = role.permissions.filter((each) => !isSameRange(each, range));
    if (permissions.length === role.permissions.length) return 'permission-not-granted';
    putRole({ name: roleName, permissions });
    return changed();
  }

  /** Stores nothing; it says whether the members may take the token. Only a login as of now counts. */
  function logIn(userName: string, authRevision: number): ErrorCode | null {
    if (!enabled) return 'auth-not-enabled';
    const user = users.get(userName);
    if (user === undefined || user.noPassword) return 'authentication-failed';
    return authRevision === revision ? null : 'auth-revision-old';
  }

  function apply(command: AuthCommand): ErrorCode | null {
    switch (command.type) {
      case 'auth-enable':
        return enable();
      case 'auth-disable':
        return disable();
      case 'user-add':
        return addUser(command.user, command.hash, command.noPassword);
      case 'user-delete':
        return removeUser(command.user);
      case 'user-change-password':
        return changePassword(command.user, command.hash);
      case 'user-grant-role':
        return grantRole(command.user, command.role);
      case 'user-revoke-role':
        return revokeRole(command.user, command.role);
      case 'role-add':
        return addRole(command.role);
      case 'role-delete':
        return removeRole(command.role);
      case 'role-grant-permission':
        return grantPermission(command.role, command.permission);
      case 'role-revoke-permission':
        return revokePermission(command.role, command.range);
      case 'auth-token':
        return logIn(command.user, command.authRevision);
      default:
        return unreachable(command);
    }
  }

  return {
    get enabled() {
      return enabled;
    },
    get revision() {
      return revision;
    },
    user: (name) => users.get(name),
    role: (name) => roles.get(name),
    userNames: () => [...users.keys()].sort(byBytes),
    roleNames: () => [...roles.keys()].sort(byBytes),
    ...checks,
    apply,
  };
}

/** The order of their UTF-8 bytes, which JavaScript's own order is not. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** A range that holds no key would permit nothing: it is a mistake. */
function isPermissible({ key, rangeEnd }: KeyRange): boolean {
  return key !== '' && (rangeEnd === null || rangeEnd === '\0' || key < rangeEnd);
}

function isSameRange(a: KeyRange, b: KeyRange): boolean {
  return a.key === b.key && a.rangeEnd === b.rangeEnd;
}

/** In order of the keys; of one key, in the order in which they were granted. The same range again is replaced. */
function withPermission(permissions: readonly Permission[], granted: Permission): readonly Permission[] {
  const { key, rangeEnd, permission } = granted;
  if (permissions.some((each) => isSameRange(each, granted))) {
    return permissions.map((each) => (isSameRange(each, granted) ? { ...each, permission } : each));
  }
  const after = permissions.findIndex((each) => each.key > key);
  const index = after < 0 ? permissions.length : after;
  return [...permissions.slice(0, index), { permission, key, rangeEnd }, ...permissions.slice(index)];
}
