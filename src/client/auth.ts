import { authpb, etcdserverpb } from '../gen/protos.js';
import { emptyBytes, equalBytes } from '../base/index.js';
import type { CallOptions, Connection } from './connection.js';
import { endOfPrefix, isUnbounded, wireKeys } from './keys.js';
import type { Keys } from './keys.js';

export type Access = 'read' | 'write' | 'readwrite';

/** What a role may do with some keys. */
export interface Permission {
  readonly access: Access;
  readonly keys: Keys;
}

export interface AuthStatus {
  readonly isEnabled: boolean;
  /** Grows with each change of users and roles. */
  readonly revision: number;
}

/**
 * Users, roles and what they may do:
 *
 *     await client.auth.addRole('reader');
 *     await client.auth.grantPermission('reader', { access: 'read', keys: { prefix: 'public/' } });
 *     await client.auth.addUser('ada', 'secret');
 *     await client.auth.grantRole('ada', 'reader');
 *
 * From `enable` on, every request needs a user: see `auth` of the client's options. There must be a user `root` with the
 * role `root` then, who may do everything.
 */
export interface AuthAdministration {
  enable(options?: CallOptions): Promise<void>;
  disable(options?: CallOptions): Promise<void>;
  status(options?: CallOptions): Promise<AuthStatus>;
  /** Without a password, a user can only come in by a client certificate. */
  addUser(name: string, password: string | undefined, options?: CallOptions): Promise<void>;
  deleteUser(name: string, options?: CallOptions): Promise<void>;
  /** All tokens of the user end. */
  changePassword(name: string, password: string, options?: CallOptions): Promise<void>;
  users(options?: CallOptions): Promise<readonly string[]>;
  rolesOf(user: string, options?: CallOptions): Promise<readonly string[]>;
  grantRole(user: string, role: string, options?: CallOptions): Promise<void>;
  revokeRole(user: string, role: string, options?: CallOptions): Promise<void>;
  addRole(name: string, options?: CallOptions): Promise<void>;
  deleteRole(name: string, options?: CallOptions): Promise<void>;
  roles(options?: CallOptions): Promise<readonly string[]>;
  permissionsOf(role: string, options?: CallOptions): Promise<readonly Permission[]>;
  /** `keys` with the prefix '' are all keys. */
  grantPermission(role: string, permission: Permission, options?: CallOptions): Promise<void>;
  /** For exactly those keys that the permission was granted for. */
  revokePermission(role: string, keys: Keys, options?: CallOptions): Promise<void>;
}

const { Type } = authpb.Permission;
const types: Readonly<Record<Access, authpb.Permission.Type>> = {
  read: Type.READ,
  write: Type.WRITE,
  readwrite: Type.READWRITE,
};

export function createAuth(connection: Connection): AuthAdministration {
  async function change(
    method: string,
    message: Uint8Array,
    options: CallOptions | undefined,
  ): Promise<void> {
    await connection.call({ ...methodOf(method), message, kind: 'write' }, options);
  }

  function ask(method: string, message: Uint8Array, options: CallOptions | undefined): Promise<Buffer> {
    return connection.call({ ...methodOf(method), message, kind: 'read' }, options);
  }

  return {
    enable: (options) => change('AuthEnable', etcdserverpb.AuthEnableRequest.encode({}).finish(), options),
    disable: (options) => change('AuthDisable', etcdserverpb.AuthDisableRequest.encode({}).finish(), options),
    async status(options) {
      const answer = await ask('AuthStatus', etcdserverpb.AuthStatusRequest.encode({}).finish(), options);
      const { enabled, authRevision } = etcdserverpb.AuthStatusResponse.decode(answer);
      return { isEnabled: enabled, revision: Number(authRevision) };
    },
    ...userMethods(change, ask),
    ...roleMethods(change, ask),
  };
}

type Change = (method: string, message: Uint8Array, options: CallOptions | undefined) => Promise<void>;
type Ask = (method: string, message: Uint8Array, options: CallOptions | undefined) => Promise<Buffer>;

function methodOf(method: string): { readonly name: string; readonly path: string } {
  return { name: `auth: ${method}`, path: `/etcdserverpb.Auth/${method}` };
}

