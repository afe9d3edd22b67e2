/**
 * The least that answers gRPC calls over TCP: every request that has ended gets the same bytes. What a load generator reaches
 * here is its own limit on this machine. Tells its port to the process that started it, and ends with it.
 */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { encodeHeaders } from '../../src/http2/index.js';
import { frame } from '../grpc.js';
import { createFrameReader } from '../load/frame-reader.js';
import {
  flags,
  frameHeaderSizeBytes,
  frameTypes,
  windowUpdateFrame,
  writeFrameHeader,
} from '../load/wire.js';

const prefaceSizeBytes = 24;
const windowUpdateEveryBytes = 16_384;
const answerValueSizeBytes = 256;
const outBytes = 512 * 1024;

function frameOf(type: number, frameFlags: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameHeaderSizeBytes + payload.length);
  const at = writeFrameHeader(bytes, 0, { sizeBytes: payload.length, type, flags: frameFlags, streamId: 0 });
  bytes.set(payload, at);
  return bytes;
}

/** Headers, one message and trailers; only the stream's number differs from call to call. */
function createAnswer(): { readonly bytes: Buffer; readonly streamIdAts: readonly number[] } {
  const parts = [
    frameOf(
      frameTypes.headers,
      flags.endHeaders,
      encodeHeaders([
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ]),
    ),
    frameOf(frameTypes.data, 0, frame(Buffer.alloc(answerValueSizeBytes))),
    frameOf(frameTypes.headers, flags.endHeaders | flags.endStream, encodeHeaders([['grpc-status', '0']])),
  ];
  const streamIdAts: number[] = [];
  let at = 0;
  for (const part of parts) {
    streamIdAts.push(at + 5);
    at += part.length;
  }
  return { bytes: Buffer.concat(parts), streamIdAts };
}

const answer = createAnswer();

function serve(socket: Socket): void {
  let prefaceLeft = prefaceSizeBytes;
  let received = 0;
  let out = Buffer.allocUnsafeSlow(outBytes);
  let used = 0;

  const flush = (): void => {
    if (used === 0) return;
    socket.write(out.subarray(0, used));
    if (socket.writableLength > 0) out = Buffer.allocUnsafeSlow(outBytes);
    used = 0;
  };
  const send = (bytes: Buffer): number => {
    if (used + bytes.length > out.length) flush();
    const at = used;
    out.set(bytes, at);
    used += bytes.length;
    return at;
  };
  const reader = createFrameReader({
    onData: () => undefined,
    onDataRead(_streamId, sizeBytes) {
      received += sizeBytes;
      if (received < windowUpdateEveryBytes) return;
      send(windowUpdateFrame(0, received));
      received = 0;
    },
    onFrame({ type, flags: frameFlags, payload }) {
      if ((frameFlags & flags.ack) !== 0) return;
      if (type === frameTypes.settings) send(frameOf(frameTypes.settings, flags.ack, Buffer.alloc(0)));
      if (type === frameTypes.ping) send(frameOf(frameTypes.ping, flags.ack, payload));
    },
    onStreamEnd(streamId) {
      const at = send(answer.bytes);
      for (const streamIdAt of answer.streamIdAts) out.writeUInt32BE(streamId, at + streamIdAt);
    },
  });
  send(frameOf(frameTypes.settings, 0, Buffer.alloc(0)));
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const skipped = Math.min(prefaceLeft, chunk.length);
    prefaceLeft -= skipped;
    const rest = skipped === 0 ? chunk : chunk.subarray(skipped);
    reader.read(rest, rest.length);
    flush();
  });
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  if (process.connected) process.send?.((server.address() as AddressInfo).port);
});
process.on('disconnect', () => process.exit(0));
