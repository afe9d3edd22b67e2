import { ClientError } from './errors.js';

export interface EndpointAddress {
  /** `host:port`, for messages. */
  readonly name: string;
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly isSecure: boolean;
}

/**
 * Reads `host:port`, `http://host:port` or `https://host:port`; the port may be left out for 2379, the scheme for
 * `otherwise`. Throws ClientError `invalid-argument`.
 */
export function parseEndpoint(text: string, otherwise: 'http' | 'https' = 'http'): EndpointAddress {
  const trimmed = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `${otherwise}://${trimmed}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const isSecure = url?.protocol === 'https:';
  const isKnown = isSecure || url?.protocol === 'http:';
  if (url === undefined || !isKnown || url.hostname === '' || url.pathname.length > 1) {
    const form = 'host:port, http://host:port or https://host:port';
    throw new ClientError('invalid-argument', `an endpoint is ${form}, not ${JSON.stringify(text)}`);
  }
  const port = url.port === '' ? portWithoutOne(withScheme, isSecure) : url.port;
  const name = `${url.hostname}:${port}`;
  return { name, url: `${url.protocol}//${name}`, isSecure };
}

/** URL hides a scheme's default port even if it was given. */
function portWithoutOne(text: string, isSecure: boolean): string {
  const usual = isSecure ? '443' : '80';
  return new RegExp(`:${usual}/?$`).test(text) ? usual : '2379';
}
