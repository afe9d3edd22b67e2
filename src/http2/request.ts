import type { Headers } from './hpack.js';

/** What a request says of its body: its size in bytes, or nothing. `malformed`: it is no request (RFC 9113, 8.3.1). */
export type RequestLength = number | null | 'malformed';

const lengthPattern = /^\d{1,15}$/;

/** Looks at the headers of a request together; each by itself has been looked at. */
export function lengthOfRequest(headers: Headers): RequestLength {
  const isWhole = headers.has(':method') && headers.has(':scheme') && (headers.get(':path') ?? '') !== '';
  if (!isWhole || headers.has(':status')) return 'malformed';
  const length = headers.get('content-length');
  if (length === undefined) return null;
  return lengthPattern.test(length) ? Number(length) : 'malformed';
}
