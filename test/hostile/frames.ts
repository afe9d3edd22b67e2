import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** HTTP/2 (RFC 9113) by hand, for what no client library would send. */

export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flags = { none: 0, endStream: 1, acknowledged: 1, endHeaders: 4 } as const;
export const settingIds = { initialWindowSize: 4 } as const;

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const headSizeBytes = 9;

export function frame(
  type: number,
  flag: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const bytes = Buffer.alloc(headSizeBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flag, 4);
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, headSizeBytes);
  return bytes;
}

/** A header block of literals that enter no table (RFC 7541, 6.2.2). */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]),
  );
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const size: number[] = [127];
  let rest = bytes.length - 127;
  for (; rest > 127; rest >>= 7) size.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...size, rest]), bytes]);
}

export const callHeaders = {
  ':method': 'POST',
  ':scheme': 'http',
  ':path': '/etcdserverpb.KV/Range',
  ':authority': 'member',
  'content-type': 'application/grpc',
  te: 'trailers',
} as const;

/** HEADERS of a call. */
export function call(stream: number, changes: Readonly<Record<string, string>> = {}, flag = 0): Buffer {
  const block = headerBlock({ ...callHeaders, ...changes });
  return frame(types.headers, flags.endHeaders | flag, stream, block);
}

/** DATA with one gRPC message, which may lie about its compression and length. */
export function message(
  stream: number,
  body: Uint8Array,
  lies: { readonly compressed?: number; readonly length?: number; readonly flag?: number } = {},
): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(lies.compressed ?? 0, 0);
  prefix.writeUInt32BE(lies.length ?? body.length, 1);
  return frame(types.data, lies.flag ?? flags.endStream, stream, Buffer.concat([prefix, body]));
}

export function settings(values: Readonly<Record<number, number>> = {}): Buffer {
  const payload = Object.entries(values).flatMap(([id, value]) => {
    const one = Buffer.alloc(6);
    one.writeUInt16BE(Number(id), 0);
    one.writeUInt32BE(value, 2);
    return [one];
  });
  return frame(types.settings, flags.none, 0, Buffer.concat(payload));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

export interface ReceivedFrame {
  readonly type: number;
  readonly flag: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A connection whose every byte is ours. */
export interface RawConnection {
  readonly socket: Socket;
  /** Frames from the server, as many as are kept. */
  readonly received: readonly ReceivedFrame[];
  readonly isClosed: boolean;
  /** Resolves once the bytes are with the system, or the connection is closed: whoever floods does not outrun the server. */
  write(...frames: readonly Uint8Array[]): Promise<void>;
  /** Resolves with the first such frame, now or later; null when the connection ends without it. */
  next(wanted: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame | null>;
  /** Resolves once the server, or `destroy`, has closed it. */
  readonly closed: Promise<void>;
  destroy(): void;
}

const keptFramesMax = 50_000;

/**
 * Says what HTTP/2 begins with and acknowledges the server's settings. Resolves once a first ping is answered: then both
 * sides are through with the opening.
 */
export async function openRaw(
  port: number,
  options: {
    readonly settings?: Readonly<Record<number, number>>;
    readonly socket?: Socket;
    readonly answersPings?: boolean;
  } = {},
): Promise<RawConnection> {
  const { socket = connect(port, '127.0.0.1') } = options;
  const connection = wrap(socket, options.answersPings ?? true);
  if (socket.connecting) await once(socket, 'connect');
  await connection.write(preface, settings(options.settings));
  await connection.write(frame(types.ping, flags.none, 0, Buffer.alloc(8)));
  await connection.next((each) => each.type === types.ping);
  return connection;
}

function wrap(socket: Socket, answersPings: boolean): RawConnection {
  const received: ReceivedFrame[] = [];
  const waiting = new Set<() => void>();
  let pending = Buffer.alloc(0);
  const wake = (): void => {
    for (const each of [...waiting]) each();
  };
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
      wake();
    });
  });
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= headSizeBytes) {
      const end = headSizeBytes + pending.readUIntBE(0, 3);
      if (pending.length < end) break;
      const one = {
        type: pending.readUInt8(3),
        flag: pending.readUInt8(4),
        stream: pending.readUInt32BE(5),
        payload: Buffer.from(pending.subarray(headSizeBytes, end)),
      };
      pending = pending.subarray(end);
      if (one.type === types.settings && one.flag === 0 && socket.writable) {
        socket.write(frame(types.settings, flags.acknowledged, 0));
      }
      if (one.type === types.ping && one.flag === 0 && socket.writable && answersPings) {
        socket.write(frame(types.ping, flags.acknowledged, 0, one.payload));
      }
      if (received.length < keptFramesMax) received.push(one);
    }
    wake();
  });

  return {
    socket,
    received,
    closed,
    get isClosed() {
      return socket.destroyed;
    },
    async write(...frames) {
      if (!socket.writable) return;
      if (socket.write(Buffer.concat(frames))) return;
      await Promise.race([once(socket, 'drain').catch(() => undefined), closed]);
    },
    async next(wanted) {
      for (let from = 0; ;) {
        for (; from < received.length; from++) {
          const one = received[from];
          if (one !== undefined && wanted(one)) return one;
        }
        if (socket.destroyed) return null;
        await new Promise<void>((resolve) => {
          const go = (): void => {
            waiting.delete(go);
            resolve();
          };
          waiting.add(go);
        });
      }
    },
    destroy: () => void socket.destroy(),
  };
}

export function isReset(stream: number): (frame: ReceivedFrame) => boolean {
  return (each) => each.type === types.reset && each.stream === stream;
}

export function isGoaway(each: ReceivedFrame): boolean {
  return each.type === types.goaway;
}

/** The error code that a RST_STREAM or GOAWAY carries. */
export function errorCodeOf(each: ReceivedFrame | null): number | null {
  if (each === null) return null;
  return each.type === types.reset ? each.payload.readUInt32BE(0) : each.payload.readUInt32BE(4);
}

/** The server's headers have their values in plain text: the gRPC status that they bring, with its message. */
export function statusIn(each: ReceivedFrame | null): string {
  const text = each?.payload.toString('latin1') ?? '';
  const [, code = 'none'] = /grpc-status.(\d+)/s.exec(text) ?? [];
  const [, said = ''] = /grpc-message.(.*)$/s.exec(text) ?? [];
  return `${code} ${decodeURIComponent(said)}`.trim();
}

export function isHeaders(stream: number): (frame: ReceivedFrame) => boolean {
  return (each) => each.type === types.headers && each.stream === stream;
}
