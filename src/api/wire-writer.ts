import { assert } from '../base/index.js';

const keptSizeBytesMax = 1024 * 1024;

/**
 * Writes protobuf back to front, into one buffer that is used again and again: the length of a message is known once
 * its content stands, so nothing is measured beforehand and nothing is moved afterwards. So a message is written from
 * its last field to its first, and a list from its last element.
 *
 * Zero values are left out, as proto3 has it. `tag` is field number × 8 + wire type, below 128.
 *
 *     const end = writer.mark();
 *     writer.number(0x20, term);
 *     writer.number(0x18, revision);
 *     writer.message(0x0a, end); // field 1: a message of these two
 */
export interface WireWriter {
  /** Begins a message: everything in it is written after this and before its `message` or `finish`. */
  mark(): number;
  /** Ends the message that began at the mark. */
  message(tag: number, mark: number): void;
  /** A whole number of up to 53 bits, as int64, uint64 or uint32. */
  number(tag: number, value: number): void;
  /** All 64 bits, signed or not. */
  bigint(tag: number, value: bigint): void;
  boolean(tag: number, value: boolean): void;
  bytes(tag: number, value: Uint8Array): void;
  /** A latin-1 string as bytes. */
  latin1(tag: number, value: string): void;
  /** Text as UTF-8. Written even when empty, as an element of a list has to be. */
  text(tag: number, value: string): void;
  /** Bytes as they are: fields that were encoded before. */
  raw(encoded: Uint8Array): void;
  /** Bytes as they are, one piece after another, which are not copied. */
  splice(pieces: readonly Buffer[]): void;
  /** All that was written, as a buffer of its own; the next message starts afresh. */
  finish(): Buffer;
  /** The same where something was spliced in: what was written around it, and that. */
  finishPieces(): Buffer | readonly Buffer[];
}

export function createWireWriter(): WireWriter {
  let buffer = Buffer.allocUnsafeSlow(16 * 1024);
  let position = buffer.length;
  /** What follows what is being written: spliced pieces, and what was written between them. */
  let following: Buffer[] = [];
  let followingSizeBytes = 0;

  /** Makes room before what stands already. */
  function reserve(sizeBytes: number): void {
    if (sizeBytes <= position) return;
    const used = buffer.length - position;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, used + sizeBytes));
    buffer.copy(larger, larger.length - used, position);
    position = larger.length - used;
    buffer = larger;
  }

  function putVarint(value: number): void {
    const size = varintSizeBytes(value);
    reserve(size);
    position -= size;
    let rest = value;
    let at = position;
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 0x80;
    for (; rest > 127; rest >>>= 7) buffer[at++] = (rest & 127) | 0x80;
    buffer[at] = rest;
  }

  function putBigVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 0x80);
    bytes.push(Number(rest));
    reserve(bytes.length);
    position -= bytes.length;
    buffer.set(bytes, position);
  }

  function putTag(tag: number): void {
    reserve(1);
    buffer[--position] = tag;
  }

  function bigint(tag: number, value: bigint): void {
    if (value === 0n) return;
    if (value > 0n && value < 0x20_0000_0000_0000n) putVarint(Number(value));
    else putBigVarint(value);
    putTag(tag);
  }

  function sizeBytes(): number {
    return buffer.length - position + followingSizeBytes;
  }

  function finish(): Buffer {
    // What is large is handed over as it is, unless half of it would be for nothing.
    const handsOver = buffer.length > keptSizeBytesMax && position < buffer.length / 2;
    const written = handsOver ? buffer.subarray(position) : Buffer.from(buffer.subarray(position));
    if (buffer.length > keptSizeBytesMax) buffer = Buffer.allocUnsafeSlow(16 * 1024);
    position = buffer.length;
    return written;
  }

  return {
    mark: sizeBytes,
    message(tag, mark) {
      putVarint(sizeBytes() - mark);
      putTag(tag);
    },
    number(tag, value) {
      if (value === 0) return;
      if (value < 0) putBigVarint(BigInt(value));
      else putVarint(value);
      putTag(tag);
    },
    bigint,
    boolean(tag, value) {
      if (!value) return;
      putVarint(1);
      putTag(tag);
    },
    bytes(tag, value) {
      if (value.length === 0) return;
      reserve(value.length);
      position -= value.length;
      buffer.set(value, position);
      putVarint(value.length);
      putTag(tag);
    },
    latin1(tag, value) {
      if (value.length === 0) return;
      reserve(value.length);
      position -= value.length;
      buffer.write(value, position, 'latin1');
      putVarint(value.length);
      putTag(tag);
    },
    text(tag, value) {
      const size = Buffer.byteLength(value, 'utf8');
      reserve(size);
      position -= size;
      buffer.write(value, position, 'utf8');
      putVarint(size);
      putTag(tag);
    },
    raw(encoded) {
      reserve(encoded.length);
      position -= encoded.length;
      buffer.set(encoded, position);
    },
    splice(pieces) {
      const written = finish();
      following = [...pieces, written, ...following];
      followingSizeBytes += pieces.reduce((sum, { length }) => sum + length, written.length);
    },
    finish() {
      assert(following.length === 0, 'what was spliced in is finished in pieces');
      return finish();
    },
    finishPieces() {
      const first = finish();
      if (following.length === 0) return first;
      const pieces = [first, ...following].filter(({ length }) => length > 0);
      following = [];
      followingSizeBytes = 0;
      return pieces;
    },
  };
}

function varintSizeBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  let size = 4;
  for (let limit = 0x1000_0000; value >= limit; limit *= 128) size++;
  return size;
}
