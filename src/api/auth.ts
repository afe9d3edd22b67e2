import { QuorateError } from '../base/index.js';
import { authpb, etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import type { AuthCommand, Caller, KeyRange, Permission, PermissionType } from '../mvcc/index.js';
import { toKey, toRangeEnd } from './convert.js';
import { decodeRequest } from './decode.js';
import {
  encodeAuthenticateResponse,
  encodeAuthResponse,
  encodeAuthStatusResponse,
  encodeNamesResponse,
  encodeRoleGetResponse,
} from './encode-auth.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { Method } from './method.js';

const service = '/etcdserverpb.Auth';
/** A hash that a client brings along. More work than this would keep a thread for minutes at every login. */
const hashPattern = /^\$2[aby]?\$(0[4-9]|1\d|20)\$[./A-Za-z0-9]{53}$/;

type Change = Exclude<AuthCommand, { type: 'auth-token' }>;

/** etcdserverpb.Auth, whole. */
export function authMethods(member: Member, header: HeaderWriter): readonly Method[] {
  return [...serviceMethods(member, header), ...userMethods(member, header), ...roleMethods(member, header)];
}

function serviceMethods(member: Member, header: HeaderWriter): readonly Method[] {
  const { auth } = member;
  return [
    change(member, header, 'AuthEnable', etcdserverpb.AuthEnableRequest, () => ({ type: 'auth-enable' })),
    change(member, header, 'AuthDisable', etcdserverpb.AuthDisableRequest, () => ({
      type: 'auth-disable',
    })),
    unary(member, `${service}/AuthStatus`, {
      decode: (bytes) => decodeRequest(etcdserverpb.AuthStatusRequest, bytes),
      handle: async (_request, caller) => {
        await requireAdmin(member, caller);
        const { enabled, revision: authRevision } = auth;
        return encodeAuthStatusResponse(header, revisionOf(member), { enabled, authRevision });
      },
    }),
    unary(member, `${service}/Authenticate`, {
      decode: (bytes) => decodeRequest(etcdserverpb.AuthenticateRequest, bytes),
      servedToAnyone: true,
      handle: async ({ name, password }) => {
        const token = await auth.authenticate(name, password);
        return encodeAuthenticateResponse(header, revisionOf(member), token);
      },
    }),
  ];
}

function userMethods(member: Member, header: HeaderWriter): readonly Method[] {
  const { auth } = member;
  return [
    change(member, header, 'UserAdd', etcdserverpb.AuthUserAddRequest, async (request, caller) => {
      const noPassword = request.options?.noPassword ?? false;
      // Hashing is dear: first it is made sure that it is worth it.
      await requireAdmin(member, caller);
      if (request.name === '') throw new QuorateError('user-empty');
      const hash = noPassword ? '' : await hashOf(member, request);
      return { type: 'user-add', user: request.name, hash, noPassword };
    }),
    unary(member, `${service}/UserGet`, {
      decode: (bytes) => decodeRequest(etcdserverpb.AuthUserGetRequest, bytes),
      handle: async ({ name }, caller) => {
        const { roles } = await auth.user(name, caller);
        return encodeNamesResponse(header, revisionOf(member), roles);
      },
    }),
    unary(member, `${service}/UserList`, {
      decode: (bytes) => decodeRequest(etcdserverpb.AuthUserListRequest, bytes),
      handle: async (_request, caller) => {
        const names = await auth.userNames(caller);
        return encodeNamesResponse(header, revisionOf(member), names);
      },
    }),
    change(member, header, 'UserDelete', etcdserverpb.AuthUserDeleteRequest, ({ name }) => ({
      type: 'user-delete',
      user: name,
    })),
    change(
      member,
      header,
      'UserChangePassword',
      etcdserverpb.AuthUserChangePasswordRequest,
      async (request, caller) => {
        await requireAdmin(member, caller);
        return { type: 'user-change-password', user: request.name, hash: await hashOf(member, request) };
      },
    ),
    change(member, header, 'UserGrantRole', etcdserverpb.AuthUserGrantRoleRequest, ({ user, role }) => ({
      type: 'user-grant-role',
      user,
      role,
    })),
    change(member, header, 'UserRevokeRole', etcdserverpb.AuthUserRevokeRoleRequest, ({ name, role }) => ({
      type: 'user-revoke-role',
      user: name,
      role,
    })),
  ];
}

function roleMethods(member: Member, header: HeaderWriter): readonly Method[] {
  const { auth } = member;
  return [
    change(member, header, 'RoleAdd', etcdserverpb.AuthRoleAddRequest, ({ name }) => ({
      type: 'role-add',
      role: name,
    })),
    unary(member, `${service}/RoleGet`, {
      decode: (bytes) => decodeRequest(etcdserverpb.AuthRoleGetRequest, bytes),
      handle: async ({ role }, caller) => {
        const { permissions } = await auth.role(role, caller);
        return encodeRoleGetResponse(header, revisionOf(member), permissions);
      },
    }),
    unary(member, `${service}/RoleList`, {
      decode: (bytes) => decodeRequest(etcdserverpb.AuthRoleListRequest, bytes),
      handle: async (_request, caller) => {
        const names = await auth.roleNames(caller);
        return encodeNamesResponse(header, revisionOf(member), names);
      },
    }),
    change(member, header, 'RoleDelete', etcdserverpb.AuthRoleDeleteRequest, ({ role }) => ({
      type: 'role-delete',
      role,
    })),
    change(
      member,
      header,
      'RoleGrantPermission',
      etcdserverpb.AuthRoleGrantPermissionRequest,
      async ({ name, perm }, caller) => {
        const permission = toPermission(perm);
        if (typeof permission !== 'string') return { type: 'role-grant-permission', role: name, permission };
        await requireAdmin(member, caller);
        throw new QuorateError(permission);
      },
    ),
    change(
      member,
      header,
      'RoleRevokePermission',
      etcdserverpb.AuthRoleRevokePermissionRequest,
      (request) => ({ type: 'role-revoke-permission', role: request.role, range: toRange(request) }),
    ),
  ];
}

/** A method that changes users or roles; its answer is a header. */
function change<T>(
  member: Member,
  header: HeaderWriter,
  name: string,
  message: { decode(bytes: Uint8Array): T },
  toChange: (request: T, caller: Caller) => Change | Promise<Change>,
): Method {
  return unary(member, `${service}/${name}`, {
    decode: (bytes) => decodeRequest(message, bytes),
    handle: async (request, caller) => {
      await member.auth.execute(await toChange(request, caller), caller);
      return encodeAuthResponse(header, revisionOf(member));
    },
  });
}

function revisionOf(member: Member): number {
  return member.header().revision;
}

/** By the users as of now, which a member that lags does not have yet. */
async function requireAdmin(member: Member, caller: Caller): Promise<void> {
  await member.linearizableBarrier();
  member.auth.requireAdmin(caller);
}

/** Newer clients may send a bcrypt hash, in base64, in the place of a password. */
async function hashOf(
  member: Member,
  { password, hashedPassword }: { readonly password: string; readonly hashedPassword: string },
): Promise<string> {
  if (password !== '' || hashedPassword === '') return member.auth.hashPassword(password);
  const hash = Buffer.from(hashedPassword, 'base64').toString('latin1');
  if (!hashPattern.test(hash)) throw new QuorateError('invalid-auth-management');
  return hash;
}

function toPermission(
  message: authpb.Permission.$Properties | null | undefined,
): Permission | 'permission-not-given' | 'invalid-auth-management' {
  if (message === null || message === undefined) return 'permission-not-given';
  const permission = permissionTypes.get(message.permType ?? authpb.Permission.Type.READ);
  if (permission === undefined) return 'invalid-auth-management';
  return { permission, ...toRange(message) };
}

function toRange(message: {
  readonly key?: Uint8Array | null;
  readonly rangeEnd?: Uint8Array | null;
}): KeyRange {
  return { key: toKey(message.key), rangeEnd: toRangeEnd(message.rangeEnd) };
}

const permissionTypes = new Map<number, PermissionType>([
  [authpb.Permission.Type.READ, 'read'],
  [authpb.Permission.Type.WRITE, 'write'],
  [authpb.Permission.Type.READWRITE, 'read-write'],
]);
