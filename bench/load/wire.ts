/** HTTP/2 (RFC 9113) and its headers (RFC 7541) as a gRPC client needs them that sends much and reads little. */

export const frameHeaderSizeBytes = 9;
export const framePayloadSizeBytesMax = 16_384;
export const windowSizeBytesDefault = 65_535;
/** What servers may send us before they hear of more room, on each connection and each stream. */
export const receiveWindowBytes = 2 ** 30;
/** So often that the other end never waits for it. */
export const windowUpdateEveryBytes = 2 ** 28;

export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;

export const flags = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const settingIds = { headerTableSize: 1, enablePush: 2, initialWindowSize: 4 } as const;

/** Writes a frame's header at `at`, and answers with where its payload begins. */
export function writeFrameHeader(
  into: Buffer,
  at: number,
  frame: {
    readonly sizeBytes: number;
    readonly type: number;
    readonly flags: number;
    readonly streamId: number;
  },
): number {
  into.writeUInt32BE(((frame.sizeBytes << 8) | frame.type) >>> 0, at);
  into[at + 4] = frame.flags;
  into.writeUInt32BE(frame.streamId, at + 5);
  return at + frameHeaderSizeBytes;
}

export function windowUpdateFrame(streamId: number, bytes: number): Buffer {
  const frame = Buffer.alloc(frameHeaderSizeBytes + 4);
  const at = writeFrameHeader(frame, 0, { sizeBytes: 4, type: frameTypes.windowUpdate, flags: 0, streamId });
  frame.writeUInt32BE(bytes, at);
  return frame;
}

/** Preface, settings and the connection's receive window. No dynamic table for answers: their blocks stand alone. */
export function openingBytes(): Buffer {
  const settings = [
    [settingIds.headerTableSize, 0],
    [settingIds.enablePush, 0],
    [settingIds.initialWindowSize, receiveWindowBytes],
  ] as const;
  const frame = Buffer.alloc(frameHeaderSizeBytes + settings.length * 6);
  const at = writeFrameHeader(frame, 0, {
    sizeBytes: settings.length * 6,
    type: frameTypes.settings,
    flags: 0,
    streamId: 0,
  });
  for (const [index, [id, value]] of settings.entries()) {
    frame.writeUInt16BE(id, at + index * 6);
    frame.writeUInt32BE(value, at + index * 6 + 2);
  }
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
    frame,
    windowUpdateFrame(0, receiveWindowBytes - windowSizeBytesDefault),
  ]);
}

/**
 * Header blocks of one connection's requests. As clients do it: the first request of a kind tells the other end to keep
 * its headers, later ones name them by number.
 */
export interface RequestHeaders {
  blockFor(path: string): Buffer;
}

const methodPost = 0x83;
const schemeHttp = 0x86;
const nameIndexes = { ':authority': 1, ':path': 4, 'content-type': 31 } as const;
const staticTableSize = 61;
const keptNameBits = 6;

export function createRequestHeaders(authority: string): RequestHeaders {
  /** The other end's table, the oldest first. */
  const kept: string[] = [];
  let known = new Map<string, Buffer>();

  function field(name: string, value: string): number[] {
    const text = `${name}: ${value}`;
    const at = kept.indexOf(text);
    if (at >= 0) return [0x80 | (staticTableSize + kept.length - at)];
    kept.push(text);
    const index = name in nameIndexes ? nameIndexes[name as keyof typeof nameIndexes] : 0;
    const nameBytes = index === 0 ? [0x40, ...textBytes(name)] : [0x40 | (index & ((1 << keptNameBits) - 1))];
    return [...nameBytes, ...textBytes(value)];
  }

  return {
    blockFor(path) {
      const ready = known.get(path);
      if (ready !== undefined) return ready;
      const before = kept.length;
      const block = Buffer.from([
        methodPost,
        schemeHttp,
        ...field(':path', path),
        ...field(':authority', authority),
        ...field('content-type', 'application/grpc'),
        ...field('te', 'trailers'),
      ]);
      // A new entry moves the numbers of those before it.
      if (kept.length > before) known = new Map();
      else known.set(path, block);
      return block;
    },
  };
}

/** RFC 7541, 5.2, without Huffman's code; for texts shorter than 127 bytes. */
function textBytes(text: string): number[] {
  if (text.length > 126) throw new Error('a header that is too long for this client');
  return [text.length, ...Buffer.from(text, 'latin1')];
}
