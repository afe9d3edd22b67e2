import { asBuffer } from '../base/index.js';
import type { ChangeEvent, ProgressEvent } from '../client/index.js';
import { showBytes, utf8Of } from './bytes-text.js';
import { jsonOfEntry } from './entry-text.js';
import type { Style } from './style.js';

/** An event as `--json` has it; see the topic `json`. */
export function jsonOfEvent(event: ChangeEvent | ProgressEvent): Record<string, unknown> {
  const { type, revision } = event;
  if (event.type === 'progress') return { type, revision };
  const previous = event.previous === undefined ? {} : { previous: jsonOfEntry(event.previous) };
  if (event.type === 'put') return { type, revision, entry: jsonOfEntry(event.entry), ...previous };
  const keyText = utf8Of(event.key);
  const key = asBuffer(event.key).toString('base64');
  return { type, revision, key, ...(keyText === undefined ? {} : { keyText }), ...previous };
}

/** `REVISION<tab>put<tab>KEY<tab>VALUE`, each on one line, and a line with what was before if that is known. */
export function linesOfEvent(event: ChangeEvent | ProgressEvent, isHex: boolean, style: Style): string {
  const { revision } = event;
  if (event.type === 'progress') return `${revision}\t${style.dim('progress')}\n`;
  const before = event.previous === undefined ? '' : `before: ${showBytes(event.previous.value, isHex)}\n`;
  const key = showBytes(event.key, isHex);
  if (event.type === 'delete') return `${revision}\t${style.red('delete')}\t${key}\n${before}`;
  return `${revision}\t${style.green('put')}\t${key}\t${showBytes(event.entry.value, isHex)}\n${before}`;
}

/** Linux takes 128 KiB for a variable with its name; standard input has no such bound. */
const variableLengthMax = 64 * 1024;

/** What a command that is run for an event finds in its environment. */
export function environmentOfEvent(event: ChangeEvent, isHex: boolean): Record<string, string | undefined> {
  const value = event.type === 'put' ? event.entry.value : new Uint8Array(0);
  return {
    QUORATE_WATCH_TYPE: event.type,
    QUORATE_WATCH_REVISION: String(event.revision),
    QUORATE_WATCH_KEY: variableText(event.key, isHex),
    QUORATE_WATCH_VALUE: variableText(value, isHex),
  };
}

/** Text as it is. A variable is text without NUL: what is none is escaped as it is printed. */
export function variableText(bytes: Uint8Array, isHex: boolean): string | undefined {
  const text = isHex ? undefined : utf8Of(bytes);
  const variable = text === undefined || text.includes('\0') ? showBytes(bytes, isHex) : text;
  return Buffer.byteLength(variable) > variableLengthMax ? undefined : variable;
}
