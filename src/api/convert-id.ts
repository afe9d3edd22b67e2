import { toBigint } from './convert.js';

/** A member's id, 64 bits without a sign on the wire, as 16 hexadecimal digits. */
export function toMemberId(id: Parameters<typeof toBigint>[0]): string {
  return BigInt.asUintN(64, toBigint(id)).toString(16).padStart(16, '0');
}
