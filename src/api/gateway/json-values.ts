/** JSON that cannot be read: where it is wrong. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Takes the JSON values of a body apart as it arrives: they may follow each other with or without space between them. */
export interface JsonValues {
  /** The values that are whole now. Errors: JsonError. */
  push(text: string): readonly unknown[];
  /** No more comes. Errors: JsonError when a value is left unfinished. */
  end(): readonly unknown[];
}

/** Whole numbers of up to so many digits are exact in JavaScript. */
const exactDigits = 15;

/**
 * Whole numbers that JavaScript cannot hold come as strings, which the mapping of 64-bit fields takes as well: lease ids
 * use all 64 bits.
 */
export function createJsonValues(sizeMax: number): JsonValues {
  let pending = '';
  /** How far `pending` has been looked at. */
  let position = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;

  /** Where the value at the front ends, or −1. */
  function endOfValue(): number {
    for (; position < pending.length; position++) {
      const character = pending.charAt(position);
      if (inString) {
        if (escaped) escaped = false;
        else if (character === '\\') escaped = true;
        else if (character === '"') inString = false;
        if (!inString && depth === 0) return position + 1;
      } else if (character === '"') {
        inString = true;
      } else if (character === '{' || character === '[') {
        depth++;
      } else if (character === '}' || character === ']') {
        depth--;
        if (depth <= 0) return position + 1;
      } else if (depth === 0 && /[\s,]/.test(character)) {
        return position; // After a bare word or number; none is a request, and parsing says so.
      }
    }
    return -1;
  }

  function take(end: number): unknown {
    if (end > sizeMax) throw tooLarge(sizeMax);
    const text = pending.slice(0, end);
    pending = pending.slice(end).trimStart();
    position = 0;
    depth = 0;
    return parse(text);
  }

  return {
    push(text) {
      pending = pending === '' ? text.trimStart() : pending + text;
      const values: unknown[] = [];
      for (let end = endOfValue(); end >= 0; end = endOfValue()) values.push(take(end));
      if (pending.length > sizeMax) throw tooLarge(sizeMax);
      return values;
    },
    end: () => (pending.trim() === '' ? [] : [take(pending.length)]),
  };
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

/** Strings first, so that what looks like a number within one is passed over. */
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;

function quoteLongNumbers(text: string): string {
  return text.replace(stringOrNumber, (token) =>
    token.length > exactDigits && /^-?\d+$/.test(token) ? `"${token}"` : token,
  );
}
