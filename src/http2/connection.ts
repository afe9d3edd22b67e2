import type { Socket } from 'node:net';
import { createBudget } from './budget.js';
import { ConnectionError } from './errors.js';
import {
  errorCodes,
  flags,
  frameOf,
  frameTypes,
  goawayFrame,
  numberFrame,
  settingIds,
  settingsFrame,
  windowSizeBytesDefault,
  windowSizeBytesMax,
} from './frames.js';
import type { ErrorCode } from './frames.js';
import { FrameReader } from './frame-reader.js';
import { CompressionError, createHeaderDecoder } from './hpack.js';
import type { Headers } from './hpack.js';
import { Outlet } from './outlet.js';
import { lengthOfRequest } from './request.js';
import type { RequestLength } from './request.js';
import { initialWindowAfter } from './settings.js';
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
  /** What `onStream` or a receiver threw: the connection ends with it, and the server goes on. */
  onError(thrown: unknown): void;
}

const continuationsMax = 16;
/**
 * Streams that the client takes back (CVE-2023-44487) or makes us take back (CVE-2025-8671), and frames that carry nothing.
 */
const resetBudget = { countMax: 1000, perSecond: 100 };
/** Each change of settings is a look at all streams. */
const settingsBudget = { countMax: 100, perSecond: 10 };
const idleFrameBudget = { countMax: 10_000, perSecond: 1000 };

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
  readonly #reader: FrameReader;
  readonly #outlet: Outlet;
  #hasSettings = false;
  #lastStreamId = 0;
  /** The last that was begun, not refused: what a GOAWAY says. */
  #begunStreamId = 0;
  /** The headers of the last request, which are mostly those of the next, and what they say of the body. */
  #lastHeaders: Headers | null = null;
  #lastLength: RequestLength = null;
  /** A header block that goes on in the next frame. */
  #headers: { readonly id: number; readonly isLast: boolean; parts: Buffer[]; sizeBytes: number } | null =
    null;
  #sendWindow = windowSizeBytesDefault;
  #initialSendWindow = windowSizeBytesDefault;
  #receiveWindow: number;
  #untoldSizeBytes = 0;
  /** Streams that wait for room, in the order of their turns. */
  readonly #line = new Set<Stream>();
  #isClosing = false;
  #isOver = false;
  #pings: (() => void)[] = [];
  /** Since the client's last ping. */
  #hasSentData = false;

  constructor(socket: Socket, limits: Http2Limits, handler: Http2Handler) {
    this.#socket = socket;
    this.#limits = limits;
    this.#handler = handler;
    this.#decoder = createHeaderDecoder(limits.headersSizeBytesMax);
    this.#receiveWindow = limits.connectionWindowSizeBytes;
    this.#outlet = new Outlet(socket);
    this.#reader = new FrameReader((type, frameFlags, id, payload) =>
      this.#takeFrame(type, frameFlags, id, payload),
    );
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
    this.#outlet.write(frame);
  }

  get room(): number {
    return this.#outlet.isFull ? 0 : this.#sendWindow;
  }

  took(sizeBytes: number): void {
    this.#sendWindow -= sizeBytes;
    this.#hasSentData = true;
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
    if (this.#isClosing && this.#streams.size === 0) this.#outlet.finish();
  }

  // --- For the server -----------------------------------------------------------------------------------------

  ping(onAnswer: () => void): void {
    this.#pings.push(onAnswer);
    this.write(frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)));
  }

  close(): void {
    if (this.#isClosing || this.#isOver) return;
    this.#isClosing = true;
    this.write(goawayFrame(this.#begunStreamId, errorCodes.none, ''));
    if (this.#streams.size === 0) this.#outlet.finish();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.stop();
    for (const stream of [...this.#streams.values()]) stream.abort();
    this.#outlet.end();
    this.#handler.onClose();
  }

  #fail(code: ErrorCode, reason: string): void {
    this.write(goawayFrame(this.#begunStreamId, code, reason));
    this.#outlet.flush();
    this.#end();
  }

  #drained(): void {
    this.#outlet.drained();
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
    try {
      this.#reader.take(chunk);
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code, error.message);
      else if (error instanceof CompressionError) this.#fail(errorCodes.compression, error.message);
      else {
        this.#handler.onError(error);
        this.#fail(errorCodes.internal, 'internal error');
      }
    }
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
        this.#takeGoaway(id, payload);
        return;
      case frameTypes.priority:
        this.#takePriority(id, payload);
        return;
      default:
        this.#spendIdleFrame(); // What later versions may bring.
    }
  }

  #spendIdleFrame(): void {
    if (!this.#idleFrames.spend())
      throw new ConnectionError(errorCodes.enhanceYourCalm, 'too many frames that carry nothing');
  }

  /** Ends a stream by the client's fault. What was begun for it may still run: so it counts as one that was taken back. */
  #resetFaulty(stream: Stream, code: ErrorCode): void {
    stream.reset(code);
    this.#spendReset();
  }

  #spendReset(): void {
    if (!this.#resets.spend())
      throw new ConnectionError(errorCodes.enhanceYourCalm, 'too many streams were taken back');
  }

  /** No stream that the client has opened; ours there are none. */
  #isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.#lastStreamId;
  }

  #takeData(id: number, frameFlags: number, payload: Buffer): void {
    if (this.#isIdle(id)) throw new ConnectionError(errorCodes.protocol, 'data of no stream');
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < 0)
      throw new ConnectionError(errorCodes.flowControl, 'more data than the window allows');
    const isLast = (frameFlags & flags.endStream) !== 0;
    const body = withoutPadding(payload, frameFlags);
    const stream = this.#streams.get(id);
    if (body.length === 0 && (!isLast || stream === undefined)) this.#spendIdleFrame();
    if (stream === undefined) {
      this.received(payload.length); // Of a stream that is over, on its way when it ended.
      return;
    }
    stream.receiveWindow -= payload.length;
    const fault = stream.hasEnded
      ? errorCodes.streamClosed
      : stream.receiveWindow < 0
        ? errorCodes.flowControl
        : stream.fits(body.length, isLast)
          ? null
          : errorCodes.protocol;
    if (fault !== null) {
      this.received(payload.length);
      this.#resetFaulty(stream, fault);
      return;
    }
    const paddingSizeBytes = payload.length - body.length;
    if (paddingSizeBytes > 0) stream.consumed(paddingSizeBytes);
    if (body.length > 0) stream.takeData(body);
    if (isLast) stream.takeEnd();
  }

  #takeHeaders(id: number, frameFlags: number, payload: Buffer): void {
    if (id % 2 === 0) throw new ConnectionError(errorCodes.protocol, 'a stream that no client opens');
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
      this.#takeTrailers(id, isLast, headers);
      return;
    }
    this.#lastStreamId = id;
    if (this.#isClosing || this.#streams.size >= this.#limits.streamsMax) {
      this.#refuse(id, errorCodes.refusedStream);
    } else if (headers === null) this.#refuse(id, this.#codeOfHeaders());
    else this.#begin(id, isLast, headers);
  }

  /** With which headers are refused that are none. */
  #codeOfHeaders(): ErrorCode {
    return this.#decoder.problem === 'too-large' ? errorCodes.enhanceYourCalm : errorCodes.protocol;
  }

  #begin(id: number, isLast: boolean, headers: Headers): void {
    if (headers !== this.#lastHeaders) {
      this.#lastHeaders = headers;
      this.#lastLength = lengthOfRequest(headers);
    }
    const bodySizeBytes = this.#lastLength;
    if (bodySizeBytes === 'malformed' || (isLast && bodySizeBytes !== null && bodySizeBytes > 0)) {
      this.#refuse(id, errorCodes.protocol);
      return;
    }
    this.#begunStreamId = id;
    const stream = new Stream(this, {
      id,
      sendWindow: this.#initialSendWindow,
      receiveWindow: this.#limits.streamWindowSizeBytes,
      bodySizeBytes,
    });
    this.#streams.set(id, stream);
    if (isLast) stream.hasEnded = true;
    this.#handler.onStream(stream, headers);
  }

  /** A stream that does not begin. Whoever shuts down refuses those that were on their way. */
  #refuse(id: number, code: ErrorCode): void {
    this.write(numberFrame(frameTypes.rstStream, id, code));
    if (!this.#isClosing) this.#spendIdleFrame();
  }

  /** Trailers, of which gRPC has none from clients; or late ones, of a stream that is over. */
  #takeTrailers(id: number, isLast: boolean, trailers: Headers | null): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (!isLast) throw new ConnectionError(errorCodes.streamClosed, 'headers of a stream that is over');
      this.#spendIdleFrame();
    } else if (stream.hasEnded) this.#resetFaulty(stream, errorCodes.streamClosed);
    else if (trailers === null) this.#resetFaulty(stream, this.#codeOfHeaders());
    else if (!isLast || hasPseudoHeaders(trailers) || !stream.fits(0, true))
      this.#resetFaulty(stream, errorCodes.protocol);
    else stream.takeEnd();
  }

  #takeReset(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(errorCodes.frameSize, 'a reset of a strange size');
    if (this.#isIdle(id)) throw new ConnectionError(errorCodes.protocol, 'a reset of no stream');
    const stream = this.#streams.get(id);
    // One that is over costs nothing more: it was answered while its reset was on its way.
    if (stream === undefined) this.#spendIdleFrame();
    else {
      this.#spendReset();
      stream.abort();
    }
  }

  /** It opens no more streams; those that run go on. */
  #takeGoaway(id: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errorCodes.protocol, 'a goaway of a stream');
    if (payload.length < 8) throw new ConnectionError(errorCodes.frameSize, 'a goaway of a strange size');
    this.#spendIdleFrame();
  }

  /** They say nothing to us, as RFC 9113 advises. */
  #takePriority(id: number, payload: Buffer): void {
    if (id === 0) throw new ConnectionError(errorCodes.protocol, 'priorities of no stream');
    if (payload.length !== 5) throw new ConnectionError(errorCodes.frameSize, 'priorities of a strange size');
    this.#spendIdleFrame();
  }

  #takeSettings(id: number, frameFlags: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errorCodes.protocol, 'settings of a stream');
    const isAck = (frameFlags & flags.ack) !== 0;
    if (isAck) {
      if (payload.length > 0) throw new ConnectionError(errorCodes.frameSize, 'settings of a strange size');
      this.#spendIdleFrame();
      return;
    }
    this.#hasSettings = true;
    if (!this.#settings.spend())
      throw new ConnectionError(errorCodes.enhanceYourCalm, 'settings that change too often');
    const initialWindow = initialWindowAfter(payload, this.#initialSendWindow);
    // Once, however often the frame says so.
    if (initialWindow !== this.#initialSendWindow) this.#changeInitialWindow(initialWindow);
    this.write(frameOf(frameTypes.settings, flags.ack, 0, emptyBytes));
  }

  #changeInitialWindow(sizeBytes: number): void {
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
      const onAnswer = this.#pings.shift();
      if (onAnswer === undefined) this.#spendIdleFrame();
      else onAnswer();
      return;
    }
    // Clients measure the way with a ping for what they receive, as often as the way allows: Go's and Java's do.
    if (!this.#hasSentData) this.#spendIdleFrame();
    this.#hasSentData = false;
    this.write(frameOf(frameTypes.ping, flags.ack, 0, payload));
  }

  #takeWindowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4)
      throw new ConnectionError(errorCodes.frameSize, 'a window update of a strange size');
    const sizeBytes = payload.readUInt32BE(0) & 0x7fff_ffff;
    if (id === 0) {
      if (sizeBytes === 0) throw new ConnectionError(errorCodes.protocol, 'a window update of nothing');
      this.#sendWindow += sizeBytes;
      if (this.#sendWindow > windowSizeBytesMax)
        throw new ConnectionError(errorCodes.flowControl, 'a window larger than allowed');
      this.#serveLine();
      return;
    }
    if (this.#isIdle(id)) throw new ConnectionError(errorCodes.protocol, 'a window of no stream');
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (sizeBytes === 0) this.#resetFaulty(stream, errorCodes.protocol);
    else if (!stream.widen(sizeBytes)) this.#resetFaulty(stream, errorCodes.flowControl);
  }
}

const emptyBytes = Buffer.alloc(0);

function hasPseudoHeaders(headers: Headers): boolean {
  for (const name of headers.keys()) if (name.startsWith(':')) return true;
  return false;
}

function withoutPadding(payload: Buffer, frameFlags: number): Buffer {
  if ((frameFlags & flags.padded) === 0) return payload;
  const [padding] = payload;
  if (padding === undefined || padding >= payload.length)
    throw new ConnectionError(errorCodes.protocol, 'more padding than there is');
  return payload.subarray(1, payload.length - padding);
}
