import { messageOf } from '../../../src/base/index.js';
import { datumOf } from './datum.js';
import type { Datum } from './datum.js';
import { FormatError, lineOf } from './format-error.js';

/** Operations in JSON: one on each line, or all in one array. Errors: FormatError. */
export function readJson(text: string): readonly { readonly datum: Datum; readonly where: string }[] {
  if (text.trimStart().startsWith('[')) {
    const all = parseJson(text, '');
    if (!Array.isArray(all)) throw new FormatError('', 'not an array of operations');
    return all.map((each, place) => ({ datum: datumOf(each), where: `operation ${place}` }));
  }
  return text.split('\n').flatMap((line, place) => {
    if (line.trim() === '') return [];
    const where = lineOf(place + 1);
    return [{ datum: datumOf(parseJson(line, where)), where }];
  });
}

/** Errors: FormatError, with the line where the parser stopped unless `where` is known. */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const message = messageOf(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    const line = position === undefined ? '' : lineOf(text.slice(0, Number(position)).split('\n').length);
    throw new FormatError(where === '' ? line : where, `not JSON: ${message}`);
  }
}
