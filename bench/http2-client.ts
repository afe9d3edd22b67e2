import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { frame } from './grpc.js';

/**
 * gRPC over a connection of its own with as little work for each message as JavaScript allows, so that what is measured
 * is the server: nothing is decoded here.
 */
export interface Http2Client {
  call(path: string, message: Uint8Array): Promise<Buffer>;
  /** A call in both directions; the messages are views, gone after the callback. */
  open(path: string, onMessage: (message: Buffer) => void): Http2Stream;
  close(): void;
}

export interface Http2Stream {
  send(message: Uint8Array): void;
  close(): void;
}

const prefixSizeBytes = 5;
const windowSizeBytes = 16 * 1024 * 1024;

export function openHttp2Client(url: string): Http2Client {
  const session = connect(url, { settings: { initialWindowSize: windowSizeBytes, enablePush: false } });
  session.on('error', () => session.destroy()); // Calls tell.
  session.once('connect', () => session.setLocalWindowSize(windowSizeBytes));
  return {
    call: (path, message) =>
      new Promise((resolve, reject) => {
        const stream = request(session, path);
        let answer: Buffer = Buffer.alloc(0);
        let failure: string | null = null;
        const look = (headers: Record<string, unknown>): void => {
          if (headers['grpc-status'] !== undefined && headers['grpc-status'] !== '0')
            failure = String(headers['grpc-message']);
        };
        stream.on('response', look);
        stream.on('trailers', look);
        stream.on(
          'data',
          splitMessages((bytes) => (answer = Buffer.from(bytes))),
        );
        stream.on('error', reject);
        stream.on('close', () => {
          if (failure === null) resolve(answer);
          else reject(new Error(`${path}: ${failure}`));
        });
        stream.end(frame(message));
      }),
    open(path, onMessage) {
      const stream = request(session, path);
      stream.on('data', splitMessages(onMessage));
      stream.on('error', () => stream.destroy());
      return { send: (message) => void stream.write(frame(message)), close: () => stream.destroy() };
    },
    close: () => session.destroy(),
  };
}

function request(session: ClientHttp2Session, path: string): ReturnType<ClientHttp2Session['request']> {
  return session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
}

/** Chunks of a message that is not whole are joined once, when it is. */
function splitMessages(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  let neededBytes = prefixSizeBytes;
  return (chunk) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes < neededBytes) return;
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    neededBytes = prefixSizeBytes;
    while (bytes.length >= prefixSizeBytes) {
      const end = prefixSizeBytes + bytes.readUInt32BE(1);
      if (bytes.length < end) {
        neededBytes = end;
        break;
      }
      onMessage(bytes.subarray(prefixSizeBytes, end));
      bytes = bytes.subarray(end);
    }
    chunks = bytes.length === 0 ? [] : [bytes];
    sizeBytes = bytes.length;
  };
}
