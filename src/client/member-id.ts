import { toBigInt, wireLease } from './entry.js';
import type { WireInteger } from './entry.js';
import { ClientError } from './errors.js';

/** A member's or a cluster's id as logs and tables have it: 16 hexadecimal digits. */
export function idText(id: WireInteger): string {
  return BigInt.asUintN(64, toBigInt(id)).toString(16).padStart(16, '0');
}

/** Throws ClientError `invalid-argument` for what is no id. */
export function wireId(text: string): ReturnType<typeof wireLease> {
  if (/^[0-9a-f]{1,16}$/i.test(text)) return wireLease(BigInt(`0x${text}`));
  throw new ClientError('invalid-argument', `a member's id is hexadecimal, not ${JSON.stringify(text)}`);
}
