import { asBuffer, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';

/** Reads what a ByteWriter wrote. Trusts nothing: bytes that do not fit throw `storage-corrupt`. */
export interface ByteReader {
  byte(): number;
  uint(): number;
  int(): number;
  int64(): bigint;
  key(): Key;
  text(): string;
  /** A view, not a copy. */
  bytes(): Uint8Array;
  /** Whether all has been read. */
  atEnd(): boolean;
  /** Throws unless all has been read. */
  end(): void;
  /** The error for bytes that cannot be read on. */
  fail(reason: string): QuorateError;
}

/** `what` names the bytes in errors, such as `a command`. */
export function createByteReader(source: Uint8Array, what: string): ByteReader {
  const buffer = asBuffer(source);
  let offset = 0;

  function fail(reason: string): QuorateError {
    return new QuorateError('storage-corrupt', `${what} cannot be read: ${reason} (byte ${offset})`);
  }

  function byte(): number {
    const value = buffer[offset];
    if (value === undefined) throw fail('it ends too early');
    offset++;
    return value;
  }

  function uint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const next = byte();
      value += (next & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw fail('a number is too large');
      if (next < 0x80) return value;
      if (scale > 2 ** 49) throw fail('a number is too long');
    }
  }

  function take(): number {
    const sizeBytes = uint();
    if (sizeBytes > buffer.length - offset) throw fail('it ends too early');
    offset += sizeBytes;
    return offset - sizeBytes;
  }

  return {
    byte,
    uint,
    int() {
      const first = byte();
      const low = (first & 0x7e) >>> 1;
      const size = first < 0x80 ? low : low + uint() * 64;
      if (size > Number.MAX_SAFE_INTEGER) throw fail('a number is too large');
      return (first & 1) === 1 && size !== 0 ? -size : size;
    },
    int64() {
      if (buffer.length - offset < 8) throw fail('it ends too early');
      offset += 8;
      return buffer.readBigInt64BE(offset - 8);
    },
    key() {
      const start = take();
      return buffer.toString('latin1', start, offset);
    },
    text() {
      const start = take();
      return buffer.toString('utf8', start, offset);
    },
    bytes() {
      const start = take();
      return buffer.subarray(start, offset);
    },
    atEnd: () => offset === buffer.length,
    end() {
      if (offset !== buffer.length) throw fail('something follows its end');
    },
    fail,
  };
}
