import { status } from '@grpc/grpc-js';
import { assert } from '../base/index.js';
import type { Http2Stream } from '../http2/index.js';
import { createChunkList } from './chunk-list.js';
import type { Deadline, Deadlines } from './deadlines.js';
import { GrpcError, messageTooLate } from './errors.js';
import type { MessageReader } from './message-reader.js';

export interface RequestQueueOptions {
  readonly stream: Http2Stream;
  readonly reader: MessageReader;
  readonly deadlines: Deadlines;
  /** A message that has begun has to be whole within this. */
  readonly messageTimeoutMs: number;
  /** The first message has to come within it, too. */
  readonly isAwaited: boolean;
}

/**
 * The requests of a call, taken from the stream one by one as they are asked for. What nobody asks for stays in HTTP/2's
 * window, which holds the client back.
 */
export class RequestQueue implements AsyncIterator<Buffer> {
  readonly #stream: Http2Stream;
  readonly #reader: MessageReader;
  readonly #signal: AbortSignal;
  readonly #deadlines: Deadlines;
  readonly #messageTimeoutMs: number;
  /** Has arrived, and nobody has asked for it: its window is not given back. */
  readonly #chunks = createChunkList();
  /** By when the message that has begun has to be whole. */
  #deadline: Deadline | null = null;
  #isLate = false;
  /** There is one that has to come. */
  #isAwaited: boolean;
  #wake: (() => void) | null = null;
  #isDiscarding = false;

  constructor(options: RequestQueueOptions, signal: AbortSignal) {
    this.#stream = options.stream;
    this.#reader = options.reader;
    this.#signal = signal;
    this.#deadlines = options.deadlines;
    this.#messageTimeoutMs = options.messageTimeoutMs;
    this.#isAwaited = options.isAwaited;
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
      if (message !== null) {
        this.#isAwaited = false;
        this.#stopClock();
        return { done: false, value: message };
      }
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#reader.push(chunk);
        this.#stream.consumed(chunk.length);
      } else if (this.#stream.hasEnded) return this.#end();
      else await this.#more();
    }
  }

  /** Waits for whatever happens next. Time runs from the first byte of a message on, however many come after it. */
  async #more(): Promise<void> {
    if (this.#isLate) throw messageTooLate(this.#messageTimeoutMs);
    if (this.#deadline === null && (this.#isAwaited || !this.#reader.isEmpty)) {
      this.#deadline = this.#deadlines.add(this.#messageTimeoutMs, () => {
        this.#isLate = true;
        this.wake();
      });
    }
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #stopClock(): void {
    if (this.#deadline !== null) this.#deadlines.remove(this.#deadline);
    this.#deadline = null;
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
    this.#stopClock();
    this.#stream.consumed(this.#chunks.sizeBytes);
    this.#chunks.takeAll();
    this.wake();
  }

  #end(): IteratorResult<Buffer> {
    if (this.#reader.isEmpty) return { done: true, value: undefined };
    throw new GrpcError(status.INTERNAL, 'the call ended within a message');
  }
}