type UserMethod =
  'addUser' | 'deleteUser' | 'changePassword' | 'users' | 'rolesOf' | 'grantRole' | 'revokeRole';

function userMethods(change: Change, ask: Ask): Pick<AuthAdministration, UserMethod> {
  return {
    addUser(name, password, options) {
      const secret = password === undefined ? { options: { noPassword: true } } : { password };
      const message = etcdserverpb.AuthUserAddRequest.encode({ name, ...secret }).finish();
      return change('UserAdd', message, options);
    },
    deleteUser: (name, options) =>
      change('UserDelete', etcdserverpb.AuthUserDeleteRequest.encode({ name }).finish(), options),
    changePassword(name, password, options) {
      const message = etcdserverpb.AuthUserChangePasswordRequest.encode({ name, password }).finish();
      return change('UserChangePassword', message, options);
    },
    async users(options) {
      const answer = await ask('UserList', etcdserverpb.AuthUserListRequest.encode({}).finish(), options);
      return etcdserverpb.AuthUserListResponse.decode(answer).users;
    },
    async rolesOf(name, options) {
      const answer = await ask('UserGet', etcdserverpb.AuthUserGetRequest.encode({ name }).finish(), options);
      return etcdserverpb.AuthUserGetResponse.decode(answer).roles;
    },
    grantRole(user, role, options) {
      const message = etcdserverpb.AuthUserGrantRoleRequest.encode({ user, role }).finish();
      return change('UserGrantRole', message, options);
    },
    revokeRole(name, role, options) {
      const message = etcdserverpb.AuthUserRevokeRoleRequest.encode({ name, role }).finish();
      return change('UserRevokeRole', message, options);
    },
  };
}

type RoleMethod =
  'addRole' | 'deleteRole' | 'roles' | 'permissionsOf' | 'grantPermission' | 'revokePermission';

function roleMethods(change: Change, ask: Ask): Pick<AuthAdministration, RoleMethod> {
  return {
    addRole: (name, options) =>
      change('RoleAdd', etcdserverpb.AuthRoleAddRequest.encode({ name }).finish(), options),
    deleteRole: (role, options) =>
      change('RoleDelete', etcdserverpb.AuthRoleDeleteRequest.encode({ role }).finish(), options),
    async roles(options) {
      const answer = await ask('RoleList', etcdserverpb.AuthRoleListRequest.encode({}).finish(), options);
      return etcdserverpb.AuthRoleListResponse.decode(answer).roles;
    },
    async permissionsOf(role, options) {
      const answer = await ask('RoleGet', etcdserverpb.AuthRoleGetRequest.encode({ role }).finish(), options);
      return etcdserverpb.AuthRoleGetResponse.decode(answer).perm.map(permissionOf);
    },
    grantPermission(name, { access, keys }, options) {
      const perm = { permType: types[access], ...wireKeys(keys) };
      const message = etcdserverpb.AuthRoleGrantPermissionRequest.encode({ name, perm }).finish();
      return change('RoleGrantPermission', message, options);
    },
    revokePermission(role, keys, options) {
      const message = etcdserverpb.AuthRoleRevokePermissionRequest.encode({
        role,
        ...wireKeys(keys),
      }).finish();
      return change('RoleRevokePermission', message, options);
    },
  };
}

function permissionOf({ permType, key, rangeEnd }: authpb.Permission.$Properties): Permission {
  const access = permType === Type.READWRITE ? 'readwrite' : permType === Type.WRITE ? 'write' : 'read';
  return { access, keys: keysOf(key ?? emptyBytes, rangeEnd ?? emptyBytes) };
}

/** The shortest way to say it: what `wireKeys` makes of it is the same again. */
function keysOf(key: Uint8Array, rangeEnd: Uint8Array): Keys {
  if (rangeEnd.length === 0) return key;
  if (isUnbounded(rangeEnd)) return isUnbounded(key) ? { prefix: '' } : { from: key };
  return equalBytes(endOfPrefix(key), rangeEnd) ? { prefix: key } : { from: key, to: rangeEnd };
}
