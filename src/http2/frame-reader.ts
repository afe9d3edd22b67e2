import { ConnectionError } from './errors.js';
import { errorCodes, frameHeaderSizeBytes, framePayloadSizeBytesMax, http2Preface } from './frames.js';

/** `payload` is a part of what arrived: to be copied if it is kept. */
export type TakeFrame = (type: number, frameFlags: number, id: number, payload: Buffer) => void;

/** Takes what arrives on a connection apart into frames. */
export class FrameReader {
  readonly #takeFrame: TakeFrame;
  /** What has arrived and is no whole frame yet. */
  #rest: Buffer = emptyBytes;
  #hasPreface = false;
  #isStopped = false;

  constructor(takeFrame: TakeFrame) {
    this.#takeFrame = takeFrame;
  }

  /** No frame is taken any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Throws a ConnectionError, and what `takeFrame` throws; nothing can be read after it. */
  take(chunk: Buffer): void {
    if (this.#isStopped) return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (!this.#hasPreface) {
      if (bytes.length < http2Preface.length) {
        this.#rest = bytes;
        return;
      }
      if (bytes.compare(http2Preface, 0, http2Preface.length, 0, http2Preface.length) !== 0)
        throw new ConnectionError(errorCodes.protocol, 'not HTTP/2');
      this.#hasPreface = true;
      at = http2Preface.length;
    }
    at = this.#takeFrames(bytes, at);
    // A copy: what is left over must not keep the whole chunk.
    this.#rest = at === bytes.length ? emptyBytes : Buffer.from(bytes.subarray(at));
  }

  /** Answers with where the first frame begins that is not whole. */
  #takeFrames(bytes: Buffer, from: number): number {
    let at = from;
    while (bytes.length - at >= frameHeaderSizeBytes && !this.#isStopped) {
      const sizeBytes = bytes.readUIntBE(at, 3);
      if (sizeBytes > framePayloadSizeBytesMax)
        throw new ConnectionError(errorCodes.frameSize, 'a frame larger than allowed');
      const end = at + frameHeaderSizeBytes + sizeBytes;
      if (bytes.length < end) break;
      const type = bytes[at + 3] ?? 0;
      const frameFlags = bytes[at + 4] ?? 0;
      const id = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
      this.#takeFrame(type, frameFlags, id, bytes.subarray(at + frameHeaderSizeBytes, end));
      at = end;
    }
    return at;
  }
}

const emptyBytes = Buffer.alloc(0);
