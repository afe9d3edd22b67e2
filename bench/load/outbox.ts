import type { Socket } from 'node:net';
import * as wire from './wire.js';

/** What a connection sends: gathered until `flush`, within the windows that the server gives. */
export interface Outbox {
  /** HEADERS and DATA of a whole request. */
  call(streamId: number, headerBlock: Buffer, message: Buffer): void;
  open(streamId: number, headerBlock: Buffer): void;
  sendOn(streamId: number, message: Buffer): void;
  /** A frame that no window holds back. */
  control(frame: Buffer): void;
  flush(): void;
  /** The server takes this much more, on a stream or (0) in all. */
  widen(streamId: number, bytes: number): void;
  setInitialWindow(bytes: number): void;
  /** So much has arrived on a stream: gives it room again now and then. */
  credit(streamId: number, bytes: number): void;
  forget(streamId: number): void;
}

/** Of requests that wait for the server's window. A closed loop never has more than it has streams. */
const heldBackMax = 100_000;
const chunkBytes = 256 * 1024;

export function createOutbox(socket: Socket): Outbox {
  return new FrameOutbox(socket);
}

interface HeldBack {
  readonly streamId: number;
  /** Null for a message on a stream that is open. */
  readonly headerBlock: Buffer | null;
  readonly message: Buffer;
}

interface OpenStream {
  sendWindow: number;
  received: number;
}

class FrameOutbox implements Outbox {
  readonly #socket: Socket;
  #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  #used = 0;
  #sendWindow = wire.windowSizeBytesDefault;
  #initialWindow = wire.windowSizeBytesDefault;
  #received = 0;
  #heldBack: HeldBack[] = [];
  /** Of calls of one message nothing needs to be known. */
  readonly #open = new Map<number, OpenStream>();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  call(streamId: number, headerBlock: Buffer, message: Buffer): void {
    if (message.length > this.#initialWindow) throw new Error('a request larger than the server lets in');
    if (message.length > this.#sendWindow || this.#heldBack.length > 0) {
      this.#holdBack({ streamId, headerBlock, message: Buffer.from(message) });
      return;
    }
    this.#headers(streamId, headerBlock);
    this.#data(streamId, message, true);
  }

  open(streamId: number, headerBlock: Buffer): void {
    this.#open.set(streamId, { sendWindow: this.#initialWindow, received: 0 });
    this.#headers(streamId, headerBlock);
  }

  sendOn(streamId: number, message: Buffer): void {
    const stream = this.#open.get(streamId);
    if (stream === undefined) return;
    if (this.#heldBack.length > 0 || message.length > Math.min(stream.sendWindow, this.#sendWindow)) {
      this.#holdBack({ streamId, headerBlock: null, message: Buffer.from(message) });
      return;
    }
    stream.sendWindow -= message.length;
    this.#data(streamId, message, false);
  }

  control(frame: Buffer): void {
    const at = this.#reserve(frame.length);
    this.#chunk.set(frame, at);
  }

  flush(): void {
    if (this.#used === 0) return;
    this.#socket.write(this.#chunk.subarray(0, this.#used));
    // What the kernel has not taken yet still points into the chunk.
    if (this.#socket.writableLength === 0) this.#used = 0;
    else this.#renew(chunkBytes);
  }

  widen(streamId: number, bytes: number): void {
    if (streamId === 0) this.#sendWindow += bytes;
    else {
      const stream = this.#open.get(streamId);
      if (stream === undefined) return;
      stream.sendWindow += bytes;
    }
    if (this.#heldBack.length > 0) this.#sendHeldBack();
  }

  setInitialWindow(bytes: number): void {
    for (const stream of this.#open.values()) stream.sendWindow += bytes - this.#initialWindow;
    this.#initialWindow = bytes;
  }

  credit(streamId: number, bytes: number): void {
    this.#received += bytes;
    if (this.#received >= wire.windowUpdateEveryBytes) {
      this.control(wire.windowUpdateFrame(0, this.#received));
      this.#received = 0;
    }
    if (this.#open.size === 0) return;
    const stream = this.#open.get(streamId);
    if (stream === undefined) return;
    stream.received += bytes;
    if (stream.received < wire.windowUpdateEveryBytes) return;
    this.control(wire.windowUpdateFrame(streamId, stream.received));
    stream.received = 0;
  }

  forget(streamId: number): void {
    if (this.#open.size > 0) this.#open.delete(streamId);
  }

  #holdBack(request: HeldBack): void {
    if (this.#heldBack.length >= heldBackMax)
      throw new Error('the server takes less than is sent: too much waits');
    this.#heldBack.push(request);
  }

  #sendHeldBack(): void {
    const waiting = this.#heldBack;
    this.#heldBack = [];
    for (const { streamId, headerBlock, message } of waiting) {
      if (headerBlock === null) this.sendOn(streamId, message);
      else this.call(streamId, headerBlock, message);
    }
  }

  #headers(streamId: number, block: Buffer): void {
    const at = this.#reserve(wire.frameHeaderSizeBytes + block.length);
    const payloadAt = wire.writeFrameHeader(this.#chunk, at, {
      sizeBytes: block.length,
      type: wire.frameTypes.headers,
      flags: wire.flags.endHeaders,
      streamId,
    });
    this.#chunk.set(block, payloadAt);
  }

  #data(streamId: number, message: Buffer, isLast: boolean): void {
    this.#sendWindow -= message.length;
    for (let from = 0; from < message.length; from += wire.framePayloadSizeBytesMax) {
      const to = Math.min(message.length, from + wire.framePayloadSizeBytesMax);
      const at = this.#reserve(wire.frameHeaderSizeBytes + to - from);
      const payloadAt = wire.writeFrameHeader(this.#chunk, at, {
        sizeBytes: to - from,
        type: wire.frameTypes.data,
        flags: isLast && to === message.length ? wire.flags.endStream : 0,
        streamId,
      });
      message.copy(this.#chunk, payloadAt, from, to);
    }
  }

  /** Answers with where that many bytes may be written. */
  #reserve(sizeBytes: number): number {
    if (this.#used + sizeBytes > this.#chunk.length) {
      this.flush();
      if (sizeBytes > this.#chunk.length) this.#renew(sizeBytes);
    }
    const at = this.#used;
    this.#used += sizeBytes;
    return at;
  }

  #renew(sizeBytes: number): void {
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(sizeBytes, chunkBytes));
    this.#used = 0;
  }
}
