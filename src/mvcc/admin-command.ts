import { unreachable } from '../base/index.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import type {
  AlarmCommand,
  AuthCommand,
  Command,
  LeaseCheckpoint,
  LeaseGrant,
  LeaseRevoke,
  Permission,
} from './types.js';

/*
 * How the commands that are not about keys stand in the log, with the terms of command.ts. Frozen.
 *
 *   lease-grant      = 16 lease ttl                           ttl in seconds, signed
 *   lease-revoke     = 17 lease term
 *   lease-checkpoint = 18 term count (lease ttl)*
 *   alarm            = 19 flags member                        flags: 1 deactivate, 2 corrupt (else no-space)
 *   auth-enable      = 32        auth-disable    = 33
 *   user-add         = 34 flags user hash                     flags: 1 without a password
 *   user-delete      = 35 user   user-change-password = 36 user hash
 *   user-grant-role  = 37 user role                           user-revoke-role = 38 user role
 *   role-add         = 39 role   role-delete     = 40 role
 *   role-grant-permission  = 41 role kind flags key [range-end]     kind: 0 read, 1 write, 2 both
 *   role-revoke-permission = 42 role flags key [range-end]          flags: 1 a range end follows
 *   auth-token       = 43 user token revision
 */
const leaseGrantTag = 16;
const leaseRevokeTag = 17;
const leaseCheckpointTag = 18;
const alarmTag = 19;
const authTags = {
  'auth-enable': 32,
  'auth-disable': 33,
  'user-add': 34,
  'user-delete': 35,
  'user-change-password': 36,
  'user-grant-role': 37,
  'user-revoke-role': 38,
  'role-add': 39,
  'role-delete': 40,
  'role-grant-permission': 41,
  'role-revoke-permission': 42,
  'auth-token': 43,
} as const satisfies Record<AuthCommand['type'], number>;

const permissionTypes = ['read', 'write', 'read-write'] as const;

export type AdminCommand = LeaseGrant | LeaseRevoke | LeaseCheckpoint | AlarmCommand | AuthCommand;

export function isAdminCommand(command: Command): command is AdminCommand {
  const { type } = command;
  return type in authTags || type.startsWith('lease-') || type === 'alarm';
}

export function writeAdminCommand(writer: ByteWriter, command: AdminCommand): void {
  switch (command.type) {
    case 'lease-grant':
      writer.byte(leaseGrantTag);
      writer.int64(command.id);
      writer.int(command.ttlSeconds);
      break;
    case 'lease-revoke':
      writer.byte(leaseRevokeTag);
      writer.int64(command.id);
      writer.uint(command.onlyInTerm);
      break;
    case 'lease-checkpoint':
      writer.byte(leaseCheckpointTag);
      writer.uint(command.onlyInTerm);
      writer.uint(command.leases.length);
      for (const { id, remainingTtlSeconds } of command.leases) {
        writer.int64(id);
        writer.int(remainingTtlSeconds);
      }
      break;
    case 'alarm':
      writer.byte(alarmTag);
      writer.byte((command.action === 'deactivate' ? 1 : 0) | (command.alarm === 'corrupt' ? 2 : 0));
      writer.text(command.memberId);
      break;
    case 'auth-enable':
    case 'auth-disable':
    case 'user-add':
    case 'user-delete':
    case 'user-change-password':
    case 'user-grant-role':
    case 'user-revoke-role':
    case 'role-add':
    case 'role-delete':
    case 'role-grant-permission':
    case 'role-revoke-permission':
    case 'auth-token':
      writer.byte(authTags[command.type]);
      writeAuth(writer, command);
      break;
    default:
      unreachable(command);
  }
}

function writeAuth(writer: ByteWriter, command: AuthCommand): void {
  switch (command.type) {
    case 'auth-enable':
    case 'auth-disable':
      break;
    case 'user-add':
      writer.byte(command.noPassword ? 1 : 0);
      writer.text(command.user);
      writer.text(command.hash);
      break;
    case 'user-delete':
      writer.text(command.user);
      break;
    case 'user-change-password':
      writer.text(command.user);
      writer.text(command.hash);
      break;
    case 'user-grant-role':
    case 'user-revoke-role':
      writer.text(command.user);
      writer.text(command.role);
      break;
    case 'role-add':
    case 'role-delete':
      writer.text(command.role);
      break;
    case 'role-grant-permission':
      writer.text(command.role);
      writePermission(writer, command.permission);
      break;
    case 'role-revoke-permission':
      writer.text(command.role);
      writeKeyRange(writer, command.range);
      break;
    case 'auth-token':
      writer.text(command.user);
      writer.text(command.token);
      writer.uint(command.authRevision);
      break;
    default:
      unreachable(command);
  }
}

