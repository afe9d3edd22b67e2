import type { Permission, PermissionType } from '../mvcc/index.js';
import type { HeaderWriter } from './header.js';
import { createWireWriter } from './wire-writer.js';

/** One for all answers: each is written in one go, without waiting in between. */
const writer = createWireWriter();

const permissionTypes: Readonly<Record<PermissionType, number>> = { read: 0, write: 1, 'read-write': 2 };

/** The answer of every change: a header alone. */
export function encodeAuthResponse(header: HeaderWriter, revision: number): Buffer {
  header(writer, revision);
  return writer.finish();
}

export function encodeAuthStatusResponse(
  header: HeaderWriter,
  revision: number,
  status: { readonly enabled: boolean; readonly authRevision: number },
): Buffer {
  writer.number(0x18, status.authRevision);
  writer.boolean(0x10, status.enabled);
  return encodeAuthResponse(header, revision);
}

export function encodeAuthenticateResponse(header: HeaderWriter, revision: number, token: string): Buffer {
  writer.text(0x12, token);
  return encodeAuthResponse(header, revision);
}

/** A user's roles, all users, or all roles: field 2 each time. */
export function encodeNamesResponse(
  header: HeaderWriter,
  revision: number,
  names: readonly string[],
): Buffer {
  for (const name of names.toReversed()) writer.text(0x12, name);
  return encodeAuthResponse(header, revision);
}

export function encodeRoleGetResponse(
  header: HeaderWriter,
  revision: number,
  permissions: readonly Permission[],
): Buffer {
  for (const { permission, key, rangeEnd } of permissions.toReversed()) {
    const mark = writer.mark();
    writer.latin1(0x1a, rangeEnd ?? '');
    writer.latin1(0x12, key);
    writer.number(0x08, permissionTypes[permission]);
    writer.message(0x12, mark);
  }
  return encodeAuthResponse(header, revision);
}
