import type { Headers } from '../http2/index.js';
import type { CallContext } from './method.js';

/** The contexts of the calls of one connection. Calls without a token, which are most, share two of them. */
export interface ConnectionContexts {
  of(headers: Headers): CallContext;
}

const anonymous = contextsOf(null);

/** `commonName`: of the client's certificate, which was verified; null without one. */
export function createConnectionContexts(commonName: string | null): ConnectionContexts {
  return commonName === null ? anonymous : contextsOf(commonName);
}

function contextsOf(commonName: string | null): ConnectionContexts {
  const credentials = Object.freeze({ token: null, commonName });
  const plain: CallContext = Object.freeze({ requiresLeader: false, credentials });
  const withLeader: CallContext = Object.freeze({ requiresLeader: true, credentials });
  return {
    of(headers) {
      const requiresLeader = first(headers.get('hasleader')) === 'true';
      const token = tokenOf(headers);
      if (token === null) return requiresLeader ? withLeader : plain;
      return { requiresLeader, credentials: { token, commonName } };
    },
  };
}

/** Clients send `token`; what came over HTTP sends `authorization`, with or without `Bearer`. */
function tokenOf(headers: Headers): string | null {
  const token = first(headers.get('token'));
  if (token !== undefined) return token;
  const authorization = headers.get('authorization');
  if (authorization === undefined) return null;
  return (
    first(authorization.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : authorization) ?? null
  );
}

/** Of a header that was sent more than once, which are joined by commas. */
function first(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const end = text.indexOf(',');
  return end < 0 ? text : text.slice(0, end);
}
