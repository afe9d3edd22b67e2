import { decodeHuffman } from './huffman.js';
import { staticTable } from './static-table.js';

/** What the client sent as headers, in its order; the values of a name that comes twice are joined by commas. */
export type Headers = ReadonlyMap<string, string>;

/** A header block that cannot be read; the connection cannot go on. */
export class CompressionError extends Error {
  override readonly name = 'CompressionError';
}

/** Reads header blocks (RFC 7541). One for each connection: blocks build on those before them. */
export interface HeaderDecoder {
  /**
   * The headers; null when they are none of HTTP/2, and `problem` says why. The connection can go on then, for what later
   * blocks build on was taken from them. Throws a CompressionError.
   */
  decode(block: Buffer): Headers | null;
  /** Of the last block. `malformed`: see RFC 9113, 8.2 and 8.3. */
  readonly problem: 'too-large' | 'malformed' | null;
}

interface Field {
  readonly name: string;
  readonly value: string;
  readonly sizeBytes: number;
  /** No request and no trailers may have it. */
  readonly isMalformed: boolean;
}

/** RFC 7541, 4.1. */
const fieldOverheadBytes = 32;
/** What a client may use without being told of another; also what it may not exceed. */
const tableSizeBytesMax = 4096;
/** An index or a length beyond this is nonsense in any block, and so are more bytes than it takes to say it. */
const integerMax = 2 ** 28;
const integerSizeBytesMax = 4;

const namePattern = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;
const pseudoHeaders: ReadonlySet<string> = new Set([':method', ':scheme', ':path', ':authority', ':status']);
const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

const staticFields: readonly Field[] = staticTable.map((text) => {
  const end = text.indexOf(' ');
  return end < 0 ? fieldOf(text, '') : fieldOf(text.slice(0, end), text.slice(end + 1));
});

function fieldOf(name: string, value: string): Field {
  const sizeBytes = name.length + value.length + fieldOverheadBytes;
  return { name, value, sizeBytes, isMalformed: isMalformed(name, value) };
}

/** Of one header by itself (RFC 9113, 8.2.1, 8.2.2 and 8.3.1). Spaces around a value are let pass, as gRPC allows it. */
function isMalformed(name: string, value: string): boolean {
  if (!namePattern.test(name) || !valuePattern.test(value)) return true;
  if (name === 'te') return value.toLowerCase() !== 'trailers';
  return isPseudo(name) ? !pseudoHeaders.has(name) : connectionHeaders.has(name);
}

function isPseudo(name: string): boolean {
  return name.charCodeAt(0) === 0x3a;
}

export function createHeaderDecoder(headersSizeBytesMax: number): HeaderDecoder {
  return new Decoder(headersSizeBytesMax);
}

class Decoder implements HeaderDecoder {
  problem: 'too-large' | 'malformed' | null = null;
  readonly #headersSizeBytesMax: number;
  /** The newest last; index 62 is the newest. */
  #table: Field[] = [];
  #tableSizeBytes = 0;
  #tableSizeBytesMax = tableSizeBytesMax;
  /** Most calls of a connection have the same headers: the block of then, if it changed nothing, and what it said. */
  #lastBlock: Buffer | null = null;
  #lastHeaders: Headers = new Map();
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(headersSizeBytesMax: number) {
    this.#headersSizeBytesMax = headersSizeBytesMax;
  }