/** Also how a role's stored record has it. */
export function writePermission(writer: ByteWriter, permission: Permission): void {
  writer.byte(permissionTypes.indexOf(permission.permission));
  writeKeyRange(writer, permission);
}

export function readPermission(reader: ByteReader): Permission {
  const kind = reader.byte();
  const permission = permissionTypes[kind];
  if (permission === undefined) throw reader.fail(`unknown permission ${kind}`);
  return { permission, ...readKeyRange(reader) };
}

function writeKeyRange(writer: ByteWriter, { key, rangeEnd }: Pick<Permission, 'key' | 'rangeEnd'>): void {
  writer.byte(rangeEnd === null ? 0 : 1);
  writer.key(key);
  if (rangeEnd !== null) writer.key(rangeEnd);
}

function readKeyRange(reader: ByteReader): Pick<Permission, 'key' | 'rangeEnd'> {
  const flags = readFlags(reader, 1);
  const key = reader.key();
  return { key, rangeEnd: flags === 1 ? reader.key() : null };
}

/** Null: the tag is not one of these. */
export function readAdminCommand(reader: ByteReader, tag: number): AdminCommand | null {
  switch (tag) {
    case leaseGrantTag:
      return { type: 'lease-grant', id: reader.int64(), ttlSeconds: reader.int() };
    case leaseRevokeTag:
      return { type: 'lease-revoke', id: reader.int64(), onlyInTerm: reader.uint() };
    case leaseCheckpointTag:
      return readCheckpoint(reader);
    case alarmTag: {
      const flags = readFlags(reader, 3);
      const action = (flags & 1) !== 0 ? 'deactivate' : 'activate';
      return {
        type: 'alarm',
        action,
        memberId: reader.text(),
        alarm: (flags & 2) !== 0 ? 'corrupt' : 'no-space',
      };
    }
    default:
      return readAuth(reader, tag);
  }
}

function readCheckpoint(reader: ByteReader): LeaseCheckpoint {
  const onlyInTerm = reader.uint();
  const leases: { id: bigint; remainingTtlSeconds: number }[] = [];
  // Each takes bytes, so a count that lies ends with them.
  for (let count = reader.uint(); count > 0; count--) {
    leases.push({ id: reader.int64(), remainingTtlSeconds: reader.int() });
  }
  return { type: 'lease-checkpoint', onlyInTerm, leases };
}

function readAuth(reader: ByteReader, tag: number): AuthCommand | null {
  switch (tag) {
    case authTags['auth-enable']:
      return { type: 'auth-enable' };
    case authTags['auth-disable']:
      return { type: 'auth-disable' };
    case authTags['user-add']: {
      const noPassword = readFlags(reader, 1) === 1;
      return { type: 'user-add', user: reader.text(), hash: reader.text(), noPassword };
    }
    case authTags['user-delete']:
      return { type: 'user-delete', user: reader.text() };
    case authTags['user-change-password']:
      return { type: 'user-change-password', user: reader.text(), hash: reader.text() };
    case authTags['user-grant-role']:
      return { type: 'user-grant-role', user: reader.text(), role: reader.text() };
    case authTags['user-revoke-role']:
      return { type: 'user-revoke-role', user: reader.text(), role: reader.text() };
    case authTags['role-add']:
      return { type: 'role-add', role: reader.text() };
    case authTags['role-delete']:
      return { type: 'role-delete', role: reader.text() };
    case authTags['role-grant-permission']:
      return { type: 'role-grant-permission', role: reader.text(), permission: readPermission(reader) };
    case authTags['role-revoke-permission']:
      return { type: 'role-revoke-permission', role: reader.text(), range: readKeyRange(reader) };
    case authTags['auth-token']:
      return { type: 'auth-token', user: reader.text(), token: reader.text(), authRevision: reader.uint() };
    default:
      return null;
  }
}

function readFlags(reader: ByteReader, known: number): number {
  const flags = reader.byte();
  if (flags > known) throw reader.fail(`unknown flags ${flags}`);
  return flags;
}
