import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { QuorateError } from '../base/index.js';
import type { Logger } from '../base/index.js';
import type { Tls } from '../tls/index.js';
import { http2Preface, refusalFrames } from '../http2/index.js';

/** Takes connections at some addresses and hands each to the one that speaks its protocol. */
export interface Listener {
  /** Resolves once every address takes connections. Errors: `invalid-configuration` naming the address. */
  start(): Promise<void>;
  /** Where it really listens, e.g. the port that the system chose for port 0. Known once started. */
  readonly addresses: readonly string[];
  /** Takes no more connections. Those that have been handed over stay. */
  stop(): void;
  /** Resolves when no connection is left. */
  drained(): Promise<void>;
  destroyConnections(): void;
}

export interface ListenerOptions {
  readonly urls: readonly string[];
  readonly connectionsMax: number;
  readonly firstBytesTimeoutMs: number;
  /** For `https://` addresses. */
  readonly tls: Tls | null;
  readonly handshakesMax: number;
  readonly logger: Logger;
  readonly onHttp1: (socket: Socket) => void;
  /** `commonName`: of the client's certificate, if it showed one that was verified. */
  readonly onHttp2: (socket: Socket, commonName: string | null) => void;
}

/** So many connections beyond the bound are told why they are refused, for so long at most. */
const refusedAtOnceMax = 100;
const refusalMs = 1000;
/** The log hears of refusals this often at most. */
const refusalLogIntervalMs = 10_000;

/** Tells the log that connections are refused, and not a thousand times a second. */
function createRefusalLog(logger: Logger): { tell(connectionsMax: number): void } {
  let count = 0;
  let toldMs = Number.NEGATIVE_INFINITY;
  return {
    tell(connectionsMax) {
      count += 1;
      const nowMs = performance.now();
      if (nowMs - toldMs < refusalLogIntervalMs) return;
      logger.warn('refused client connections: there are as many as there may be', {
        connections: connectionsMax,
        refused: count,
      });
      count = 0;
      toldMs = nowMs;
    },
  };
}

export function createListener(options: ListenerOptions): Listener {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  /** Those of them that have not been handed over, the oldest first. */
  const opening = new Set<Socket>();
  /** Beyond the bound, while they are told so. */
  const refused = new Set<Socket>();
  const refusals = createRefusalLog(options.logger);
  const addresses: string[] = [];
  const waiting: (() => void)[] = [];

  const acceptor = options.tls?.createAcceptor({
    protocols: ['h2', 'http/1.1'],
    handshakeTimeoutMs: options.firstBytesTimeoutMs,
    handshakesMax: options.handshakesMax,
    onSecured: open,
  });

  function onConnection(socket: Socket, isSecure: boolean): void {
    if (sockets.size >= options.connectionsMax && !makeRoom()) {
      refuse(socket, isSecure);
      return;
    }
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
    // A reset while nobody has taken the connection over yet; afterwards its new owner hears of it too.
    socket.on('error', () => socket.destroy());
    if (!isSecure) open(socket, null);
    else acceptor?.accept(socket);
  }

  /** Of a connection that has not said yet what it speaks; the oldest such. */
  function makeRoom(): boolean {
    const [silent] = opening;
    if (silent === undefined) return false;
    opening.delete(silent);
    silent.destroy();
    return true;
  }

  /** Says why, in the words of HTTP/2: most clients speak that. Within TLS there is nobody to tell yet. */
  function refuse(socket: Socket, isSecure: boolean): void {
    refusals.tell(options.connectionsMax);
    socket.on('error', () => socket.destroy());
    if (isSecure || refused.size >= refusedAtOnceMax) {
      socket.destroy();
      return;
    }
    refused.add(socket);
    const timer = setTimeout(() => socket.destroy(), refusalMs);
    socket.once('close', () => {
      clearTimeout(timer);
      refused.delete(socket);
    });
    socket.resume();
    socket.end(refusalFrames(`this member has ${options.connectionsMax} connections already`));
  }

  /** Finds out what a connection speaks, within TLS if there is any. */
  function open(socket: Socket, commonName: string | null): void {
    opening.add(socket);
    socket.once('close', () => opening.delete(socket));
    handOver(socket, options.firstBytesTimeoutMs, (protocol) => {
      opening.delete(socket);
      if (socket.destroyed) return;
      if (protocol === 'http2') options.onHttp2(socket, commonName);
      else options.onHttp1(socket);
    });
  }

  return {
    addresses,
    async start() {
      for (const url of options.urls) {
        const address = parseListenUrl(url);
        if (address.isSecure && acceptor === undefined) throw withoutCertificate(url);
        const server = createServer({ noDelay: true, keepAlive: true }, (socket) =>
          onConnection(socket, address.isSecure),
        );
        servers.push(server);
        addresses.push(await listen(server, url, address));
      }
    },
    stop() {
      for (const server of servers) server.close();
      for (const socket of [...opening, ...refused]) socket.destroy();
      acceptor?.cut();
    },
    drained: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    destroyConnections() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

type Protocol = 'http1' | 'http2';

/** Reads just enough to know the protocol, and puts it back. */
function handOver(socket: Socket, timeoutMs: number, onOpened: (protocol: Protocol) => void): void {
  const tooLate = setTimeout(() => socket.destroy(), timeoutMs);
  let seen: Buffer = Buffer.alloc(0);
  function onReadable(): void {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    seen = seen.length === 0 ? bytes : Buffer.concat([seen, bytes]);
    const protocol = protocolOf(seen);
    if (protocol === null) return;
    settle();
    socket.unshift(seen);
    onOpened(protocol);
  }
  function settle(): void {
    clearTimeout(tooLate);
    socket.off('readable', onReadable);
    socket.off('close', settle);
    socket.off('end', onEnd);
  }
  function onEnd(): void {
    socket.destroy();
  }
  socket.on('readable', onReadable);
  socket.on('close', settle);
  socket.on('end', onEnd);
}

/** Null while the bytes could be either. */
export function protocolOf(bytes: Buffer): Protocol | null {
  const length = Math.min(bytes.length, http2Preface.length);
  if (bytes.compare(http2Preface, 0, length, 0, length) !== 0) return 'http1';
  return length === http2Preface.length ? 'http2' : null;
}

interface ListenAddress {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
}

async function listen(server: Server, url: string, { isSecure, host, port }: ListenAddress): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(url, error)));
    server.listen({ host, port }, resolve);
  });
  const { port: actualPort } = server.address() as AddressInfo;
  return `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${actualPort}`;
}

function parseListenUrl(url: string): ListenAddress {
  const parsed = /^http(s?):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/:[\]]+)):(\d{1,5})\/?$/.exec(url);
  const host = parsed?.[2] ?? parsed?.[3];
  const port = Number(parsed?.[4]);
  if (host === undefined || port > 65_535) {
    throw new QuorateError(
      'invalid-configuration',
      `client address ${url} must read http://HOST:PORT or https://HOST:PORT`,
    );
  }
  return { isSecure: parsed?.[1] === 's', host, port };
}

function withoutCertificate(url: string): QuorateError {
  return new QuorateError('invalid-configuration', `client address ${url} needs a certificate and its key`);
}

function listenError(url: string, error: NodeJS.ErrnoException): QuorateError {
  const inUse = `client address ${url} is already in use: stop the process that listens there or choose another`;
  const other = `client address ${url} cannot be listened on: ${error.message}`;
  return new QuorateError('invalid-configuration', error.code === 'EADDRINUSE' ? inUse : other, {
    cause: error,
  });
}
