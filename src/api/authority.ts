/**
 * Clients of etcd 3.4 that are given an address as a URL, `etcdctl endpoint status --cluster` above all, send the URL
 * where HTTP/2 wants its host and port: `:authority: http://127.0.0.1:2379`. Go's servers let that pass, Node's refuse the
 * call, and there is no setting for it. So the slashes become dots before Node sees them. Nothing reads the authority.
 *
 * It is enough to do so in a connection's first header block: the value enters the compression's table there, and later
 * calls refer to it. The value keeps its length, for lengths are what both sides reckon the table's size by.
 */
export function repairAuthority(headersFrame: Buffer): Buffer {
  const flags = headersFrame.readUInt8(4);
  const isWhole = (flags & frameFlags.endHeaders) !== 0 && (flags & frameFlags.padded) === 0;
  if (!isWhole) return headersFrame;
  const blockAt = frameHeaderSizeBytes + ((flags & frameFlags.priority) !== 0 ? 5 : 0);
  const value = findAuthority(headersFrame, blockAt);
  if (value === null || !value.text.includes('/') || value.text.length >= 127) return headersFrame;
  const repaired = Buffer.concat([
    headersFrame.subarray(0, value.from),
    Buffer.of(value.text.length),
    Buffer.from(value.text.replaceAll('/', '.'), 'latin1'),
    headersFrame.subarray(value.to),
  ]);
  repaired.writeUIntBE(repaired.length - frameHeaderSizeBytes, 0, 3);
  return repaired;
}

export const frameHeaderSizeBytes = 9;
const frameFlags = { endHeaders: 0x4, padded: 0x8, priority: 0x20 };
/** The place of `:authority` in HPACK's static table (RFC 7541, appendix A). */
const authorityIndex = 1;

/** A string as it stands in a header block: `from` is the place of its length, `to` the place behind it. */
interface Literal {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The literal value of `:authority` in a header block (RFC 7541, section 6); null if there is none that we can read. */
function findAuthority(frame: Buffer, blockAt: number): Literal | null {
  let at = blockAt;
  while (at < frame.length) {
    const first = frame.readUInt8(at);
    if (first >= 0x80 || (first & 0xe0) === 0x20) {
      at = readInteger(frame, at, first >= 0x80 ? 7 : 5).to; // From the table, or a change of its size.
      continue;
    }
    const name = readInteger(frame, at, first >= 0x40 ? 6 : 4);
    at = name.value === 0 ? endOfString(frame, name.to) : name.to;
    const to = endOfString(frame, at);
    if (to > frame.length) return null;
    if (name.value === authorityIndex) {
      const text = readString(frame, at);
      return text === null ? null : { from: at, to, text };
    }
    at = to;
  }
  return null;
}

/** HPACK's integers begin in the low bits of a byte. Out of the frame they read as its end. */
function readInteger(
  frame: Buffer,
  at: number,
  prefixBits: number,
): { readonly value: number; readonly to: number } {
  const largest = (1 << prefixBits) - 1;
  const prefix = (frame[at] ?? 0) & largest;
  if (prefix < largest) return { value: prefix, to: at + 1 };
  let value = largest;
  for (let index = 1; index <= 4; index++) {
    const byte = frame[at + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * (index - 1));
    if (byte < 0x80) return { value, to: at + index + 1 };
  }
  return { value, to: frame.length + 1 };
}

function endOfString(frame: Buffer, at: number): number {
  const { value, to } = readInteger(frame, at, 7);
  return to + value;
}

function readString(frame: Buffer, at: number): string | null {
  const { value, to } = readInteger(frame, at, 7);
  const bytes = frame.subarray(to, to + value);
  const isCompressed = (frame.readUInt8(at) & 0x80) !== 0;
  return isCompressed ? decodeHuffman(bytes) : bytes.toString('latin1');
}

/**
 * HPACK's Huffman code (RFC 7541, appendix B) up to 13 bits, which is more than authorities are made of. The code is canonical:
 * the characters of a length, in order, have successive codes.
 */
const huffmanGroups = [
  { bits: 5, first: 0x00, characters: '012aceiost' },
  { bits: 6, first: 0x14, characters: ' %-./3456789=A_bdfghlmnpru' },
  { bits: 7, first: 0x5c, characters: ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz' },
  { bits: 8, first: 0xf8, characters: '&*,;XZ' },
  { bits: 10, first: 0x3f8, characters: '!"()?' },
  { bits: 11, first: 0x7fa, characters: "'+|" },
  { bits: 12, first: 0xffa, characters: '#>' },
  { bits: 13, first: 0x1ff8, characters: '\0$@[]~' },
];

/** Null if there is a character of a longer code. */
function decodeHuffman(bytes: Buffer): string | null {
  let text = '';
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      bits++;
      const group = huffmanGroups.find((one) => one.bits === bits);
      const character = group?.characters[code - group.first];
      if (character !== undefined) {
        text += character;
        code = 0;
        bits = 0;
      } else if (bits > 13) return null;
    }
  }
  // What is left is padding: up to seven ones.
  return bits < 8 && code === 2 ** bits - 1 ? text : null;
}
