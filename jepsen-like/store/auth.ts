import { authpb, etcdserverpb } from '../../src/gen/protos.js';
import type { Session } from './session.js';

/** What a role may do with a key, or with all of [key, rangeEnd) where that is not ''. */
export interface Right {
  readonly type: 'read' | 'write' | 'readwrite';
  readonly key: string;
  readonly rangeEnd: string;
}

const { Type } = authpb.Permission;
const types = { read: Type.READ, write: Type.WRITE, readwrite: Type.READWRITE } as const;

/** etcdserverpb.Auth, asked by a session; each rejects with a CallError. */
export const auth = {
  enable: (session: Session) =>
    send(session, 'AuthEnable', etcdserverpb.AuthEnableRequest.encode({}).finish()),
  disable: (session: Session) =>
    send(session, 'AuthDisable', etcdserverpb.AuthDisableRequest.encode({}).finish()),
  addUser: (session: Session, name: string, password: string) =>
    send(session, 'UserAdd', etcdserverpb.AuthUserAddRequest.encode({ name, password }).finish()),
  deleteUser: (session: Session, name: string) =>
    send(session, 'UserDelete', etcdserverpb.AuthUserDeleteRequest.encode({ name }).finish()),
  changePassword: (session: Session, name: string, password: string) =>
    send(
      session,
      'UserChangePassword',
      etcdserverpb.AuthUserChangePasswordRequest.encode({ name, password }).finish(),
    ),
  giveRole: (session: Session, user: string, role: string) =>
    send(session, 'UserGrantRole', etcdserverpb.AuthUserGrantRoleRequest.encode({ user, role }).finish()),
  takeRole: (session: Session, name: string, role: string) =>
    send(session, 'UserRevokeRole', etcdserverpb.AuthUserRevokeRoleRequest.encode({ name, role }).finish()),
  addRole: (session: Session, name: string) =>
    send(session, 'RoleAdd', etcdserverpb.AuthRoleAddRequest.encode({ name }).finish()),
  deleteRole: (session: Session, role: string) =>
    send(session, 'RoleDelete', etcdserverpb.AuthRoleDeleteRequest.encode({ role }).finish()),
  giveRight(session: Session, name: string, { type, key, rangeEnd }: Right) {
    const perm = { permType: types[type], key: Buffer.from(key), rangeEnd: Buffer.from(rangeEnd) };
    const request = etcdserverpb.AuthRoleGrantPermissionRequest.encode({ name, perm });
    return send(session, 'RoleGrantPermission', request.finish());
  },
  takeRight(session: Session, role: string, { key, rangeEnd }: Omit<Right, 'type'>) {
    const message = { role, key: Buffer.from(key), rangeEnd: Buffer.from(rangeEnd) };
    const request = etcdserverpb.AuthRoleRevokePermissionRequest.encode(message);
    return send(session, 'RoleRevokePermission', request.finish());
  },
} as const;

async function send(session: Session, method: string, message: Uint8Array): Promise<void> {
  await session.admin(`/etcdserverpb.Auth/${method}`, message);
}
