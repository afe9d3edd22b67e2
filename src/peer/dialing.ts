import { Client, credentials } from '@grpc/grpc-js';
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { PeerCertificate } from 'node:tls';

import { anyName, whyNotAllowed } from '../tls/index.js';
import type { Tls } from '../tls/index.js';
import { formatTarget, isSecureUrl, parsePeerUrl } from './address.js';
import { clientOptions } from './service.js';

/** Makes a client for the peer at a URL. It connects when it is first used. */
export type Dial = (url: string) => Client;

/**
 * Over TLS to `https://` URLs, with the certificate that `tls` has at that moment: the callee must be what the URL names,
 * and meet the rule of names. Without `tls` it must have a certificate that the system trusts.
 */
export function createDial(tls: Tls | null): Dial {
  return (url) => {
    const address = parsePeerUrl(url);
    const target = formatTarget(address);
    if (!isSecureUrl(url)) return new Client(target, credentials.createInsecure(), clientOptions);
    const named = isIP(address.host) === 0 ? {} : unnamed;
    return new Client(target, credentialsFor(address.host, tls), { ...clientOptions, ...named });
  };
}

/** TLS has no place for an IP address in the name that a client asks for, and gRPC would put it there. */
const unnamed: ChannelOptions = { 'grpc.ssl_target_name_override': 'peer.invalid' };

function credentialsFor(host: string, tls: Tls | null): ChannelCredentials {
  const rule = tls?.settings.allowed ?? anyName;
  const verification = {
    checkServerIdentity(_name: string, certificate: PeerCertificate): Error | undefined {
      const problem = whyNotAllowed(new X509Certificate(certificate.raw), rule);
      return checkServerIdentity(host, certificate) ?? (problem === null ? undefined : new Error(problem));
    },
  };
  return tls === null
    ? credentials.createSsl(null, null, null, verification)
    : credentials.createFromSecureContext(tls.context, verification);
}
