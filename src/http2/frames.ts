/** Frames of HTTP/2 (RFC 9113, 4 and 6): nine bytes of header, then the payload. */
export const frameHeaderSizeBytes = 9;
/** Every peer takes this much in one frame, and we take no more. */
export const framePayloadSizeBytesMax = 16_384;

/** What a connection begins with; no HTTP/1.1 request does. */
export const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** RFC 9113, 7. */
export const errorCodes = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;
export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];

export const settingIds = {
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const windowSizeBytesMax = 2 ** 31 - 1;
export const windowSizeBytesDefault = 65_535;

/** Writes a frame's header at `at`, and answers with where its payload begins. */
export function writeFrameHeader(
  into: Buffer,
  at: number,
  payloadSizeBytes: number,
  type: number,
  frameFlags: number,
  streamId: number,
): number {
  into[at] = payloadSizeBytes >>> 16;
  into[at + 1] = payloadSizeBytes >>> 8;
  into[at + 2] = payloadSizeBytes;
  into[at + 3] = type;
  into[at + 4] = frameFlags;
  into[at + 5] = streamId >>> 24;
  into[at + 6] = streamId >>> 16;
  into[at + 7] = streamId >>> 8;
  into[at + 8] = streamId;
  return at + frameHeaderSizeBytes;
}

export function frameOf(type: number, frameFlags: number, streamId: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderSizeBytes + payload.length);
  frame.set(payload, writeFrameHeader(frame, 0, payload.length, type, frameFlags, streamId));
  return frame;
}

export function settingsFrame(settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  for (const [index, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frameOf(frameTypes.settings, 0, 0, payload);
}

/** Of window updates and resets. */
export function numberFrame(type: number, streamId: number, value: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderSizeBytes + 4);
  frame.writeUInt32BE(value, writeFrameHeader(frame, 0, 4, type, 0, streamId));
  return frame;
}

export function goawayFrame(lastStreamId: number, code: ErrorCode, reason: string): Buffer {
  const debug = Buffer.from(reason, 'latin1');
  const payload = Buffer.alloc(8 + debug.length);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  payload.set(debug, 8);
  return frameOf(frameTypes.goaway, 0, 0, payload);
}

/** What a connection gets that cannot be taken: settings, as every connection, and the reason. */
export function refusalFrames(reason: string): Buffer {
  return Buffer.concat([settingsFrame([]), goawayFrame(0, errorCodes.enhanceYourCalm, reason)]);
}
