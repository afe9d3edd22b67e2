import type { Socket } from 'node:net';
import { createBudget } from './budget.js';
import {
  errorCodes,
  flags,
  frameHeaderSizeBytes,
  frameOf,
  framePayloadSizeBytesMax,
  frameTypes,
  goawayFrame,
  http2Preface,
  numberFrame,
  settingIds,
  settingsFrame,
  windowSizeBytesDefault,
  windowSizeBytesMax,
} from './frames.js';
import type { ErrorCode } from './frames.js';
import { CompressionError, createHeaderDecoder } from './hpack.js';
import type { Headers } from './hpack.js';
import { Stream } from './stream.js';
import type { Http2Stream, StreamConnection } from './stream.js';

export interface Http2Limits {
  /** Streams that may be open at once; more are refused, as HTTP/2 has it. */
  readonly streamsMax: number;
  /** What a client may send on a stream, and on all of them together, before it is used. */
  readonly streamWindowSizeBytes: number;
  readonly connectionWindowSizeBytes: number;
  /** Of one request, as HPACK counts them. */
  readonly headersSizeBytesMax: number;
}

/** The server's half of one HTTP/2 connection (RFC 9113). */
export interface Http2Connection {
  /** The client must answer; `onAnswer` is called when it does. */
  ping(onAnswer: () => void): void;
  /** Takes no new streams, and ends with the last of those it has. */
  close(): void;
  destroy(): void;
}

export interface Http2Handler {
  /** A request has begun; a pseudo-header stands under its name with the colon. */
  onStream(stream: Http2Stream, headers: Headers): void;
  onClose(): void;
}

/** With this much on its way to the socket, bodies wait … */
const socketSizeBytesMax = 256 * 1024;
/** … and with this much the client is not read: it takes no answers, so it gets no say. */
const socketSizeBytesFull = 1024 * 1024;
/** Pieces up to this size are put together before they are written: a write costs more than the copy. */
const copySizeBytesMax = 64 * 1024;
const continuationsMax = 16;
/** Streams that the client takes back (CVE-2023-44487), and frames that carry nothing. */
const resetBudget = { countMax: 1000, perSecond: 100 };
/** Each change of settings is a look at all streams. */
const settingsBudget = { countMax: 100, perSecond: 10 };
const idleFrameBudget = { countMax: 10_000, perSecond: 1000 };

class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Takes over a socket, from its first byte on. */
export function createHttp2Connection(
  socket: Socket,
  limits: Http2Limits,
  handler: Http2Handler,
): Http2Connection {
  return new Connection(socket, limits, handler);
}

class Connection implements Http2Connection, StreamConnection {
  readonly #socket: Socket;
  readonly #limits: Http2Limits;
  readonly #handler: Http2Handler;
  readonly #decoder;
  readonly #streams = new Map<number, Stream>();
  readonly #resets = createBudget(resetBudget.countMax, resetBudget.perSecond);
  readonly #settings = createBudget(settingsBudget.countMax, settingsBudget.perSecond);
  readonly #idleFrames = createBudget(idleFrameBudget.countMax, idleFrameBudget.perSecond);
  /** What has arrived and is no whole frame yet. */
  #rest: Buffer = Buffer.alloc(0);
  #hasPreface = false;
  #hasSettings = false;
  #lastStreamId = 0;
  /** A header block that goes on in the next frame. */
  #headers: { readonly id: number; readonly isLast: boolean; parts: Buffer[]; sizeBytes: number } | null =
    null;
  #sendWindow = windowSizeBytesDefault;
  #initialSendWindow = windowSizeBytesDefault;
  #receiveWindow: number;
  #untoldSizeBytes = 0;
  /** Streams that wait for room, in the order of their turns. */
  readonly #line = new Set<Stream>();
  #out: Buffer[] = [];
  #outSizeBytes = 0;
  #isFlushing = false;
  #isClosing = false;
  #isOver = false;
  #isPaused = false;
  #pings: (() => void)[] = [];

