import { status } from '@grpc/grpc-js';
import { assert, QuorateError } from '../base/index.js';
import { errorCodes } from '../http2/index.js';
import type { Http2Stream } from '../http2/index.js';
import { GrpcError, statusOf } from './errors.js';
import type { GrpcStatus } from './errors.js';
import { beginAnswers, endAnswers, refuse } from './grpc-end.js';
import { frameMessages, messagePrefixSizeBytes } from './message-reader.js';
import type { MessageReader } from './message-reader.js';
import type { CallContext, CallStream, StreamMethod } from './method.js';

export interface StreamCallOptions {
  readonly stream: Http2Stream;
  readonly method: StreamMethod;
  readonly context: CallContext;
  readonly reader: MessageReader;
  /** With this much waiting for the client, `send` answers false. */
  readonly sendBufferSizeBytes: number;
  /** With this much, the call ends: whoever sent it did not wait. */
  readonly sendBufferSizeBytesMax: number;
  readonly onFailure: (path: string, thrown: unknown) => void;
}

/** A call that runs, seen from the server. */
export interface RunningCall {
  /** Tells the method to end, for this reason; the call ends with the method. */
  abort(reason: Error): void;
  /** Ends the call at once, whatever the method is doing. */
  expire(reason: Error): void;
}

export interface RunningStream extends RunningCall {
  /** Calls once the stream is over: at once if it is. */
  onClosed(listener: () => void): void;
}

/** Runs a method with many answers. */
export function runStreamCall(options: StreamCallOptions): RunningStream {
  const { method, onFailure } = options;
  const call = new Http2CallStream(options);
  method.handle(call).then(
    () => call.end(call.signal.aborted ? statusOf(call.signal.reason) : { code: status.OK, message: '' }),
    (error: unknown) => {
      if (error !== call.signal.reason) onFailure(method.path, error);
      call.end(statusOf(error));
    },
  );
  return {
    abort: (reason) => call.abort(reason),
    onClosed: (listener) => call.onClosed(listener),
    expire(reason) {
      call.abort(reason);
      call.end(statusOf(reason));
    },
  };
}

class Http2CallStream implements CallStream {
  readonly context: CallContext;
  readonly requests: AsyncIterable<Buffer>;
  readonly #options: StreamCallOptions;
  readonly #stream: Http2Stream;
  readonly #controller = new AbortController();
  readonly #requests: RequestQueue;
  #waitingForRoom: (() => void)[] = [];
  #tellClosed: () => void = () => undefined;
  /** What was sent in this turn, and its size with its frames. */
  #gathered: Buffer[] = [];
  #gatheredSizeBytes = 0;

