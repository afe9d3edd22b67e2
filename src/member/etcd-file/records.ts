import { asBuffer, bytesOfKey, keyOf, QuorateError } from '../../base/index.js';
import type {
  Alarm,
  AuthRole,
  AuthUser,
  Lease,
  LeaseId,
  Permission,
  PermissionType,
} from '../../mvcc/index.js';
import {
  bytesField,
  bytesOf,
  int64Field,
  messageField,
  numberOf,
  readFields,
  textOf,
  uint64Field,
} from './protobuf.js';

/*
 * The small records of etcd's store: protobuf messages, except the names and what stands in layout.ts.
 *
 *   bucket lease      name: id, 8 bytes, big-endian      leasepb.Lease: ID = 1, TTL = 2, RemainingTTL = 3 (int64)
 *   bucket alarm      name: AlarmMember                  nothing; AlarmMember: memberID = 1 (uint64), alarm = 2 (enum)
 *   bucket authUsers  name: the user's                   authpb.User: name = 1, password = 2 (bytes, a bcrypt hash),
 *                                                        roles = 3 (strings), options = 4 {no_password = 1 (bool)}
 *   bucket authRoles  name: the role's                   authpb.Role: name = 1, keyPermission = 2
 *                                                        {permType = 1 (enum), key = 2, range_end = 3 (bytes)}
 *
 * Example: lease 7 of 60 seconds: `00 00 00 00 00 00 00 07` → `08 07 10 3c`.
 */
export interface NamedRecord {
  readonly name: Buffer;
  readonly value: Buffer;
}

const leaseNameSizeBytes = 8;
const alarmNumbers = { 'no-space': 1n, corrupt: 2n } as const satisfies Record<Alarm['alarm'], bigint>;
/** The index is etcd's number. */
const permissionTypes: readonly PermissionType[] = ['read', 'write', 'read-write'];

/** What was left of it is not kept: whoever takes the lease over begins its time anew. */
export function encodeLease({ id, ttlSeconds }: Pick<Lease, 'id' | 'ttlSeconds'>): NamedRecord {
  const name = Buffer.allocUnsafe(leaseNameSizeBytes);
  name.writeBigInt64BE(id);
  return { name, value: Buffer.concat([int64Field(1, id), int64Field(2, BigInt(ttlSeconds))]) };
}

export function decodeLease(name: Uint8Array, value: Uint8Array): Lease {
  const fields = readFields(value, 'a lease in the file');
  const id: LeaseId = BigInt.asIntN(64, numberOf(fields, 1));
  const ttlSeconds = Number(BigInt.asIntN(64, numberOf(fields, 2)));
  const isNamed = name.length === leaseNameSizeBytes && asBuffer(name).readBigInt64BE(0) === id;
  if (!isNamed || id === 0n || !Number.isSafeInteger(ttlSeconds)) {
    throw strange(`a lease under the name ${hexOf(name)} that has the id ${id} and ${ttlSeconds} s to live`);
  }
  return { id, ttlSeconds, remainingTtlSeconds: 0 };
}

export function encodeAlarm({ memberId, alarm }: Alarm): NamedRecord {
  const name = Buffer.concat([uint64Field(1, BigInt(`0x${memberId}`)), uint64Field(2, alarmNumbers[alarm])]);
  return { name, value: Buffer.alloc(0) };
}

/** Null: of a kind that this program does not know. */
export function decodeAlarm(name: Uint8Array): Alarm | null {
  const fields = readFields(name, 'an alarm in the file');
  const memberId = numberOf(fields, 1).toString(16).padStart(16, '0');
  switch (numberOf(fields, 2)) {
    case alarmNumbers['no-space']:
      return { memberId, alarm: 'no-space' };
    case alarmNumbers.corrupt:
      return { memberId, alarm: 'corrupt' };
    default:
      return null;
  }
}

export function encodeUser({ name, hash, noPassword, roles }: AuthUser): NamedRecord {
  const nameBytes = Buffer.from(name, 'utf8');
  const value = Buffer.concat([
    bytesField(1, nameBytes),
    bytesField(2, Buffer.from(hash, 'latin1')),
    ...roles.map((role) => messageField(3, Buffer.from(role, 'utf8'))),
    messageField(4, uint64Field(1, noPassword ? 1n : 0n)),
  ]);
  return { name: nameBytes, value };
}

export function decodeUser(name: Uint8Array, value: Uint8Array): AuthUser {
  const fields = readFields(value, 'a user in the file');
  const user = {
    name: textOf(fields, 1),
    hash: bytesOf(fields, 2).at(-1)?.toString('latin1') ?? '',
    noPassword:
      numberOf(readFields(bytesOf(fields, 4).at(-1) ?? Buffer.alloc(0), 'a user in the file'), 1) !== 0n,
    roles: [...new Set(bytesOf(fields, 3).map((role) => role.toString('utf8')))].sort(),
  };
  if (user.name === '' || user.name !== asBuffer(name).toString('utf8')) {
    throw strange(`the user ${JSON.stringify(user.name)} under the name ${hexOf(name)}`);
  }
  return user;
}

export function encodeRole({ name, permissions }: AuthRole): NamedRecord {
  const nameBytes = Buffer.from(name, 'utf8');
  const value = Buffer.concat([
    bytesField(1, nameBytes),
    ...permissions.map((permission) => messageField(2, encodePermission(permission))),
  ]);
  return { name: nameBytes, value };
}

export function decodeRole(name: Uint8Array, value: Uint8Array): AuthRole {
  const fields = readFields(value, 'a role in the file');
  const role = { name: textOf(fields, 1), permissions: bytesOf(fields, 2).map(decodePermission) };
  if (role.name === '' || role.name !== asBuffer(name).toString('utf8')) {
    throw strange(`the role ${JSON.stringify(role.name)} under the name ${hexOf(name)}`);
  }
  return role;
}

function encodePermission({ permission, key, rangeEnd }: Permission): Buffer {
  return Buffer.concat([
    uint64Field(1, BigInt(permissionTypes.indexOf(permission))),
    bytesField(2, bytesOfKey(key)),
    bytesField(3, bytesOfKey(rangeEnd ?? '')),
  ]);
}

function decodePermission(bytes: Buffer): Permission {
  const fields = readFields(bytes, 'a permission in the file');
  const permission = permissionTypes[Number(numberOf(fields, 1))];
  if (permission === undefined) throw strange(`a permission of the kind ${numberOf(fields, 1)}`);
  const rangeEnd = keyOf(bytesOf(fields, 3).at(-1) ?? Buffer.alloc(0));
  return {
    permission,
    key: keyOf(bytesOf(fields, 2).at(-1) ?? Buffer.alloc(0)),
    rangeEnd: rangeEnd === '' ? null : rangeEnd,
  };
}

function hexOf(name: Uint8Array): string {
  return asBuffer(name).subarray(0, 64).toString('hex');
}

/** A file that holds what neither etcd nor this program writes. */
export function strange(what: string): QuorateError {
  return new QuorateError('storage-corrupt', `the file holds ${what}: it is damaged. Take another copy`);
}
