import { status } from '@grpc/grpc-js';
import { emptyBytes, QuorateError } from '../base/index.js';
import { compacted, createChunkList } from './chunk-list.js';
import { GrpcError, messageTooLarge } from './errors.js';

/** gRPC puts before each message whether it is compressed (1 byte) and its length (4 bytes, big-endian). */
export const messagePrefixSizeBytes = 5;

/** What many calls together may hold of messages that have not arrived whole. */
export interface PartialMessages {
  /** So much more has arrived; negative: it is whole now, or gone. */
  add(sizeBytes: number): void;
  readonly sizeBytes: number;
  /** There is more than there may be. */
  readonly isFull: boolean;
}

/** `within`: what it is a part of, as the calls of a connection are of all calls. */
export function createPartialMessages(
  sizeBytesMax: number,
  within: PartialMessages | null = null,
): PartialMessages {
  let held = 0;
  return {
    add(sizeBytes) {
      held += sizeBytes;
      within?.add(sizeBytes);
    },
    get sizeBytes() {
      return held;
    },
    get isFull() {
      return held > sizeBytesMax || within?.isFull === true;
    },
  };
}

/** Puts the messages of a call together from the chunks in which they arrive. */
export interface MessageReader {
  push(chunk: Buffer): void;
  /**
   * The next message once it is whole, else null; in memory of its own, so that keeping a part of it keeps no more.
   * Errors: a GrpcError for a message that is too large or compressed, `too-many-requests` when too much is on its way.
   */
  next(): Buffer | null;
  /** Nothing is left over from what was pushed. */
  readonly isEmpty: boolean;
  /** The call is over, whole or not. */
  release(): void;
}

export function createMessageReader(partial: PartialMessages, messageSizeBytesMax: number): MessageReader {
  return new ChunkReader(partial, messageSizeBytesMax);
}

class ChunkReader implements MessageReader {
  readonly #partial: PartialMessages;
  readonly #messageSizeBytesMax: number;
  /** What is not read yet: the rest of one chunk, mostly the only one, and the chunks after it. */
  #head: Buffer = emptyChunk;
  readonly #tail = createChunkList();
  #sizeBytes = 0;
  /** As much of it as is counted in `partial`. */
  #countedSizeBytes = 0;

  constructor(partial: PartialMessages, messageSizeBytesMax: number) {
    this.#partial = partial;
    this.#messageSizeBytesMax = messageSizeBytesMax;
  }

  get isEmpty(): boolean {
    return this.#sizeBytes === 0;
  }

  push(chunk: Buffer): void {
    if (this.#sizeBytes === 0) this.#head = chunk;
    else this.#tail.push(chunk);
    this.#sizeBytes += chunk.length;
  }

  next(): Buffer | null {
    if (this.#sizeBytes < messagePrefixSizeBytes) return this.#wait();
    if (this.#head.length < messagePrefixSizeBytes) this.#join();
    const end = messagePrefixSizeBytes + this.#lengthOf(this.#head);
    if (this.#sizeBytes < end) return this.#wait();
    if (this.#head.length < end) this.#join();
    const message = Buffer.from(this.#head.subarray(messagePrefixSizeBytes, end));
    this.#head = this.#head.subarray(end);
    this.#sizeBytes -= end;
    if (this.#head.length === 0) this.#head = this.#tail.shift() ?? emptyChunk;
    if (this.#countedSizeBytes > 0) this.#count(0);
    return message;
  }

  release(): void {
    this.#count(0);
    this.#head = emptyChunk;
    this.#tail.takeAll();
    this.#sizeBytes = 0;
  }

  #lengthOf(prefix: Buffer): number {
    if (prefix[0] !== 0)
      throw new GrpcError(status.UNIMPLEMENTED, 'grpc: compressed messages are not supported');
    const length = prefix.readUInt32BE(1);
    if (length > this.#messageSizeBytesMax) throw messageTooLarge(length, this.#messageSizeBytesMax);
    return length;
  }

  #wait(): null {
    this.#head = compacted(this.#head);
    this.#count(this.#sizeBytes);
    if (this.#partial.isFull) throw new QuorateError('too-many-requests');
    return null;
  }

  #count(sizeBytes: number): void {
    if (sizeBytes === this.#countedSizeBytes) return;
    this.#partial.add(sizeBytes - this.#countedSizeBytes);
    this.#countedSizeBytes = sizeBytes;
  }

  #join(): void {
    this.#head = Buffer.concat([this.#head, ...this.#tail.takeAll()]);
  }
}

const emptyChunk = Buffer.alloc(0);

/** What goes before an answer of that size: it is not compressed. */
export function messagePrefix(sizeBytes: number): Buffer {
  const prefix = Buffer.alloc(messagePrefixSizeBytes);
  prefix.writeUInt32BE(sizeBytes, 1);
  return prefix;
}

/** The answer with its prefix. */
export function frameMessage(message: Uint8Array = emptyBytes): Buffer {
  const framed = Buffer.allocUnsafe(messagePrefixSizeBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, messagePrefixSizeBytes);
  return framed;
}

/** Answers with their prefixes, one after another. `sizeBytes`: of all of that. */
export function frameMessages(messages: readonly Uint8Array[], sizeBytes: number): Buffer {
  const framed = Buffer.allocUnsafe(sizeBytes);
  let offset = 0;
  for (const message of messages) {
    framed[offset] = 0;
    framed.writeUInt32BE(message.length, offset + 1);
    framed.set(message, offset + messagePrefixSizeBytes);
    offset += messagePrefixSizeBytes + message.length;
  }
  return framed;
}