  constructor(options: StreamCallOptions) {
    const { stream, reader, context } = options;
    this.context = context;
    this.#options = options;
    this.#stream = stream;
    this.#requests = new RequestQueue(stream, reader, this.#controller.signal);
    this.requests = { [Symbol.asyncIterator]: () => this.#requests };
    stream.receive({
      onData: (chunk) => this.#requests.take(chunk),
      onEnd: () => this.#requests.wake(),
      onRoom: () => {
        if (stream.waitingSizeBytes < options.sendBufferSizeBytes) this.#tellRoom();
      },
      onClose: () => {
        this.abort(new QuorateError('canceled'));
        this.#tellClosed();
      },
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  send(answer: Buffer): boolean {
    const stream = this.#stream;
    if (stream.isClosed || stream.isEnding) return false;
    beginAnswers(stream);
    if (this.#gathered.length === 0) process.nextTick(() => this.#flush());
    this.#gathered.push(answer);
    this.#gatheredSizeBytes += messagePrefixSizeBytes + answer.length;
    const { sendBufferSizeBytes, sendBufferSizeBytesMax } = this.#options;
    const waitingSizeBytes = stream.waitingSizeBytes + this.#gatheredSizeBytes;
    if (waitingSizeBytes > sendBufferSizeBytesMax) {
      this.abort(new GrpcError(status.RESOURCE_EXHAUSTED, 'the client reads too slowly'));
      stream.reset(errorCodes.enhanceYourCalm);
    }
    return waitingSizeBytes < sendBufferSizeBytes;
  }

  drained(): Promise<void> {
    const stream = this.#stream;
    const isOverOrRoomy =
      this.signal.aborted ||
      stream.isClosed ||
      stream.isEnding ||
      stream.waitingSizeBytes + this.#gatheredSizeBytes < this.#options.sendBufferSizeBytes;
    if (isOverOrRoomy) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  onClosed(listener: () => void): void {
    if (this.#stream.isClosed) listener();
    else this.#tellClosed = listener;
  }

  abort(reason: Error): void {
    if (this.signal.aborted) return;
    this.#controller.abort(reason);
    this.#requests.wake();
    this.#tellRoom();
  }

  end(outcome: GrpcStatus): void {
    this.#requests.discard();
    this.#flush();
    if (outcome.code !== status.OK && !this.#stream.hasBegun) refuse(this.#stream, outcome);
    else endAnswers(this.#stream, outcome);
  }

  #tellRoom(): void {
    const waiting = this.#waitingForRoom;
    this.#waitingForRoom = [];
    for (const resolve of waiting) resolve();
  }

  /** What is sent in one turn goes out as one piece: a write costs more than the copy. */
  #flush(): void {
    const answers = this.#gathered;
    if (answers.length === 0) return;
    const sizeBytes = this.#gatheredSizeBytes;
    this.#gathered = [];
    this.#gatheredSizeBytes = 0;
    if (this.#stream.isClosed || this.#stream.isEnding) return;
    this.#stream.send(frameMessages(answers, sizeBytes));
    // What fitted leaves at once: then nothing says later that there is room.
    if (this.#stream.waitingSizeBytes < this.#options.sendBufferSizeBytes) this.#tellRoom();
  }
}

/**
 * The requests of a call, taken from the stream one by one as they are asked for. What nobody asks for stays in HTTP/2's
 * window, which holds the client back.
 */
class RequestQueue implements AsyncIterator<Buffer> {
  readonly #stream: Http2Stream;
  readonly #reader: MessageReader;
  readonly #signal: AbortSignal;
  /** Has arrived, and nobody has asked for it: its window is not given back. */
  #chunks: Buffer[] = [];
  #wake: (() => void) | null = null;
  #isDiscarding = false;

  constructor(stream: Http2Stream, reader: MessageReader, signal: AbortSignal) {
    this.#stream = stream;
    this.#reader = reader;
    this.#signal = signal;
  }

  take(chunk: Buffer): void {
    if (this.#isDiscarding) {
      this.#stream.consumed(chunk.length);
      return;
    }
    this.#chunks.push(chunk);
    this.wake();
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  async next(): Promise<IteratorResult<Buffer>> {
    assert(this.#wake === null, 'requests are asked for one after another');
    for (;;) {
      if (this.#signal.aborted) throw this.#signal.reason as Error;
      if (this.#isDiscarding) return { done: true, value: undefined };
      const message = this.#reader.next();
      if (message !== null) return { done: false, value: message };
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#reader.push(chunk);
        this.#stream.consumed(chunk.length);
      } else if (this.#stream.hasEnded) return this.#end();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Whoever iterated wants no more. */
  async return(): Promise<IteratorResult<Buffer>> {
    this.discard();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** From here on whatever the client sends is forgotten. */
  discard(): void {
    if (this.#isDiscarding) return;
    this.#isDiscarding = true;
    this.#reader.release();
    for (const chunk of this.#chunks) this.#stream.consumed(chunk.length);
    this.#chunks = [];
    this.wake();
  }

  #end(): IteratorResult<Buffer> {
    if (this.#reader.isEmpty) return { done: true, value: undefined };
    throw new GrpcError(status.INTERNAL, 'the call ended within a message');
  }
}
