import { status } from '@grpc/grpc-js';
import { QuorateError } from '../base/index.js';
import { errorCodes } from '../http2/index.js';
import type { Http2Stream } from '../http2/index.js';
import type { Deadlines } from './deadlines.js';
import { GrpcError, statusOf } from './errors.js';
import type { GrpcStatus } from './errors.js';
import { beginAnswers, endAnswers, refuse } from './grpc-end.js';
import { frameMessages, messagePrefixSizeBytes } from './message-reader.js';
import type { MessageReader } from './message-reader.js';
import type { CallContext, CallStream, StreamMethod } from './method.js';
import { RequestQueue } from './request-queue.js';

export interface StreamCallOptions {
  readonly stream: Http2Stream;
  readonly method: StreamMethod;
  readonly context: CallContext;
  readonly reader: MessageReader;
  /** With this much waiting for the client, `send` answers false. */
  readonly sendBufferSizeBytes: number;
  /** With this much, the call ends: whoever sent it did not wait. */
  readonly sendBufferSizeBytesMax: number;
  /** For messages that take too long to arrive. */
  readonly deadlines: Deadlines;
  readonly messageTimeoutMs: number;
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
    const { stream, context } = options;
    this.context = context;
    this.#options = options;
    this.#stream = stream;
    const isAwaited = options.method.direction === 'server';
    this.#requests = new RequestQueue({ ...options, isAwaited }, this.#controller.signal);
    this.requests = { [Symbol.asyncIterator]: () => this.#requests };
    stream.receive({
      onData: (chunk) => this.#requests.take(chunk),
      onEnd: () => this.#requests.wake(),
      onRoom: () => {
        if (stream.waitingSizeBytes < options.sendBufferSizeBytes) this.#tellRoom();
      },
      onClose: () => {
        this.abort(new QuorateError('canceled'));
        this.#requests.discard();
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
    // After whatever is answered in this turn: who wrote should not wait for those who watch.
    if (this.#gathered.length === 0) setImmediate(() => this.#flush());
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
