import { emptyBytes } from '../base/index.js';
import { ClientError } from './errors.js';

/** A key or a value: text stands for its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

/**
 * Which keys: one; all that begin with `prefix` (an empty one means all); or those in [`from`, `to`), in byte order,
 * to the end if there is no `to`.
 */
export type Keys = Bytes | { readonly prefix: Bytes } | { readonly from: Bytes; readonly to?: Bytes };

/** The pair of fields that stands for keys on the wire. An empty `rangeEnd` means the one key. */
export interface WireKeys {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

export function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
}

/** Throws ClientError for ranges that the wire would take for something else, larger. */
export function wireKeys(keys: Keys): WireKeys {
  if (typeof keys === 'string' || keys instanceof Uint8Array)
    return { key: keyBytes(keys), rangeEnd: emptyBytes };
  if ('prefix' in keys) {
    const prefix = bytesOf(keys.prefix);
    return { key: prefix.length === 0 ? lowest : prefix, rangeEnd: endOfPrefix(prefix) };
  }
  const from = bytesOf(keys.from);
  const key = from.length === 0 ? lowest : from;
  if (keys.to === undefined) return { key, rangeEnd: unbounded };
  const rangeEnd = bytesOf(keys.to);
  if (rangeEnd.length === 0 || isUnbounded(rangeEnd)) {
    throw new ClientError(
      'invalid-argument',
      `nothing lies below the end of this range: leave out 'to' for all keys`,
    );
  }
  return { key, rangeEnd };
}

/** A single key, which must not be empty. */
export function keyBytes(key: Bytes): Uint8Array {
  if (key.length === 0) throw new ClientError('empty-key', 'a key must not be empty');
  return bytesOf(key);
}

/** The key right after `key` in byte order. */
export function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** The lowest key, and, as the end of a range, no end at all. */
const lowest = Uint8Array.of(0);
const unbounded = lowest;

export function isUnbounded(rangeEnd: Uint8Array): boolean {
  return rangeEnd.length === 1 && rangeEnd[0] === 0;
}

/** The first key above all that begin with `prefix`: its last byte that can grow, grown; the rest cut off. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return unbounded;
  const end = Uint8Array.from(prefix.subarray(0, length));
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}
