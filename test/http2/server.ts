import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createHttp2Connection } from '../../src/http2/index.js';
import type { Headers, Http2Connection, Http2Limits, Http2Stream } from '../../src/http2/index.js';

export const limits: Http2Limits = {
  streamsMax: 100,
  streamWindowSizeBytes: 64 * 1024,
  connectionWindowSizeBytes: 256 * 1024,
  headersSizeBytesMax: 16 * 1024,
};

export interface TestServer {
  readonly port: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Sockets that are open, which may be longer. */
  readonly sockets: number;
  /** Of what clients sent, on sockets that are open. */
  readonly readSizeBytes: number;
  /** What the connections' handlers threw. */
  readonly errors: readonly unknown[];
  /** As a server that shuts down: what runs may end. */
  closeConnections(): void;
  close(): Promise<void>;
}

/** A server whose streams go to `onStream`. */
export async function serve(
  onStream: (stream: Http2Stream, headers: Headers) => void,
  changed: Partial<Http2Limits> = {},
): Promise<TestServer> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const errors: unknown[] = [];
  const open = new Set<Http2Connection>();
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const connection = createHttp2Connection(
      socket,
      { ...limits, ...changed },
      {
        onStream,
        onClose: () => {
          connections -= 1;
          open.delete(connection);
        },
        onError: (thrown) => void errors.push(thrown),
      },
    );
    open.add(connection);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get sockets() {
      return sockets.size;
    },
    get readSizeBytes() {
      return [...sockets].reduce((size, { bytesRead }) => size + bytesRead, 0);
    },
    errors,
    closeConnections() {
      for (const connection of open) connection.close();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Node's own client. */
export function openClient(port: number, initialWindowSize?: number): ClientHttp2Session {
  const session = connectHttp2(
    `http://127.0.0.1:${port}`,
    initialWindowSize === undefined ? {} : { settings: { initialWindowSize } },
  );
  session.on('error', () => undefined);
  return session;
}

export interface RawClient {
  send(...bytes: readonly Uint8Array[]): void;
  /** Frames that have arrived: type, flags, stream and payload. */
  readonly frames: readonly RawFrame[];
  readonly isClosed: boolean;
  readonly sentSizeBytes: number;
  /** Reads no more, until it is told to. */
  pause(): void;
  resume(): void;
  destroy(): void;
}

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** A socket on which a test writes whatever bytes it likes. */
export async function openRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const frames: RawFrame[] = [];
  let rest = Buffer.alloc(0);
  let isClosed = false;
  let sentSizeBytes = 0;
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      frames.push({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        id: rest.readUInt32BE(5),
        payload: Buffer.from(rest.subarray(9, end)),
      });
      rest = rest.subarray(end);
    }
  });
  return {
    send(...bytes) {
      const sent = Buffer.concat(bytes);
      sentSizeBytes += sent.length;
      socket.write(sent);
    },
    frames,
    get sentSizeBytes() {
      return sentSizeBytes;
    },
    get isClosed() {
      return isClosed;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy: () => socket.destroy(),
  };
}
