import { depthMax, textOf } from './datum.js';
import type { Datum } from './datum.js';
import { FormatError, lineOf } from './format-error.js';

export interface Form {
  readonly datum: Datum;
  readonly line: number;
}

/**
 * The forms of a text in EDN, one after the other; if all of it is one vector or list, what that holds. Errors: FormatError with the line.
 */
export function readEdn(text: string): readonly Form[] {
  const reader = createReader(text);
  const forms: Form[] = [];
  const opening = reader.peek();
  const close = opening === '[' ? ']' : opening === '(' ? ')' : null;
  if (close === null) {
    while (reader.peek() !== null) forms.push(reader.form());
    return forms;
  }
  reader.skip();
  for (let next = reader.peek(); next !== close; next = reader.peek()) {
    if (next === null) throw new FormatError(lineOf(reader.line()), `the file ends before its \`${close}\``);
    forms.push(reader.form());
  }
  reader.skip();
  if (reader.peek() !== null)
    throw new FormatError(lineOf(reader.line()), 'something stands behind the end of the history');
  return forms;
}

/** The first form of a text, which may go on behind it. */
export function readEdnPrefix(text: string, where: string): Datum {
  try {
    return createReader(text).form().datum;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(where, error.message.slice(error.where.length + 2));
  }
}

interface Reader {
  /** The next character that means something; null: there is none. */
  peek(): string | null;
  /** Steps over it. */
  skip(): void;
  line(): number;
  form(): Form;
}

const space = /[\s,]/;
const ending = /[\s,()[\]{}"';]/;
const escapes: Readonly<Record<string, string>> = {
  t: '\t',
  r: '\r',
  n: '\n',
  '\\': '\\',
  '"': '"',
  b: '\b',
  f: '\f',
};
const characters: Readonly<Record<string, string>> = { newline: '\n', return: '\r', space: ' ', tab: '\t' };

function createReader(text: string): Reader {
  let at = 0;
  /** Lines are counted up to here. */
  let counted = 0;
  let line = 1;

  function lineNow(): number {
    for (; counted < at; counted++) if (text[counted] === '\n') line += 1;
    return line;
  }

  const fail = (what: string): FormatError => new FormatError(lineOf(lineNow()), what);

  function peek(): string | null {
    for (; at < text.length; at++) {
      const character = text[at] ?? '';
      if (character === ';') {
        while (at < text.length && text[at] !== '\n') at += 1;
      } else if (character === '#' && text[at + 1] === '_') {
        at += 2;
        read(0);
        at -= 1;
      } else if (!space.test(character)) return character;
    }
    return null;
  }

  function read(depth: number): Datum {
    if (depth > depthMax) throw fail(`nested deeper than ${depthMax}`);
    const next = peek();
    switch (next) {
      case null:
        throw fail('the file ends where a value is expected');
      case '[':
        return readList(']', depth);
      case '(':
        return readList(')', depth);
      case '{':
        return readMap(depth);
      case '"':
        return readString();
      case '\\':
        return readCharacter();
      case '#':
        return readDispatch(depth);
      case '^':
        // What is told about the next value.
        at += 1;
        read(depth + 1);
        return read(depth + 1);
      case ')':
      case ']':
      case '}':
        throw fail(`an unexpected \`${next}\``);
      default:
        return readAtom();
    }
  }

  function readList(close: string, depth: number): readonly Datum[] {
    const items: Datum[] = [];
    at += 1;
    for (let next = peek(); next !== close; next = peek()) {
      if (next === null) throw fail(`the file ends before a \`${close}\``);
      items.push(read(depth + 1));
    }
    at += 1;
    return items;
  }

  function readMap(depth: number): Datum {
    const items = readList('}', depth);
    if (items.length % 2 === 1) throw fail(`a map with a key and no value: ${textOf(items.at(-1) ?? null)}`);
    const entries: [Datum, Datum][] = [];
    for (let place = 0; place < items.length; place += 2)
      entries.push([items[place] ?? null, items[place + 1] ?? null]);
    return { entries };
  }

  function readString(): string {
    let value = '';
    for (at += 1; at < text.length; at++) {
      const character = text[at] ?? '';
      if (character === '"') {
        at += 1;
        return value;
      }
      if (character !== '\\') {
        value += character;
        continue;
      }
      at += 1;
      const escape = text[at] ?? '';
      if (escape === 'u') {
        value += String.fromCharCode(Number.parseInt(text.slice(at + 1, at + 5), 16));
        at += 4;
      } else {
        const known = escapes[escape];
        if (known === undefined) throw fail(`an unknown escape \`\\${escape}\` in a string`);
        value += known;
      }
    }
    throw fail('a string without an end');
  }

  function readCharacter(): string {
    const name = token(1);
    return characters[name] ?? name;
  }

  /** `#{…}` is a set; `#tag value` is the value. */
  function readDispatch(depth: number): Datum {
    at += 1;
    if (text[at] === '{') return readList('}', depth);
    if (text[at] === '"') return readString();
    token(0);
    return read(depth + 1);
  }

  /** Up to where it ends; the first `least` characters belong to it whatever they are. */
  function token(least: number): string {
    const start = at + least;
    at = start + least;
    while (at < text.length && !ending.test(text[at] ?? '')) at += 1;
    return text.slice(start, at);
  }

  function readAtom(): Datum {
    const word = token(0);
    if (word === '') throw fail(`an unexpected \`${text[at] ?? ''}\``);
    if (word === 'nil') return null;
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (/^[+-]?\d+N?$/.test(word)) {
      const digits = word.replace(/N$/, '');
      const number = Number(digits);
      return Number.isSafeInteger(number) ? number : BigInt(digits.replace(/^\+/, ''));
    }
    if (/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?M?$/.test(word)) return Number(word.replace(/M$/, ''));
    return word;
  }

  return {
    peek,
    skip: () => void (at += 1),
    line: lineNow,
    form() {
      peek();
      const begin = lineNow();
      return { datum: read(0), line: begin };
    },
  };
}
