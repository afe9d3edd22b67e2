import { keyOfText } from '../../base/index.js';
import type { Key } from '../../base/index.js';
import { readPermission, writePermission } from '../admin-command.js';
import { createByteReader } from '../byte-reader.js';
import { createByteWriter } from '../byte-writer.js';
import type { AuthRole, AuthUser, Permission } from '../types.js';

/*
 * What the tables of tables.ts hold of users and roles, with the terms of byte-writer.ts. Frozen.
 *
 *   table auth:  one row, its name is empty      = enabled revision      enabled: a byte, 0 or 1; revision: varint
 *   table users: a row each, name: the user's    = flags hash count role*    flags: 1 without a password; texts
 *   table roles: a row each, name: the role's    = count permission*         permission: admin-command.ts
 *
 * Names are UTF-8.
 *
 * Example: user ann with the roles r and s and without a password: `01 00 02 01 72 01 73`.
 */
export const settingsRowName: Key = '';

export interface AuthSettings {
  readonly enabled: boolean;
  readonly revision: number;
}

export function nameOfRow(rowName: Key): string {
  return Buffer.from(rowName, 'latin1').toString('utf8');
}

export function rowNameOf(name: string): Key {
  return keyOfText(name);
}

export function encodeAuthSettings({ enabled, revision }: AuthSettings): Buffer {
  const writer = createByteWriter();
  writer.byte(enabled ? 1 : 0);
  writer.uint(revision);
  return writer.finish();
}

/** Other bytes than encodeAuthSettings wrote throw `storage-corrupt`. So do the functions below. */
export function decodeAuthSettings(content: Uint8Array): AuthSettings {
  const reader = createByteReader(content, 'whether users are needed');
  const flag = reader.byte();
  if (flag > 1) throw reader.fail(`unknown flag ${flag}`);
  const revision = reader.uint();
  reader.end();
  return { enabled: flag === 1, revision };
}

export function encodeAuthUser({ hash, noPassword, roles }: Omit<AuthUser, 'name'>): Buffer {
  const writer = createByteWriter();
  writer.byte(noPassword ? 1 : 0);
  writer.text(hash);
  writer.uint(roles.length);
  for (const role of roles) writer.text(role);
  return writer.finish();
}

export function decodeAuthUser(name: string, content: Uint8Array): AuthUser {
  const reader = createByteReader(content, 'a user');
  const flags = reader.byte();
  if (flags > 1) throw reader.fail(`unknown flags ${flags}`);
  const hash = reader.text();
  const roles: string[] = [];
  for (let count = reader.uint(); count > 0; count--) roles.push(reader.text());
  reader.end();
  return { name, hash, noPassword: flags === 1, roles };
}

export function encodeAuthRole({ permissions }: Omit<AuthRole, 'name'>): Buffer {
  const writer = createByteWriter();
  writer.uint(permissions.length);
  for (const permission of permissions) writePermission(writer, permission);
  return writer.finish();
}

export function decodeAuthRole(name: string, content: Uint8Array): AuthRole {
  const reader = createByteReader(content, 'a role');
  const permissions: Permission[] = [];
  for (let count = reader.uint(); count > 0; count--) permissions.push(readPermission(reader));
  reader.end();
  return { name, permissions };
}
