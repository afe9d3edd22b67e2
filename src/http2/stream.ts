import { errorCodes, frameHeaderSizeBytes, framePayloadSizeBytesMax, frameTypes, flags } from './frames.js';
import { frameOf, numberFrame, windowSizeBytesMax, writeFrameHeader } from './frames.js';
import type { ErrorCode } from './frames.js';

/** Who takes what arrives on a stream. */
export interface StreamReceiver {
  /** A piece of the body. Give the window back with `consumed`, now or when it has been used. */
  onData(chunk: Buffer): void;
  /** The client sends no more. */
  onEnd(): void;
  /** Less waits to be sent than before. */
  onRoom(): void;
  /** Once, and nothing after it. `aborted`: before our side had come to its end. */
  onClose(aborted: boolean): void;
}

/** One request and its answer. */
export interface Http2Stream {
  readonly id: number;
  /** Before the first frame after its headers arrives: from within `onStream`. */
  receive(receiver: StreamReceiver): void;
  /** So much of what `onData` brought has been used: the client may send as much again. */
  consumed(sizeBytes: number): void;
  /** The client has ended its side. */
  readonly hasEnded: boolean;
  /** Over, for either reason: nothing can be sent. */
  readonly isClosed: boolean;
  /** The answer's headers have been sent. */
  readonly hasBegun: boolean;
  /** Our side has ended, though some of it may wait. */
  readonly isEnding: boolean;
  /** Of the body: what the client's windows hold back. */
  readonly waitingSizeBytes: number;
  /** The answer's headers. */
  begin(headers: Buffer): void;
  send(body: Buffer): void;
  /** Ends our side, and with it the stream: the client is told to stop if it has not. With no trailers the body's end does. */
  end(trailers: Buffer | null): void;
  /** Headers, body and trailers at once: the same as the three, and cheaper. */
  answer(headers: Buffer, body: Buffer, trailers: Buffer): void;
  /** Headers that are the whole answer. */
  answerHeaders(headers: Buffer): void;
  reset(code: ErrorCode): void;
}

/** What a stream has of its connection. */
export interface StreamConnection {
  write(frame: Buffer): void;
  /** How much of a body may leave now, by the connection's window and its socket. */
  readonly room: number;
  took(sizeBytes: number): void;
  /** It has something to send, and the connection has no room. */
  waitForRoom(stream: Stream): void;
  received(sizeBytes: number): void;
  forget(stream: Stream): void;
}

/** Windows are given back when this much of them is used. */
const updateShare = 2;

export class Stream implements Http2Stream {
  readonly id: number;
  hasEnded = false;
  isClosed = false;
  hasBegun = false;
  isEnding = false;
  waitingSizeBytes = 0;
  /** What the client still may send. */
  receiveWindow: number;
  /** Of the body, by the length that the request said; infinite when it said none. */
  #bodyLeftSizeBytes: number;
  readonly #connection: StreamConnection;
  readonly #receiveWindowMax: number;
  #sendWindow: number;
  /** Used, and the client does not know it yet. */
  #untoldSizeBytes = 0;
  #receiver: StreamReceiver | null = null;
  #waiting: Buffer[] = [];
  #trailers: Buffer | null = null;
  #isDone = false;

  constructor(
    connection: StreamConnection,
    options: {
      readonly id: number;
      readonly sendWindow: number;
      readonly receiveWindow: number;
      readonly bodySizeBytes: number | null;
    },
  ) {
    this.#connection = connection;
    this.id = options.id;
    this.#sendWindow = options.sendWindow;
    this.receiveWindow = options.receiveWindow;
    this.#receiveWindowMax = options.receiveWindow;
    this.#bodyLeftSizeBytes = options.bodySizeBytes ?? Number.POSITIVE_INFINITY;
  }

  receive(receiver: StreamReceiver): void {
    this.#receiver = receiver;
  }

  // --- What arrives -------------------------------------------------------------------------------------------

