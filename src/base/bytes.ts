/**
 * A key as a latin-1 string: one character a byte, so that JavaScript's string order is byte order and V8 stores
 * one byte a character. Never text: a UTF-8 key of two bytes has two characters here.
 */
export type Key = string;

export const emptyBytes: Uint8Array = new Uint8Array(0);

/** The same memory as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function keyOf(bytes: Uint8Array): Key {
  return asBuffer(bytes).toString('latin1');
}

export function bytesOfKey(key: Key): Buffer {
  return Buffer.from(key, 'latin1');
}

/** The key that a person types: UTF-8 text. */
export function keyOfText(text: string): Key {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Writes a whole number below 2^53 as eight bytes, most significant first, so that byte order is number order. */
export function writeUint64(target: Buffer, value: number, offset: number): void {
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset);
  target.writeUInt32BE(value % 0x1_0000_0000, offset + 4);
}

/** Reads what writeUint64 wrote. */
export function readUint64(source: Buffer, offset: number): number {
  return source.readUInt32BE(offset) * 0x1_0000_0000 + source.readUInt32BE(offset + 4);
}
