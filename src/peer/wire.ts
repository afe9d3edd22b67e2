import { asBuffer } from '../base/index.js';

/**
 * Reading and writing protobuf's wire format by hand, for the messages that pass thousands of times a second. Numbers
 * are plain JavaScript numbers below 2^53: the generated code would make an object of each 64-bit one.
 *
 * Sizes are computed first, so that a batch is written once, into memory of exactly its size.
 */

/** Bytes of a peer that do not decode, or lie. Expected: whoever reads them cuts the stream. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
export const wireFixed32 = 5;

export function sizeOfVarint(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  if (value < 2 ** 21) return 3;
  if (value < 2 ** 28) return 4;
  if (value < 2 ** 35) return 5;
  if (value < 2 ** 42) return 6;
  return value < 2 ** 49 ? 7 : 8;
}

/** Of a field with a tag of one byte: field numbers 1 to 15, as all of ours are. Zero is left out, as proto3 does. */
export function sizeOfNumberField(value: number): number {
  return value === 0 ? 0 : 1 + sizeOfVarint(value);
}

export function sizeOfBytesField(length: number): number {
  return 1 + sizeOfVarint(length) + length;
}

export class WireWriter {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** The whole, which must have been filled exactly. */
  finish(): Buffer {
    if (this.#offset !== this.#bytes.length)
      throw new RangeError('a message filled exactly the size computed for it');
    return this.#bytes;
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x8000_0000) {
      this.#bytes[this.#offset++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#bytes[this.#offset++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#offset++] = rest;
  }

  numberField(field: number, value: number): void {
    if (value === 0) return;
    this.#bytes[this.#offset++] = field << 3;
    this.varint(value);
  }

  fixed32Field(field: number, value: number): void {
    this.#bytes[this.#offset++] = (field << 3) | wireFixed32;
    this.#offset = this.#bytes.writeUInt32LE(value, this.#offset);
  }

  /** The head of a field that holds bytes or a message; its content must follow. */
  lengthField(field: number, length: number): void {
    this.#bytes[this.#offset++] = (field << 3) | wireBytes;
    this.varint(length);
  }

  bytesField(field: number, value: Uint8Array): void {
    this.lengthField(field, value.length);
    this.#bytes.set(value, this.#offset);
    this.#offset += value.length;
  }

  /** For ids: latin-1, one byte a character. */
  idField(field: number, value: string): void {
    this.lengthField(field, value.length);
    this.#offset += this.#bytes.write(value, this.#offset, 'latin1');
  }
}

/**
 * Reads one message, and those within it one after the other: `enter` narrows the reader to a message in a field,
 * `leave` widens it again to what is around. Bytes come out as views of what came in: nothing is copied, and the whole
 * stays in memory with them.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #end: number;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
    this.#end = bytes.length;
  }

  get done(): boolean {
    return this.#offset >= this.#end;
  }

  /** A whole number of 0 … 2^53 − 1. */
  varint(): number {
    let byte = this.#byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    byte = this.#byte();
    if (byte < 128) return value | (byte << 7);
    value |= (byte & 127) << 7;
    let scale = 2 ** 14;
    for (let count = 2; count < 10; count++) {
      byte = this.#byte();
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new ProtocolError('a number is beyond 2^53');
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new ProtocolError('a number does not end');
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  bytes(): Buffer {
    const length = this.varint();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Answers what `leave` needs. Between the two `done` is that of the inner message, which must be read to its end. */
  enter(): number {
    const length = this.varint();
    const outerEnd = this.#end;
    if (length > outerEnd - this.#offset) throw new ProtocolError('a message ends early');
    this.#end = this.#offset + length;
    return outerEnd;
  }

  leave(outerEnd: number): void {
    this.#end = outerEnd;
  }

  id(lengthMax: number): string {
    const length = this.varint();
    if (length > lengthMax) throw new ProtocolError('an id is too long');
    const start = this.#advance(length);
    return this.#bytes.toString('latin1', start, start + length);
  }

  /** Passes over a field that this version does not know. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireVarint:
        this.#skipVarint();
        return;
      case wireFixed64:
        this.#advance(8);
        return;
      case wireBytes:
        this.#advance(this.varint());
        return;
      case wireFixed32:
        this.#advance(4);
        return;
      default:
        throw new ProtocolError('a field has an unknown wire type');
    }
  }

  #byte(): number {
    if (this.#offset >= this.#end) throw new ProtocolError('a message ends early');
    return this.#bytes[this.#offset++] ?? 0;
  }

  #skipVarint(): void {
    for (let count = 0; count < 10; count++) if (this.#byte() < 128) return;
    throw new ProtocolError('a number does not end');
  }

  #advance(length: number): number {
    const start = this.#offset;
    if (length > this.#end - start) throw new ProtocolError('a message ends early');
    this.#offset = start + length;
    return start;
  }
}
