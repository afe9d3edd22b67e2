import { QuorateError } from '../../base/index.js';
import type { PartialMessages } from '../message-reader.js';

/** JSON that cannot be read: where it is wrong. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Takes the JSON values of a body apart as it arrives: they may follow each other with or without space between them. */
export interface JsonValues {
  /** The values that are whole now. Errors: JsonError; `too-many-requests` when too much is on its way. */
  push(text: string): readonly unknown[];
  /** No more comes. Errors: JsonError when a value is left unfinished. */
  end(): readonly unknown[];
  /** The body is over, whole or not. */
  release(): void;
}

/** Whole numbers of up to so many digits are exact in JavaScript. */
const exactDigits = 15;
/** Lists and objects within each other: a request has a few, a transaction within a transaction three for each. */
const depthMax = 300;
/** Of them all in one request. Each is an object, many times its two characters. */
const containersMax = 10_000;
/** Pieces that are not put together yet. */
const partsMax = 1000;

/**
 * Whole numbers that JavaScript cannot hold come as strings, which the mapping of 64-bit fields takes as well: lease ids
 * use all 64 bits. Each character is looked at once, in however many pieces the body comes.
 */
export function createJsonValues(sizeMax: number, partial: PartialMessages): JsonValues {
  /** Of the value that has begun: what came before the latest piece. */
  let parts: string[] = [];
  let partsSize = 0;
  let depth = 0;
  let containers = 0;
  let inString = false;
  let escaped = false;

  /** Where the value that is at `from` of the latest piece, or goes on there, ends; −1 if not in this piece. */
  function endOfValue(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const character = text.charAt(at);
      if (inString) {
        if (escaped) escaped = false;
        else if (character === '\\') escaped = true;
        else if (character === '"') inString = false;
        if (!inString && depth === 0) return at + 1;
      } else if (character === '"') {
        inString = true;
      } else if (character === '{' || character === '[') {
        open();
      } else if (character === '}' || character === ']') {
        depth--;
        if (depth <= 0) return at + 1;
      } else if (depth === 0 && isBetweenValues(character)) {
        return at; // After a bare word or number; none is a request, and parsing says so.
      }
    }
    return -1;
  }

  function open(): void {
    depth++;
    containers++;
    if (depth > depthMax) throw new JsonError(`the request is nested more than ${depthMax} deep`);
    if (containers > containersMax)
      throw new JsonError(`the request has more than ${containersMax} lists and objects`);
  }

  function keep(part: string): void {
    if (partsSize + part.length > sizeMax) throw tooLarge(sizeMax);
    parts.push(part);
    partsSize += part.length;
    partial.add(part.length);
    if (partial.isFull) throw new QuorateError('too-many-requests');
    if (parts.length > partsMax) parts = [parts.join('')];
  }

  function release(): string {
    const text = parts.join('');
    partial.add(-partsSize);
    parts = [];
    partsSize = 0;
    return text;
  }

  function take(): unknown {
    depth = 0;
    containers = 0;
    return parse(release());
  }

  return {
    push(text) {
      const values: unknown[] = [];
      for (let from = 0; from < text.length;) {
        if (partsSize === 0) from = skipSpace(text, from);
        const end = endOfValue(text, from);
        keep(text.slice(from, end < 0 ? undefined : end));
        if (end < 0) break;
        values.push(take());
        from = end;
      }
      return values;
    },
    end() {
      if (depth > 0 || inString) throw new JsonError('the request ends within a value');
      return partsSize === 0 ? [] : [take()];
    },
    release: () => void release(),
  };
}

function isBetweenValues(character: string): boolean {
  return character === ',' || isSpace(character);
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charAt(at))) at++;
  return at;
}

function tooLarge(sizeMax: number): JsonError {
  return new JsonError(`the request is larger than ${sizeMax} characters`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(quoteLongNumbers(text));
  } catch (error) {
    throw new JsonError(error instanceof Error ? error.message : 'malformed JSON', { cause: error });
  }
}

/**
 * Strings first, so that what looks like a number within one is passed over. Of whole values only: in one whose string
 * does not end, each quote would be tried as a beginning.
 */
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;

function quoteLongNumbers(text: string): string {
  return text.replace(stringOrNumber, (token) =>
    token.length > exactDigits && /^-?\d+$/.test(token) ? `"${token}"` : token,
  );
}
