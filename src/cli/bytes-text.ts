import { asBuffer, equalBytes } from '../base/index.js';
import { UsageError } from './options.js';

/** A key or value as the command line has it: text, or hexadecimal under --hex. */
export function readBytes(text: string, isHex: boolean): Uint8Array {
  if (!isHex) return Buffer.from(text, 'utf8');
  const digits = text.replace(/^0x/, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) {
    throw new UsageError(`${JSON.stringify(text)} is not hexadecimal: two digits 0-9a-f a byte`);
  }
  return Buffer.from(digits, 'hex');
}

/** All of standard input, byte for byte. */
export async function readAll(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The text of these bytes, or undefined if they are not valid UTF-8. */
export function utf8Of(bytes: Uint8Array): string | undefined {
  const text = asBuffer(bytes).toString('utf8');
  return equalBytes(Buffer.from(text, 'utf8'), bytes) ? text : undefined;
}

/**
 * Bytes on one line that cannot harm a terminal, and can be read back: printable text as it is; a backslash, a tab and a
 * line break as `\\`, `\t`, `\n`; all else, and what is no UTF-8, as `\x1b`.
 */
export function showBytes(bytes: Uint8Array, isHex: boolean): string {
  if (isHex) return asBuffer(bytes).toString('hex');
  const text = utf8Of(bytes);
  return text === undefined ? escapeEach(bytes) : escapeUnprintable(text);
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
};

function escapeUnprintable(text: string): string {
  // Controls, marks that turn the direction of text, line separators, and what is not assigned or private.
  return text.replace(/[\\\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    return shortEscapes[character] ?? hexEscapes(Buffer.from(character, 'utf8'));
  });
}

/** Byte by byte: letters that happen to be in between stay readable. */
function escapeEach(bytes: Uint8Array): string {
  let shown = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    const isPrintable = byte >= 0x20 && byte < 0x7f && character !== '\\';
    shown += isPrintable ? character : (shortEscapes[character] ?? hexEscapes(Uint8Array.of(byte)));
  }
  return shown;
}

function hexEscapes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
