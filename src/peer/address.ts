import { lookup } from 'node:dns/promises';

import { messageOf, QuorateError } from '../base/index.js';

export interface HostAndPort {
  /** An IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** Of `http://host:port` or `https://host:port`. Throws `invalid-configuration` for anything else. */
export function parsePeerUrl(url: string): HostAndPort {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // A URL without a port, or with the usual one of its scheme, has an empty one.
  const usual = parsed?.protocol === 'https:' ? 443 : 80;
  const port = parsed === null || parsed.port === '' ? usual : Number(parsed.port);
  const plain =
    parsed !== null && /^https?:$/.test(parsed.protocol) && /^\/?$/.test(parsed.pathname + parsed.search);
  if (parsed === null || !plain || parsed.hostname === '') {
    throw new QuorateError(
      'invalid-configuration',
      `peer address "${url}" is not of the form http://host:port or https://host:port`,
    );
  }
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port };
}

export function isPeerUrl(url: string): boolean {
  try {
    parsePeerUrl(url);
    return true;
  } catch (error) {
    if (error instanceof QuorateError) return false;
    throw error;
  }
}

/** Whether a peer URL asks for TLS. */
export function isSecureUrl(url: string): boolean {
  return /^https:/i.test(url);
}

/** As gRPC wants to dial or bind it. */
export function formatTarget({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Every address behind the host, so that each can be bound, and fail, by itself. */
export async function resolveAll(url: string): Promise<readonly HostAndPort[]> {
  const { host, port } = parsePeerUrl(url);
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => ({ host: address, port }));
  } catch (error) {
    const message = `peer address ${url} cannot be resolved: ${messageOf(error)}`;
    throw new QuorateError('invalid-configuration', message, { cause: error });
  }
}