  decode(block: Buffer): Headers | null {
    // Such a block had no problem, and none came since.
    if (this.#lastBlock !== null && this.#lastBlock.equals(block)) return this.#lastHeaders;
    this.#block = block;
    this.#at = 0;
    const headers = new Map<string, string>();
    let sizeBytes = 0;
    let isPlain = true;
    let isMalformed = false;
    let isPastPseudo = false;
    let hasFields = false;
    while (this.#at < block.length) {
      const first = this.#block[this.#at] ?? 0;
      let field: Field;
      if ((first & 0x80) !== 0) {
        field = this.#fieldAt(this.#integer(7));
      } else if ((first & 0xe0) === 0x20) {
        if (hasFields) throw new CompressionError('a change of the table size within a block');
        this.#resize(this.#integer(5));
        isPlain = false;
        continue;
      } else {
        const isKept = (first & 0x40) !== 0;
        const index = this.#integer(isKept ? 6 : 4);
        const name = index === 0 ? this.#string() : this.#fieldAt(index).name;
        field = fieldOf(name, this.#string());
        if (isKept) {
          this.#keep(field);
          isPlain = false;
        }
      }
      hasFields = true;
      sizeBytes += field.sizeBytes;
      if (sizeBytes > this.#headersSizeBytesMax) continue;
      const { name, value } = field;
      const before = headers.get(name);
      // Pseudo-headers come first, and once.
      if (!isPseudo(name)) isPastPseudo = true;
      else if (isPastPseudo || before !== undefined) isMalformed = true;
      if (field.isMalformed) isMalformed = true;
      headers.set(name, before === undefined ? value : `${before},${value}`);
    }
    this.problem = sizeBytes > this.#headersSizeBytesMax ? 'too-large' : isMalformed ? 'malformed' : null;
    const hasNone = this.problem === null;
    this.#lastBlock = isPlain && hasNone ? Buffer.from(block) : null;
    this.#lastHeaders = headers;
    return hasNone ? headers : null;
  }

  #fieldAt(index: number): Field {
    const field =
      index <= staticFields.length
        ? staticFields[index - 1]
        : this.#table[this.#table.length - (index - staticFields.length)];
    if (field === undefined) throw new CompressionError(`there is no header ${index} in the table`);
    return field;
  }

  #keep(field: Field): void {
    this.#table.push(field);
    this.#tableSizeBytes += field.sizeBytes;
    this.#evict();
  }

  #resize(sizeBytes: number): void {
    if (sizeBytes > tableSizeBytesMax) throw new CompressionError('a table larger than allowed');
    this.#tableSizeBytesMax = sizeBytes;
    this.#evict();
  }

  #evict(): void {
    let gone = 0;
    while (this.#tableSizeBytes > this.#tableSizeBytesMax) {
      this.#tableSizeBytes -= this.#table[gone]?.sizeBytes ?? this.#tableSizeBytes;
      gone += 1;
    }
    if (gone > 0) this.#table = this.#table.slice(gone);
  }

  /** RFC 7541, 5.1. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (this.#block[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    // Bounded by its bytes, too: zeros without end would make the factor infinite, and the value no number.
    for (let size = 0, factor = 1; size < integerSizeBytesMax; size++, factor *= 128) {
      const byte = this.#block[this.#at++];
      if (byte === undefined) throw new CompressionError('an integer that does not end');
      value += (byte & 0x7f) * factor;
      if ((byte & 0x80) !== 0) continue;
      if (value > integerMax) break;
      return value;
    }
    throw new CompressionError('an integer that is too large');
  }

  #string(): string {
    const isHuffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    if (this.#at >= this.#block.length) throw new CompressionError('a header without a value');
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > this.#block.length) throw new CompressionError('a string longer than its block');
    this.#at = to;
    if (!isHuffman) return this.#block.toString('latin1', from, to);
    const text = decodeHuffman(this.#block, from, to);
    if (text === null) throw new CompressionError('a string that is not Huffman coded');
    return text;
  }
}

// --- Writing ----------------------------------------------------------------------------------------------------------

const status200 = 8;
const statusName = 8;
const contentTypeName = 31;

/**
 * A header block that builds on no other, so that it can be made once and sent often. Names are in lower case; the first is
 * `:status` if there is one.
 */
export function encodeHeaders(headers: readonly (readonly [string, string])[]): Buffer {
  const parts: number[] = [];
  for (const [name, value] of headers) {
    if (name === ':status' && value === '200') {
      parts.push(0x80 | status200);
      continue;
    }
    // Literal, not indexed.
    if (name === ':status') writeInteger(parts, 0, 4, statusName);
    else if (name === 'content-type') writeInteger(parts, 0, 4, contentTypeName);
    else {
      parts.push(0);
      writeString(parts, name);
    }
    writeString(parts, value);
  }
  return Buffer.from(parts);
}

function writeString(into: number[], text: string): void {
  writeInteger(into, 0, 7, text.length);
  for (let at = 0; at < text.length; at++) into.push(text.charCodeAt(at) & 0xff);
}

function writeInteger(into: number[], first: number, prefixBits: number, value: number): void {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    into.push(first | value);
    return;
  }
  into.push(first | mask);
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) into.push((rest % 128) | 0x80);
  into.push(rest);
}
