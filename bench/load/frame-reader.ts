import type { ControlFrame } from './connection.js';
import { flags, frameHeaderSizeBytes, frameTypes } from './wire.js';

export interface FrameEvents {
  /** A piece of a DATA frame's payload: pieces come as they arrive, never joined. */
  onData(streamId: number, bytes: Buffer, from: number, to: number): void;
  /** A DATA frame of this many bytes is over. */
  onDataRead(streamId: number, sizeBytes: number): void;
  onFrame(frame: ControlFrame): void;
  /** A DATA frame ended the stream, which no gRPC answer does. */
  onStreamEnd(streamId: number): void;
}

/** Splits what arrives into frames. Throws on frames that no server sends to a gRPC client. */
export interface FrameReader {
  read(bytes: Buffer, size: number): void;
}

/** Of a frame that is gathered, DATA not among them. */
const payloadSizeBytesMax = 64 * 1024;

export function createFrameReader(events: FrameEvents): FrameReader {
  /** The beginning of a frame whose rest has not arrived. */
  let carried: Buffer = Buffer.alloc(0);
  let dataLeft = 0;
  let dataSize = 0;
  let dataStreamId = 0;
  let dataEndsStream = false;

  function takeData(bytes: Buffer, from: number, size: number): number {
    const to = Math.min(size, from + dataLeft);
    if (to > from) events.onData(dataStreamId, bytes, from, to);
    dataLeft -= to - from;
    if (dataLeft > 0) return to;
    const sizeBytes = dataSize;
    dataSize = 0;
    events.onDataRead(dataStreamId, sizeBytes);
    if (dataEndsStream) events.onStreamEnd(dataStreamId);
    return to;
  }

  /** Answers with where the next frame begins, or with `from` when this one is not whole. */
  function takeFrame(bytes: Buffer, from: number, size: number): number {
    if (size - from < frameHeaderSizeBytes) return from;
    const first = bytes.readUInt32BE(from);
    const sizeBytes = first >>> 8;
    const type = first & 0xff;
    const frameFlags = bytes[from + 4] ?? 0;
    const streamId = bytes.readUInt32BE(from + 5) & 0x7fff_ffff;
    const payloadAt = from + frameHeaderSizeBytes;
    if (type === frameTypes.data) {
      if ((frameFlags & flags.padded) !== 0) throw new Error('a padded frame');
      dataLeft = sizeBytes;
      dataSize = sizeBytes;
      dataStreamId = streamId;
      dataEndsStream = (frameFlags & flags.endStream) !== 0;
      return takeData(bytes, payloadAt, size);
    }
    if (sizeBytes > payloadSizeBytesMax) throw new Error(`a frame of ${sizeBytes} bytes`);
    if (size < payloadAt + sizeBytes) return from;
    const payload = bytes.subarray(payloadAt, payloadAt + sizeBytes);
    events.onFrame({ type, flags: frameFlags, streamId, payload });
    return payloadAt + sizeBytes;
  }

  return {
    read(arrived, arrivedSize) {
      let bytes = arrived;
      let size = arrivedSize;
      if (carried.length > 0) {
        bytes = Buffer.concat([carried, arrived.subarray(0, arrivedSize)]);
        size = bytes.length;
        carried = Buffer.alloc(0);
      }
      let at = dataLeft > 0 ? takeData(bytes, 0, size) : 0;
      while (at < size && dataLeft === 0) {
        const next = takeFrame(bytes, at, size);
        if (next === at) break;
        at = next;
      }
      if (at < size) carried = Buffer.from(bytes.subarray(at, size));
    },
  };
}
