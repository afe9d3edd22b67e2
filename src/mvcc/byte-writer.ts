import { emptyBytes } from '../base/index.js';
import type { Key } from '../base/index.js';

const chunkSizeBytesMin = 256;

/**
 * Appends to a buffer that grows. Whole numbers are varints (7 bits a byte, lowest first, high bit: more follows);
 * strings and bytes have their length before them.
 */
export interface ByteWriter {
  byte(value: number): void;
  /** 0 … 2^53 − 1. */
  uint(value: number): void;
  /** Of either sign: the lowest bit of the first byte is 1 for a negative number; beyond ±(2^53 − 1) it is clamped. */
  int(value: number): void;
  /** Eight bytes, most significant first, two's complement. */
  int64(value: bigint): void;
  /** One byte a character. */
  key(value: Key): void;
  /** UTF-8. */
  text(value: string): void;
  bytes(value: Uint8Array): void;
  /** What was written; the writer is done then. */
  finish(): Buffer;
}

export function createByteWriter(): ByteWriter {
  let buffer: Buffer = Buffer.from(emptyBytes);
  let length = 0;

  function reserve(sizeBytes: number): void {
    if (length + sizeBytes <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(chunkSizeBytesMin, buffer.length * 2, length + sizeBytes));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  }

  function byte(value: number): void {
    reserve(1);
    buffer[length++] = value;
  }

  function uint(value: number): void {
    reserve(8);
    length = writeUint(buffer, value, length);
  }

  function bytes(value: Uint8Array): void {
    uint(value.length);
    reserve(value.length);
    buffer.set(value, length);
    length += value.length;
  }

  return {
    byte,
    uint,
    int(value) {
      const size = Math.min(Math.abs(value), Number.MAX_SAFE_INTEGER);
      const first = (value < 0 ? 1 : 0) | ((size % 64) << 1);
      byte(size < 64 ? first : first | 0x80);
      if (size >= 64) uint(Math.floor(size / 64));
    },
    int64(value) {
      reserve(8);
      length = buffer.writeBigInt64BE(value, length);
    },
    key(value) {
      uint(value.length);
      reserve(value.length);
      length += buffer.write(value, length, value.length, 'latin1');
    },
    text: (value) => bytes(Buffer.from(value, 'utf8')),
    bytes,
    finish: () => buffer.subarray(0, length),
  };
}

/** Writes a varint and returns where it ends. */
export function writeUint(target: Buffer, value: number, offset: number): number {
  let end = offset;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    target[end++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    target[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[end++] = rest;
  return end;
}

/** Bytes that writeUint needs. */
export function uintSizeBytes(value: number): number {
  let sizeBytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) sizeBytes++;
  return sizeBytes;
}
