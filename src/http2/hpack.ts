import { decodeHuffman } from './huffman.js';

/** What the client sent as headers, in its order; the values of a name that comes twice are joined by commas. */
export type Headers = ReadonlyMap<string, string>;

/** A header block that cannot be read; the connection cannot go on. */
export class CompressionError extends Error {
  override readonly name = 'CompressionError';
}

/** Reads header blocks (RFC 7541). One for each connection: blocks build on those before them. */
export interface HeaderDecoder {
  /**
   * Null: the headers are larger than allowed, and only what later blocks build on was taken from them. Throws a
   * CompressionError.
   */
  decode(block: Buffer): Headers | null;
}

interface Field {
  readonly name: string;
  readonly value: string;
  readonly sizeBytes: number;
}

/** RFC 7541, 4.1. */
const fieldOverheadBytes = 32;
/** What a client may use without being told of another; also what it may not exceed. */
const tableSizeBytesMax = 4096;
/** An index or a length beyond this is nonsense in any block. */
const integerMax = 2 ** 28;

/** RFC 7541, appendix A, from 1 on: names, and the values of those that have one. */
const staticFields: readonly Field[] = [
  ':authority',
  ':method GET',
  ':method POST',
  ':path /',
  ':path /index.html',
  ':scheme http',
  ':scheme https',
  ':status 200',
  ':status 204',
  ':status 206',
  ':status 304',
  ':status 400',
  ':status 404',
  ':status 500',
  'accept-charset',
  'accept-encoding gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
].map((text) => {
  const end = text.indexOf(' ');
  return end < 0 ? fieldOf(text, '') : fieldOf(text.slice(0, end), text.slice(end + 1));
});

function fieldOf(name: string, value: string): Field {
  return { name, value, sizeBytes: name.length + value.length + fieldOverheadBytes };
}

export function createHeaderDecoder(headersSizeBytesMax: number): HeaderDecoder {
  return new Decoder(headersSizeBytesMax);
}

class Decoder implements HeaderDecoder {
  readonly #headersSizeBytesMax: number;
  /** The newest last; index 62 is the newest. */
  #table: Field[] = [];
  #tableSizeBytes = 0;
  #tableSizeBytesMax = tableSizeBytesMax;
  /** Most calls of a connection have the same headers: the block of then, if it changed nothing, and what it said. */
  #lastBlock: Buffer | null = null;
  #lastHeaders: Headers | null = null;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(headersSizeBytesMax: number) {
    this.#headersSizeBytesMax = headersSizeBytesMax;
  }

  decode(block: Buffer): Headers | null {
    if (this.#lastBlock !== null && this.#lastBlock.equals(block)) return this.#lastHeaders;
    this.#block = block;
    this.#at = 0;
    const headers = new Map<string, string>();
    let sizeBytes = 0;
    let isPlain = true;
    while (this.#at < block.length) {
      const first = this.#block[this.#at] ?? 0;
      let field: Field;
      if ((first & 0x80) !== 0) {
        field = this.#fieldAt(this.#integer(7));
      } else if ((first & 0xe0) === 0x20) {
        if (headers.size > 0) throw new CompressionError('a change of the table size within a block');
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
      sizeBytes += field.sizeBytes;
      if (sizeBytes > this.#headersSizeBytesMax) continue;
      const before = headers.get(field.name);
      headers.set(field.name, before === undefined ? field.value : `${before},${field.value}`);
    }
    const result = sizeBytes > this.#headersSizeBytesMax ? null : headers;
    this.#lastBlock = isPlain && result !== null ? Buffer.from(block) : null;
    this.#lastHeaders = result;
    return result;
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
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#block[this.#at++];
      if (byte === undefined) throw new CompressionError('an integer that does not end');
      value += (byte & 0x7f) * factor;
      if (value > integerMax) throw new CompressionError('an integer that is too large');
      if ((byte & 0x80) === 0) return value;
    }
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
