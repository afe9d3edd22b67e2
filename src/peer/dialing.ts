import { Client, credentials } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { X509Certificate } from 'node:crypto';
import { checkServerIdentity } from 'node:tls';
import type { PeerCertificate, SecureContext } from 'node:tls';

import { whyNotAllowed } from '../tls/index.js';
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
  const plain = credentials.createInsecure();
  let secure: { readonly context: SecureContext | null; readonly credentials: ChannelCredentials } | null =
    null;

  function secureCredentials(): ChannelCredentials {
    const context = tls?.context ?? null;
    if (secure === null || secure.context !== context) {
      secure = { context, credentials: credentialsFor(tls, context) };
    }
    return secure.credentials;
  }

  return (url) => {
    const target = formatTarget(parsePeerUrl(url));
    return new Client(target, isSecureUrl(url) ? secureCredentials() : plain, clientOptions);
  };
}

function credentialsFor(tls: Tls | null, context: SecureContext | null): ChannelCredentials {
  if (tls === null || context === null) return credentials.createSsl();
  return credentials.createFromSecureContext(context, {
    checkServerIdentity(hostname: string, certificate: PeerCertificate): Error | undefined {
      const problem = whyNotAllowed(new X509Certificate(certificate.raw), tls.settings.allowed);
      return (
        checkServerIdentity(hostname, certificate) ?? (problem === null ? undefined : new Error(problem))
      );
    },
  });
}
