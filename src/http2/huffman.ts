/**
 * The Huffman code of header strings (RFC 7541, appendix B). It is canonical: codes of one length are consecutive in the order of
 * their symbols, and follow those of the lengths before. So the lengths, in bits and by symbol, say it all.
 */
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const lengthMax = 30;
/** A string ends in up to this many one bits. */
const paddingBitsMax = 7;

/** For each length: its first code, how many there are, and where its symbols begin in `symbols`. */
const firstCodes = new Int32Array(lengthMax + 1);
const counts = new Int32Array(lengthMax + 1);
const starts = new Int32Array(lengthMax + 1);
const symbols = new Uint8Array(lengths.length);

for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
for (let length = 1, code = 0, start = 0; length <= lengthMax; length++) {
  const count = counts[length] ?? 0;
  firstCodes[length] = code;
  starts[length] = start;
  code = (code + count) << 1;
  start += count;
}
const places = Int32Array.from(starts);
for (const [symbol, length] of lengths.entries()) {
  const place = places[length] ?? 0;
  symbols[place] = symbol;
  places[length] = place + 1;
}

/** The text of the bytes in [from, to), as latin-1. Null: they are no such code. */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string | null {
  const decoded: number[] = [];
  let code = 0;
  let length = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >>> bit) & 1);
      length += 1;
      if (length > lengthMax) return null;
      const place = code - (firstCodes[length] ?? 0);
      if (place < 0 || place >= (counts[length] ?? 0)) continue;
      decoded.push(symbols[(starts[length] ?? 0) + place] ?? 0);
      code = 0;
      length = 0;
    }
  }
  if (length > paddingBitsMax || code !== (1 << length) - 1) return null;
  return String.fromCharCode(...decoded);
}
