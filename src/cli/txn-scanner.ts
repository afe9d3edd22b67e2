import { UsageError } from './options.js';

/** A word of a transaction's text. Quoted ones are never flags or headings. */
export interface Word {
  /** As bytes: `"\xff"` is no text. */
  readonly bytes: Buffer;
  readonly isQuoted: boolean;
}

/** Reads one line from left to right. Failures are UsageErrors without the line's number. */
export interface LineScanner {
  /** Only blanks, or a comment, are left. */
  isAtEnd(): boolean;
  /** Takes `symbol` if it comes next. */
  take(symbol: string): boolean;
  /** Takes the next word, which ends at a blank or at one of `stops` unless it is quoted. */
  word(what: string, stops?: string): Word;
}

/**
 * Words: `plain`, `'as it is'`, or `"with \n, \t, \r, \\, \" and \x1b"`, which reads what `quorate get` prints. A `#` begins
 * a comment where a word could begin.
 */
export function scanLine(line: string): LineScanner {
  let at = 0;

  function skipBlanks(): void {
    while (at < line.length && /\s/.test(line.charAt(at))) at++;
  }

  function isAtEnd(): boolean {
    skipBlanks();
    return at >= line.length || line.charAt(at) === '#';
  }

  function quoted(quote: string): Buffer {
    const start = at;
    const parts: Buffer[] = [];
    at++;
    for (;;) {
      const character = String.fromCodePoint(line.codePointAt(at) ?? 0);
      if (at >= line.length) throw new UsageError(`the quote at column ${start + 1} is never closed`);
      at += character.length;
      if (character === quote) return Buffer.concat(parts);
      parts.push(character === '\\' && quote === '"' ? escaped() : Buffer.from(character, 'utf8'));
    }
  }

  function escaped(): Buffer {
    const letter = line.charAt(at++);
    if (letter === 'x') {
      const digits = line.slice(at, at + 2);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new UsageError('\\x needs two hexadecimal digits');
      at += 2;
      return Buffer.from(digits, 'hex');
    }
    const meaning = escapes.get(letter);
    if (meaning === undefined) throw new UsageError(`unknown escape \\${letter}; a backslash itself is \\\\`);
    return Buffer.from(meaning, 'utf8');
  }

  return {
    isAtEnd,
    take(symbol) {
      skipBlanks();
      const isNext = line.startsWith(symbol, at);
      if (isNext) at += symbol.length;
      return isNext;
    },
    word(what, stops = '') {
      if (isAtEnd()) throw new UsageError(`${what} is missing`);
      const first = line.charAt(at);
      if (first === '"' || first === "'") return { bytes: quoted(first), isQuoted: true };
      const start = at;
      while (at < line.length && !/\s/.test(line.charAt(at)) && !stops.includes(line.charAt(at))) at++;
      if (at === start) throw new UsageError(`${what} is missing before ${line.charAt(at)}`);
      return { bytes: Buffer.from(line.slice(start, at), 'utf8'), isQuoted: false };
    },
  };
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);