  constructor(socket: Socket, limits: Http2Limits, handler: Http2Handler) {
    this.#socket = socket;
    this.#limits = limits;
    this.#handler = handler;
    this.#decoder = createHeaderDecoder(limits.headersSizeBytesMax);
    this.#receiveWindow = limits.connectionWindowSizeBytes;
    this.write(
      settingsFrame([
        [settingIds.maxConcurrentStreams, limits.streamsMax],
        [settingIds.initialWindowSize, limits.streamWindowSizeBytes],
        [settingIds.maxHeaderListSize, limits.headersSizeBytesMax],
      ]),
    );
    const wider = limits.connectionWindowSizeBytes - windowSizeBytesDefault;
    if (wider > 0) this.write(numberFrame(frameTypes.windowUpdate, 0, wider));
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#end());
    socket.on('error', () => this.#end());
    socket.on('close', () => this.#end());
  }

  // --- For streams --------------------------------------------------------------------------------------------

  write(frame: Buffer): void {
    if (this.#isOver) return;
    this.#out.push(frame);
    this.#outSizeBytes += frame.length;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // Once all that can be answered in this turn has been: promises come before this.
    process.nextTick(() => this.#flush());
  }

  get room(): number {
    const onItsWay = this.#outSizeBytes + this.#socket.writableLength;
    return onItsWay >= socketSizeBytesMax ? 0 : this.#sendWindow;
  }

  took(sizeBytes: number): void {
    this.#sendWindow -= sizeBytes;
  }

  waitForRoom(stream: Stream): void {
    this.#line.add(stream);
  }

  received(sizeBytes: number): void {
    this.#untoldSizeBytes += sizeBytes;
    if (this.#untoldSizeBytes * 2 < this.#limits.connectionWindowSizeBytes) return;
    this.#receiveWindow += this.#untoldSizeBytes;
    this.write(numberFrame(frameTypes.windowUpdate, 0, this.#untoldSizeBytes));
    this.#untoldSizeBytes = 0;
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#line.delete(stream);
    if (this.#isClosing && this.#streams.size === 0) this.#finish();
  }

  // --- For the server -----------------------------------------------------------------------------------------

  ping(onAnswer: () => void): void {
    this.#pings.push(onAnswer);
    this.write(frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)));
  }

  close(): void {
    if (this.#isClosing || this.#isOver) return;
    this.#isClosing = true;
    this.write(goawayFrame(this.#lastStreamId, errorCodes.none, ''));
    if (this.#streams.size === 0) this.#finish();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#end();
  }

  #finish(): void {
    this.#flush();
    this.#socket.end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#out = [];
    for (const stream of [...this.#streams.values()]) stream.abort();
    this.#socket.destroySoon();
    this.#handler.onClose();
  }

  #fail(code: ErrorCode, reason: string): void {
    this.write(goawayFrame(this.#lastStreamId, code, reason));
    this.#flush();
    this.#end();
  }

  // --- Writing ------------------------------------------------------------------------------------------------

  #flush(): void {
    this.#isFlushing = false;
    const out = this.#out;
    if (out.length === 0) return;
    const sizeBytes = this.#outSizeBytes;
    this.#out = [];
    this.#outSizeBytes = 0;
    const [first] = out;
    if (out.length === 1 && first !== undefined) this.#socket.write(first);
    else if (sizeBytes <= copySizeBytesMax) this.#socket.write(Buffer.concat(out, sizeBytes));
    else {
      this.#socket.cork();
      for (const frame of out) this.#socket.write(frame);
      this.#socket.uncork();
    }
    if (this.#socket.writableLength < socketSizeBytesFull || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #drained(): void {
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    this.#serveLine();
  }

  /** Each in turn, for as long as there is room: none starves behind a large answer. One that wants more goes to the end. */
  #serveLine(): void {
    while (this.room > 0) {
      const [stream] = this.#line;
      if (stream === undefined) return;
      this.#line.delete(stream);
      stream.sendWaiting();
    }
  }

  // --- Reading ------------------------------------------------------------------------------------------------

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#takeFrames(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]));
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code, error.message);
      else if (error instanceof CompressionError) this.#fail(errorCodes.compression, error.message);
      else throw error;
    }
  }

  #takeFrames(bytes: Buffer): void {
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
    while (bytes.length - at >= frameHeaderSizeBytes && !this.#isOver) {
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
    // A copy: what is left over must not keep the whole chunk.
    this.#rest = at === bytes.length ? emptyBytes : Buffer.from(bytes.subarray(at));
  }

  #takeFrame(type: number, frameFlags: number, id: number, payload: Buffer): void {
    if (!this.#hasSettings && type !== frameTypes.settings)
      throw new ConnectionError(errorCodes.protocol, 'settings come first');
    if (this.#headers !== null && (type !== frameTypes.continuation || id !== this.#headers.id))
      throw new ConnectionError(errorCodes.protocol, 'a frame within a header block');
    switch (type) {
      case frameTypes.data:
        this.#takeData(id, frameFlags, payload);
        return;
      case frameTypes.headers:
        this.#takeHeaders(id, frameFlags, payload);
        return;
      case frameTypes.continuation:
        this.#takeContinuation(frameFlags, payload);
        return;
      case frameTypes.rstStream:
        this.#takeReset(id, payload);
        return;
      case frameTypes.settings:
        this.#takeSettings(id, frameFlags, payload);
        return;
      case frameTypes.ping:
        this.#takePing(id, frameFlags, payload);
        return;
      case frameTypes.windowUpdate:
        this.#takeWindowUpdate(id, payload);
        return;
      case frameTypes.pushPromise:
        throw new ConnectionError(errorCodes.protocol, 'clients promise nothing');
      case frameTypes.goaway:
        return; // It opens no more streams; those that run go on.
      default:
        this.#spendIdleFrame(); // Priorities, and what later versions may bring.
    }
  }

  #spendIdleFrame(): void {
    if (!this.#idleFrames.spend())
      throw new ConnectionError(errorCodes.enhanceYourCalm, 'too many frames that carry nothing');
  }

  #takeData(id: number, frameFlags: number, payload: Buffer): void {
    if (id === 0 || id > this.#lastStreamId)
      throw new ConnectionError(errorCodes.protocol, 'data of no stream');
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < 0)
      throw new ConnectionError(errorCodes.flowControl, 'more data than the window allows');
    const isLast = (frameFlags & flags.endStream) !== 0;
    if (payload.length === 0 && !isLast) this.#spendIdleFrame();
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.hasEnded) {
      this.received(payload.length); // Of a stream that is over, on its way when it ended.
      return;
    }
    stream.receiveWindow -= payload.length;
    if (stream.receiveWindow < 0) {
      this.received(payload.length);
      stream.reset(errorCodes.flowControl);
      return;
    }
    const body = withoutPadding(payload, frameFlags);
    const paddingSizeBytes = payload.length - body.length;
    if (paddingSizeBytes > 0) stream.consumed(paddingSizeBytes);
    if (body.length > 0) stream.takeData(body);
    if (isLast) stream.takeEnd();
  }

  #takeHeaders(id: number, frameFlags: number, payload: Buffer): void {
    if (id % 2 === 0) throw new ConnectionError(errorCodes.protocol, 'a stream that is not a client’s');
    let block = withoutPadding(payload, frameFlags);
    if ((frameFlags & flags.priority) !== 0) {
      if (block.length < 5) throw new ConnectionError(errorCodes.frameSize, 'headers without their priority');
      block = block.subarray(5);
    }
    const isLast = (frameFlags & flags.endStream) !== 0;
    if ((frameFlags & flags.endHeaders) !== 0) this.#takeBlock(id, isLast, block);
    else this.#headers = { id, isLast, parts: [Buffer.from(block)], sizeBytes: block.length };
  }

  #takeContinuation(frameFlags: number, payload: Buffer): void {
    const headers = this.#headers;
    if (headers === null) throw new ConnectionError(errorCodes.protocol, 'nothing goes on here');
    headers.parts.push(Buffer.from(payload));
    headers.sizeBytes += payload.length;
    if (headers.parts.length > continuationsMax || headers.sizeBytes > this.#limits.headersSizeBytesMax)
      throw new ConnectionError(errorCodes.enhanceYourCalm, 'headers in too many frames, or too large');
    if ((frameFlags & flags.endHeaders) === 0) return;
    this.#headers = null;
    this.#takeBlock(headers.id, headers.isLast, Buffer.concat(headers.parts));
  }

  #takeBlock(id: number, isLast: boolean, block: Buffer): void {
    const headers = this.#decoder.decode(block);
    if (id <= this.#lastStreamId) {
      // Trailers, of which gRPC has none from clients; or late ones, of a stream that is over.
      const stream = this.#streams.get(id);
      if (stream !== undefined && !isLast) stream.reset(errorCodes.protocol);
      else stream?.takeEnd();
      return;
    }
    this.#lastStreamId = id;
    if (this.#isClosing || this.#streams.size >= this.#limits.streamsMax) {
      this.write(numberFrame(frameTypes.rstStream, id, errorCodes.refusedStream));
      if (!this.#isClosing) this.#spendIdleFrame();
      return;
    }
    if (headers === null || !headers.has(':method') || !headers.has(':path')) {
      this.write(
        numberFrame(
          frameTypes.rstStream,
          id,
          headers === null ? errorCodes.enhanceYourCalm : errorCodes.protocol,
        ),
      );
      this.#spendIdleFrame();
      return;
    }
    const stream = new Stream(this, {
      id,
      sendWindow: this.#initialSendWindow,
      receiveWindow: this.#limits.streamWindowSizeBytes,
    });
    this.#streams.set(id, stream);
    if (isLast) stream.hasEnded = true;
    this.#handler.onStream(stream, headers);
  }

  #takeReset(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(errorCodes.frameSize, 'a reset of a strange size');
    if (id === 0 || id > this.#lastStreamId)
      throw new ConnectionError(errorCodes.protocol, 'a reset of no stream');
    if (!this.#resets.spend())
      throw new ConnectionError(errorCodes.enhanceYourCalm, 'too many streams were taken back');
    this.#streams.get(id)?.abort();
  }

  #takeSettings(id: number, frameFlags: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errorCodes.protocol, 'settings of a stream');
    const isAck = (frameFlags & flags.ack) !== 0;
    if (payload.length % 6 !== 0 || (isAck && payload.length > 0))
      throw new ConnectionError(errorCodes.frameSize, 'settings of a strange size');
    if (isAck) return;
    this.#hasSettings = true;
    if (!this.#settings.spend())
      throw new ConnectionError(errorCodes.enhanceYourCalm, 'settings that change too often');
    let initialWindow = this.#initialSendWindow;
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === settingIds.initialWindowSize)
        initialWindow = payload.readUInt32BE(at + 2);
    }
    // Once, however often the frame says so.
    if (initialWindow !== this.#initialSendWindow) this.#changeInitialWindow(initialWindow);
    this.write(frameOf(frameTypes.settings, flags.ack, 0, emptyBytes));
  }

  #changeInitialWindow(sizeBytes: number): void {
    if (sizeBytes > windowSizeBytesMax)
      throw new ConnectionError(errorCodes.flowControl, 'a window larger than allowed');
    const difference = sizeBytes - this.#initialSendWindow;
    this.#initialSendWindow = sizeBytes;
    for (const stream of [...this.#streams.values()]) {
      if (!stream.widen(difference))
        throw new ConnectionError(errorCodes.flowControl, 'a window larger than allowed');
    }
  }

  #takePing(id: number, frameFlags: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errorCodes.protocol, 'a ping of a stream');
    if (payload.length !== 8) throw new ConnectionError(errorCodes.frameSize, 'a ping of a strange size');
    if ((frameFlags & flags.ack) !== 0) {
      this.#pings.shift()?.();
      return;
    }
    this.#spendIdleFrame();
    this.write(frameOf(frameTypes.ping, flags.ack, 0, payload));
  }

  #takeWindowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4)
      throw new ConnectionError(errorCodes.frameSize, 'a window update of a strange size');
    const sizeBytes = payload.readUInt32BE(0) & 0x7fff_ffff;
    if (id === 0) {
      this.#sendWindow += sizeBytes;
      if (sizeBytes === 0 || this.#sendWindow > windowSizeBytesMax)
        throw new ConnectionError(errorCodes.flowControl, 'a window larger than allowed');
      this.#serveLine();
      return;
    }
    if (id > this.#lastStreamId) throw new ConnectionError(errorCodes.protocol, 'a window of no stream');
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (sizeBytes === 0) stream.reset(errorCodes.protocol);
    else if (!stream.widen(sizeBytes)) stream.reset(errorCodes.flowControl);
  }
}

const emptyBytes = Buffer.alloc(0);

function withoutPadding(payload: Buffer, frameFlags: number): Buffer {
  if ((frameFlags & flags.padded) === 0) return payload;
  const [padding] = payload;
  if (padding === undefined || padding >= payload.length)
    throw new ConnectionError(errorCodes.protocol, 'more padding than there is');
  return payload.subarray(1, payload.length - padding);
}
