import { status } from '@grpc/grpc-js';
import { emptyBytes, QuorateError } from '../base/index.js';
import { GrpcError, messageTooLarge } from './errors.js';

/** gRPC puts before each message whether it is compressed (1 byte) and its length (4 bytes, big-endian). */
export const messagePrefixSizeBytes = 5;

/** What all calls together may hold of messages that have not arrived whole. */
export interface PartialMessages {
  readonly sizeBytesMax: number;
  sizeBytes: number;
}

/** Puts the one message of a call together from the chunks in which it arrives. */
export interface MessageReader {
  /**
   * The message once it is whole, else null; in memory of its own, so that keeping a part of it keeps no more. Errors:
   * a GrpcError for a message that is too large or compressed, `too-many-requests` when too much is on its way.
   */
  push(chunk: Buffer): Buffer | null;
  /** The call is over, whole or not. */
  release(): void;
}

export function createMessageReader(partial: PartialMessages, messageSizeBytesMax: number): MessageReader {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;

  function release(): void {
    partial.sizeBytes -= sizeBytes;
    chunks = [];
    sizeBytes = 0;
  }

  function lengthOf(prefix: Buffer): number {
    if (prefix[0] !== 0)
      throw new GrpcError(status.UNIMPLEMENTED, 'grpc: compressed messages are not supported');
    const length = prefix.readUInt32BE(1);
    if (length > messageSizeBytesMax) throw messageTooLarge(length, messageSizeBytesMax);
    return length;
  }

  return {
    push(chunk) {
      if (chunks.length === 0 && chunk.length >= messagePrefixSizeBytes) {
        const length = lengthOf(chunk);
        const end = messagePrefixSizeBytes + length;
        if (chunk.length >= end) return Buffer.from(chunk.subarray(messagePrefixSizeBytes, end));
      }
      chunks.push(chunk);
      sizeBytes += chunk.length;
      partial.sizeBytes += chunk.length;
      if (partial.sizeBytes > partial.sizeBytesMax) throw new QuorateError('too-many-requests');
      if (sizeBytes < messagePrefixSizeBytes) return null;
      const [first] = chunks;
      const prefix =
        first !== undefined && first.length >= messagePrefixSizeBytes ? first : Buffer.concat(chunks);
      const end = messagePrefixSizeBytes + lengthOf(prefix);
      if (sizeBytes < end) return null;
      const whole = Buffer.concat(chunks).subarray(messagePrefixSizeBytes, end);
      release();
      return whole;
    },
    release,
  };
}

/** The answer with its prefix. */
export function frameMessage(message: Uint8Array = emptyBytes): Buffer {
  const framed = Buffer.allocUnsafe(messagePrefixSizeBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, messagePrefixSizeBytes);
  return framed;
}