  /** False: the body is not of the length that the request said (RFC 9113, 8.1.1). */
  fits(sizeBytes: number, isLast: boolean): boolean {
    if (this.#bodyLeftSizeBytes === Number.POSITIVE_INFINITY) return true;
    this.#bodyLeftSizeBytes -= sizeBytes;
    return isLast ? this.#bodyLeftSizeBytes === 0 : this.#bodyLeftSizeBytes >= 0;
  }

  takeData(chunk: Buffer): void {
    if (this.#receiver === null) this.consumed(chunk.length);
    else this.#receiver.onData(chunk);
  }

  takeEnd(): void {
    if (this.hasEnded || this.isClosed) return;
    this.hasEnded = true;
    this.#receiver?.onEnd();
    this.#closeIfDone();
  }

  consumed(sizeBytes: number): void {
    this.#connection.received(sizeBytes);
    if (this.hasEnded || this.isClosed) return;
    this.#untoldSizeBytes += sizeBytes;
    if (this.#untoldSizeBytes * updateShare < this.#receiveWindowMax) return;
    this.receiveWindow += this.#untoldSizeBytes;
    this.#connection.write(numberFrame(frameTypes.windowUpdate, this.id, this.#untoldSizeBytes));
    this.#untoldSizeBytes = 0;
  }

  /** False: beyond what a window may be. */
  widen(sizeBytes: number): boolean {
    this.#sendWindow += sizeBytes;
    if (this.#sendWindow > windowSizeBytesMax) return false;
    this.sendWaiting();
    return true;
  }

  /** Without a word to the client: it has gone, or said so itself. */
  abort(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#waiting = [];
    this.waitingSizeBytes = 0;
    this.#tellClosed(true);
  }

  #tellClosed(aborted: boolean): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.#connection.forget(this);
    receiver?.onClose(aborted);
  }

  // --- What is sent -------------------------------------------------------------------------------------------

  begin(headers: Buffer): void {
    if (this.isClosed || this.hasBegun) return;
    this.hasBegun = true;
    this.#connection.write(headersFrame(this.id, headers, false));
  }

  send(body: Buffer): void {
    if (this.isClosed || this.isEnding || body.length === 0) return;
    this.#waiting.push(body);
    this.waitingSizeBytes += body.length;
    this.#flush();
  }

  end(trailers: Buffer | null): void {
    if (this.isClosed || this.isEnding) return;
    this.isEnding = true;
    this.#trailers = trailers;
    this.#flush();
  }

  answer(headers: Buffer, body: Buffer, trailers: Buffer): void {
    if (this.isClosed || this.isEnding || this.hasBegun) return;
    const fits =
      body.length <= framePayloadSizeBytesMax &&
      body.length <= this.#sendWindow &&
      body.length <= this.#connection.room;
    if (!fits) {
      this.begin(headers);
      this.send(body);
      this.end(trailers);
      return;
    }
    const { id } = this;
    this.hasBegun = true;
    this.isEnding = true;
    this.#sendWindow -= body.length;
    this.#connection.took(body.length);
    const sizeBytes = 3 * frameHeaderSizeBytes + headers.length + body.length + trailers.length;
    const frames = Buffer.allocUnsafe(sizeBytes);
    let at = writeFrameHeader(frames, 0, headers.length, frameTypes.headers, flags.endHeaders, id);
    frames.set(headers, at);
    at = writeFrameHeader(frames, at + headers.length, body.length, frameTypes.data, 0, id);
    frames.set(body, at);
    const last = flags.endHeaders | flags.endStream;
    at = writeFrameHeader(frames, at + body.length, trailers.length, frameTypes.headers, last, id);
    frames.set(trailers, at);
    this.#connection.write(frames);
    this.#done();
  }

  answerHeaders(headers: Buffer): void {
    if (this.isClosed || this.isEnding || this.hasBegun) return;
    this.hasBegun = true;
    this.isEnding = true;
    this.#connection.write(headersFrame(this.id, headers, true));
    this.#done();
  }

  reset(code: ErrorCode): void {
    if (this.isClosed) return;
    this.#connection.write(numberFrame(frameTypes.rstStream, this.id, code));
    this.abort();
  }

  /** The windows have opened, or the socket has room again. */
  sendWaiting(): void {
    if (this.isClosed || this.waitingSizeBytes === 0) return;
    const before = this.waitingSizeBytes;
    this.#flush();
    if (this.waitingSizeBytes < before) this.#receiver?.onRoom();
  }

  #flush(): void {
    for (let body = this.#waiting[0]; body !== undefined; body = this.#waiting[0]) {
      const allowed = Math.min(this.#sendWindow, this.#connection.room);
      if (allowed <= 0) {
        if (this.#sendWindow > 0) this.#connection.waitForRoom(this);
        return;
      }
      const sizeBytes = Math.min(body.length, allowed, framePayloadSizeBytesMax);
      if (sizeBytes === body.length) this.#waiting.shift();
      else this.#waiting[0] = body.subarray(sizeBytes);
      this.#sendData(sizeBytes === body.length ? body : body.subarray(0, sizeBytes));
    }
    if (!this.isEnding || this.#isDone) return;
    if (this.#trailers !== null) this.#connection.write(headersFrame(this.id, this.#trailers, true));
    else this.#connection.write(dataFrameHeader(this.id, 0, true));
    this.#done();
  }

  #sendData(body: Buffer): void {
    this.waitingSizeBytes -= body.length;
    this.#sendWindow -= body.length;
    this.#connection.took(body.length);
    // As two pieces: they are put together once, with all else that leaves in this turn.
    this.#connection.write(dataFrameHeader(this.id, body.length, false));
    this.#connection.write(body);
  }

  #done(): void {
    this.#isDone = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (!this.#isDone || this.isClosed) return;
    // The answer is whole: whatever the client still sends is for nobody (RFC 9113, 8.1).
    if (!this.hasEnded) this.#connection.write(numberFrame(frameTypes.rstStream, this.id, errorCodes.none));
    this.isClosed = true;
    this.#tellClosed(false);
  }
}

function dataFrameHeader(id: number, sizeBytes: number, isLast: boolean): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderSizeBytes);
  writeFrameHeader(header, 0, sizeBytes, frameTypes.data, isLast ? flags.endStream : 0, id);
  return header;
}

function headersFrame(id: number, block: Buffer, isLast: boolean): Buffer {
  if (block.length > framePayloadSizeBytesMax) return headersFrames(id, block, isLast);
  const frame = Buffer.allocUnsafe(frameHeaderSizeBytes + block.length);
  const frameFlags = flags.endHeaders | (isLast ? flags.endStream : 0);
  frame.set(block, writeFrameHeader(frame, 0, block.length, frameTypes.headers, frameFlags, id));
  return frame;
}

/** A block that is too large for one frame: a reason that repeats what the client sent, say. */
function headersFrames(id: number, block: Buffer, isLast: boolean): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length; at += framePayloadSizeBytesMax) {
    const part = block.subarray(at, at + framePayloadSizeBytesMax);
    const isFirst = at === 0;
    const frameFlags =
      (isFirst && isLast ? flags.endStream : 0) | (at + part.length === block.length ? flags.endHeaders : 0);
    frames.push(frameOf(isFirst ? frameTypes.headers : frameTypes.continuation, frameFlags, id, part));
  }
  return Buffer.concat(frames);
}
