import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { assert } from '../base/index.js';
import type { Logger } from '../base/index.js';
import type { TlsMaterial } from './files.js';
import { commonNameOf, whyNotAllowed } from './names.js';
import type { TlsSettings } from './tls.js';

/** Leads connections in through their handshakes. */
export interface TlsAcceptor {
  accept(socket: Socket): void;
  /** For handshakes that begin from now on. */
  use(material: TlsMaterial): void;
  /** Those under way. */
  readonly handshakeCount: number;
  /** Cuts those under way. */
  cut(): void;
}

export interface AcceptorOptions {
  readonly settings: TlsSettings;
  readonly material: TlsMaterial;
  /** In the order in which they are preferred. */
  readonly protocols: readonly string[];
  readonly handshakeTimeoutMs: number;
  /** With more under way at once, the oldest is cut: whoever means it is done within a moment. */
  readonly handshakesMax: number;
  readonly logger: Logger;
  /** `commonName`: of the certificate that the other side showed, which was verified; null without one. */
  readonly onSecured: (socket: TLSSocket, commonName: string | null) => void;
}

/** Refusals that are told at most; somebody who tries again and again must not fill the log. */
const refusalLogIntervalMs = 1000;

export function createAcceptor(options: AcceptorOptions): TlsAcceptor {
  const { settings, onSecured, handshakesMax, handshakeTimeoutMs, protocols } = options;
  const { requireClientCertificate, allowed } = settings;
  const tellRefusal = createRefusalLog(options.logger);
  /** By their addresses, which are what the secured socket shares with the plain one; in the order in which they began. */
  const handshakes = new Map<string, Socket>();

  const server = createServer({
    ...contextOf(options.material, settings),
    ALPNProtocols: [...protocols],
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: requireClientCertificate,
    rejectUnauthorized: true,
  });
  server.on('tlsClientError', (error, socket) => {
    tellRefusal(addressOf(socket), reasonOf(error));
    socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    handshakes.delete(addressesOf(socket));
    socket.on('error', () => socket.destroy()); // Its 'close' follows, which its next owner hears of.
    const certificate = requireClientCertificate ? socket.getPeerX509Certificate() : undefined;
    assert(
      !requireClientCertificate || certificate !== undefined,
      'a client without a certificate is refused',
    );
    const problem = certificate === undefined ? null : whyNotAllowed(certificate, allowed);
    if (problem !== null) {
      tellRefusal(addressOf(socket), problem);
      socket.destroy();
      return;
    }
    onSecured(socket, certificate === undefined ? null : commonNameOf(certificate));
  });

  return {
    accept(socket) {
      const [oldest] = handshakes.values();
      if (oldest !== undefined && handshakes.size >= handshakesMax) oldest.destroy();
      const addresses = addressesOf(socket);
      handshakes.set(addresses, socket);
      socket.once('close', () => {
        if (handshakes.get(addresses) === socket) handshakes.delete(addresses);
      });
      server.emit('connection', socket);
    },
    use: (material) => server.setSecureContext(contextOf(material, settings)),
    get handshakeCount() {
      return handshakes.size;
    },
    cut() {
      for (const socket of handshakes.values()) socket.destroy();
    },
  };
}

function contextOf({ cert, key, ca }: TlsMaterial, settings: TlsSettings): SecureContextOptions {
  const { minVersion, maxVersion } = settings;
  // A session that is resumed skips the checks of the certificate, which may have become stricter since.
  return { cert, key, ca, minVersion, maxVersion, secureOptions: constants.SSL_OP_NO_TICKET };
}

function createRefusalLog(logger: Logger): (from: string, reason: string) => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (from, reason) => {
    const now = performance.now();
    if (now - toldAtMs < refusalLogIntervalMs) {
      untold += 1;
      return;
    }
    logger.warn('refused a TLS connection', { from, reason, ...(untold === 0 ? {} : { others: untold }) });
    toldAtMs = now;
    untold = 0;
  };
}

/** OpenSSL's errors carry their sense apart from where in its code they arose. */
function reasonOf(error: Error & { readonly reason?: string }): string {
  return error.reason ?? error.message;
}

function addressesOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join();
}

function addressOf(socket: TLSSocket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}
