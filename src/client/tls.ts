import type { SecureClientSessionOptions } from 'node:http2';

import { asBuffer } from '../base/index.js';

/** A certificate, several, or a key, as PEM: what the file says, not where it is. */
export type Pem = string | Uint8Array;

/**
 * How to speak TLS with the members:
 *
 *     const [ca, cert, key] = await Promise.all(['ca.crt', 'me.crt', 'me.key'].map((file) => readFile(file)));
 *     const client = connect('https://10.0.0.1:2379', { tls: { ca, cert, key } });
 */
export interface TlsOptions {
  /** The authorities to trust, in place of those that Node.js trusts. */
  readonly ca?: Pem | readonly Pem[];
  /** This client's own certificate and key, where members ask for them. */
  readonly cert?: Pem;
  readonly key?: Pem;
  /** The name that members' certificates must bear. Default: the endpoint's host. */
  readonly serverName?: string;
  /** Trust whoever answers. Anybody on the way can then read and change everything: for experiments only. */
  readonly insecureSkipVerify?: boolean;
}

export function sessionOptionsOf(tls: TlsOptions): SecureClientSessionOptions {
  const { ca, cert, key, serverName, insecureSkipVerify } = tls;
  const authorities = ca === undefined ? undefined : isOne(ca) ? [ca] : ca;
  return {
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
    ...(authorities === undefined ? {} : { ca: authorities.map(nodePem) }),
    ...(cert === undefined ? {} : { cert: nodePem(cert) }),
    ...(key === undefined ? {} : { key: nodePem(key) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
  };
}

function isOne(ca: Pem | readonly Pem[]): ca is Pem {
  return typeof ca === 'string' || ca instanceof Uint8Array;
}

function nodePem(pem: Pem): string | Buffer {
  return typeof pem === 'string' ? pem : asBuffer(pem);
}
