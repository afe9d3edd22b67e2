import type { Server } from '@grpc/grpc-js';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server as SocketServer, Socket } from 'node:net';
import { createServer } from 'node:net';

import { messageOf, QuorateError } from '../base/index.js';
import type { HostAndPort } from './address.js';
import type { Tls } from '../tls/index.js';
import { formatTarget, isSecureUrl, resolveAll } from './address.js';
import type { ConnectionSlots } from './connection-slots.js';

/**
 * The sockets below the gRPC server are ours: so their number is bounded (`slots`), each address can fail by itself, and a
 * connection whose other side neither reads nor ends cannot keep us from stopping.
 */
export interface Listeners {
  /** Calls that are open have this long to end by themselves. Resolves when all ports and sockets are free. */
  stop(graceMs: number): Promise<void>;
}

/** TLS handshakes under way at once, and how long each may take. */
const handshakesMax = 64;
const handshakeTimeoutMs = 5_000;

/**
 * Binds every address behind each URL, and nothing else. Throws `invalid-configuration` when one is malformed, taken or
 * not this machine's; then nothing is bound.
 */
export async function listen(
  server: Server,
  urls: readonly string[],
  tls: Tls | null,
  slots: ConnectionSlots,
): Promise<Listeners> {
  // What comes out of TLS is plain to gRPC.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const acceptor = tls?.createAcceptor({
    protocols: ['h2'],
    handshakeTimeoutMs,
    handshakesMax,
    onSecured: (socket) => injector.injectConnection(socket),
  });
  const bound: SocketServer[] = [];
  const connected = (socket: Socket, isSecure: boolean): void => {
    socket.on('error', () => socket.destroy());
    if (!slots.add(socket)) return;
    if (!isSecure) injector.injectConnection(socket);
    else acceptor?.accept(socket);
  };

  async function stop(graceMs: number): Promise<void> {
    const closed = bound.map((each) => new Promise<void>((resolve) => each.close(() => resolve())));
    const timer = setTimeout(() => slots.destroyAll(), graceMs);
    acceptor?.cut();
    server.tryShutdown(() => undefined);
    await Promise.all(closed);
    clearTimeout(timer);
  }

  try {
    for (const url of urls) {
      const isSecure = isSecureUrl(url);
      if (isSecure && acceptor === undefined) throw withoutCertificate(url);
      for (const address of await resolveAll(url)) {
        bound.push(await bind(url, address, (socket) => connected(socket, isSecure)));
      }
    }
  } catch (error) {
    await stop(0);
    throw error;
  }
  return { stop };
}

async function bind(
  url: string,
  address: HostAndPort,
  connected: (socket: Socket) => void,
): Promise<SocketServer> {
  const server = createServer({ noDelay: true }, connected);
  try {
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject);
      server.listen({ ...address }, resolve);
    });
    return server;
  } catch (error) {
    const message = describeProblem(url, formatTarget(address), error);
    throw new QuorateError('invalid-configuration', message, { cause: error });
  }
}

function withoutCertificate(url: string): QuorateError {
  return new QuorateError('invalid-configuration', `peer address ${url} needs a certificate and its key`);
}

function describeProblem(url: string, target: string, error: unknown): string {
  const where = url.includes(target) ? url : `${url} (${target})`;
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') {
    return `peer address ${where} is already in use: stop what listens there, or choose another with --listen-peer-urls`;
  }
  if (code === 'EADDRNOTAVAIL') return `peer address ${where} does not belong to this machine`;
  if (code === 'EACCES') return `peer address ${where} needs rights that this process does not have`;
  return `peer address ${where} cannot be listened on: ${messageOf(error)}`;
}
