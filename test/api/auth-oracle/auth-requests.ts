import { authpb, etcdserverpb as pb } from '../../../src/gen/protos.js';
import type { Case } from './key-requests.js';
import { people, roleOf } from './people.js';
import type { Need } from './rules.js';

function call(method: string, name: string, bytes: Uint8Array, needs: readonly Need[] | null): Case {
  return { name: `${method} ${name}`, path: `/etcdserverpb.Auth/${method}`, bytes, needs };
}

/** Questions about users and roles, which everybody may ask about itself. */
export function authReadCases(): readonly Case[] {
  const users = people.filter(({ name, grants }) => grants !== null && name !== 'deleted');
  const withRoles = people.filter(({ grants }) => (grants?.length ?? 0) > 0);
  return [
    call('AuthStatus', '', pb.AuthStatusRequest.encode({}).finish(), ['root']),
    call('UserList', '', pb.AuthUserListRequest.encode({}).finish(), ['root']),
    call('RoleList', '', pb.AuthRoleListRequest.encode({}).finish(), ['root']),
    ...users.map(({ name }) =>
      call('UserGet', name, pb.AuthUserGetRequest.encode({ name }).finish(), [{ self: name }]),
    ),
    ...withRoles.map(({ name }) =>
      call('RoleGet', name, pb.AuthRoleGetRequest.encode({ role: roleOf(name, 0) }).finish(), [
        { roleOf: name },
      ]),
    ),
    // Whoever comes with name and password is heard, whatever token it has.
    call(
      'Authenticate',
      '',
      pb.AuthenticateRequest.encode({ name: 'reader', password: 'secret' }).finish(),
      null,
    ),
  ];
}

/** Changes. `mark` sets those of different callers apart; each undoes what the one before did. */
export function authChangeCases(mark: string): readonly Case[] {
  const user = `user ${mark}`;
  const role = `role ${mark}`;
  const perm = { permType: authpb.Permission.Type.READ, key: Buffer.from('q'), rangeEnd: Buffer.of() };
  const range = { role, key: Buffer.from('q'), rangeEnd: Buffer.of() };
  const change = (method: string, bytes: Uint8Array): Case => call(method, '', bytes, ['root']);
  return [
    change('UserAdd', pb.AuthUserAddRequest.encode({ name: user, password: 'p' }).finish()),
    change(
      'UserChangePassword',
      pb.AuthUserChangePasswordRequest.encode({ name: user, password: 'q' }).finish(),
    ),
    change('RoleAdd', pb.AuthRoleAddRequest.encode({ name: role }).finish()),
    change('RoleGrantPermission', pb.AuthRoleGrantPermissionRequest.encode({ name: role, perm }).finish()),
    change('UserGrantRole', pb.AuthUserGrantRoleRequest.encode({ user, role }).finish()),
    change('UserRevokeRole', pb.AuthUserRevokeRoleRequest.encode({ name: user, role }).finish()),
    change('RoleRevokePermission', pb.AuthRoleRevokePermissionRequest.encode(range).finish()),
    change('RoleDelete', pb.AuthRoleDeleteRequest.encode({ role }).finish()),
    change('UserDelete', pb.AuthUserDeleteRequest.encode({ name: user }).finish()),
    change('AuthEnable', pb.AuthEnableRequest.encode({}).finish()),
  ];
}

/** The end of it all. */
export const disableCase: Case = call('AuthDisable', '', pb.AuthDisableRequest.encode({}).finish(), ['root']);
