import type { Socket } from 'node:net';
import { frameHeaderSizeBytes, repairAuthority } from './authority.js';

/** What an HTTP/2 connection begins with; no HTTP/1.1 request does. */
export const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const frameTypes = { headers: 1, priority: 2, settings: 4, windowUpdate: 8 } as const;
const acknowledged = 0x1;
const emptySettings = Buffer.of(0, 0, 0, frameTypes.settings, 0, 0, 0, 0, 0);
/** More than a client may send before it has heard of larger limits. */
const frameSizeBytesMax = 16_384;
/** A client may send 64 KiB of messages before it hears more; around them there are frames and headers. */
const openingSizeBytesMax = 256 * 1024;

export interface OpeningOptions {
  /** The opening may take this long. Then a client that is done with its settings is handed over, another cut off. */
  readonly timeoutMs: number;
  readonly onOpened: () => void;
}

/**
 * Reads a connection up to its first call, to repair that call's authority, and hands it over with all that was read put
 * back. A client may wait for the server's settings before its first call, so they are sent here: empty ones, before
 * those of the real server, which must never see that they were acknowledged.
 */
export function openHttp2(socket: Socket, { timeoutMs, onOpened }: OpeningOptions): void {
  let pending = Buffer.alloc(0);
  const kept: Buffer[] = [];
  let keptSizeBytes = 0;
  let isAcknowledged = false;
  let hasCalled = false;

  function onReadable(): void {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    pending = pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([pending, bytes]);
    try {
      takeFrames();
    } catch {
      socket.destroy();
      return;
    }
    if (isAcknowledged && hasCalled) handOver();
  }

  function takeFrames(): void {
    if (kept.length === 0) {
      if (pending.length < http2Preface.length) return;
      keep(http2Preface);
      pending = pending.subarray(http2Preface.length);
      socket.write(emptySettings);
    }
    while (pending.length >= frameHeaderSizeBytes) {
      const sizeBytes = frameHeaderSizeBytes + pending.readUIntBE(0, 3);
      if (sizeBytes > frameHeaderSizeBytes + frameSizeBytesMax)
        throw new Error('a frame larger than allowed');
      if (pending.length < sizeBytes) return;
      takeFrame(pending.subarray(0, sizeBytes));
      pending = pending.subarray(sizeBytes);
    }
  }

  function takeFrame(frame: Buffer): void {
    const type = frame.readUInt8(3);
    if (type === frameTypes.settings && (frame.readUInt8(4) & acknowledged) !== 0 && !isAcknowledged) {
      isAcknowledged = true;
      return;
    }
    const isFirstCall = type === frameTypes.headers && !hasCalled;
    keep(isFirstCall ? repairAuthority(frame) : frame);
    // What comes instead of a call, a ping say, wants an answer: it ends the opening as a call does.
    hasCalled ||=
      type !== frameTypes.settings && type !== frameTypes.windowUpdate && type !== frameTypes.priority;
  }

  function keep(bytes: Buffer): void {
    kept.push(bytes);
    keptSizeBytes += bytes.length;
    if (keptSizeBytes > openingSizeBytesMax)
      throw new Error('too much before the settings were acknowledged');
  }

  function handOver(): void {
    settle();
    socket.unshift(Buffer.concat([...kept, pending]));
    onOpened();
  }

  const tooLate = setTimeout(() => {
    if (isAcknowledged) handOver();
    else socket.destroy();
  }, timeoutMs);

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
