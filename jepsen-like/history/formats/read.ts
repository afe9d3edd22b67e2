import type { History } from '../history.js';
import { convert } from './convert.js';
import type { Converted } from './convert.js';
import { readEdn } from './edn.js';
import { entryOf, pairsOf } from './entries.js';
import type { Entry } from './entries.js';
import { FormatError, lineOf } from './format-error.js';
import { readJson } from './json.js';
import { isLogLine, readLog } from './log.js';
import { quorateFormat, readQuorate } from './quorate.js';

/**
 * `quorate`: our own JSON. `edn`: Jepsen's history, and Porcupine's key-value logs. `json`: the same in JSON. `log`: Jepsen's log lines, as
 * in Porcupine's etcd data.
 */
export const formats = ['quorate', 'edn', 'json', 'log'] as const;
export type Format = (typeof formats)[number];

export interface ReadOptions {
  /** Null: found out from the content. */
  readonly format: Format | null;
  /** What registers hold before anything was written; null: nothing, but the empty text in key-value logs. */
  readonly initial: string | null;
}

export interface Reading extends Pick<Converted, 'leftOut'> {
  readonly format: Format;
  readonly history: History;
}

/** A history from the text of a file. Errors: FormatError, with the line where it can be told. */
export function readHistory(text: string, { format: asked, initial }: ReadOptions): Reading {
  if (text.trim() === '') throw new FormatError('', 'the file is empty');
  const format = asked ?? detect(text);
  if (format === 'quorate') return { format, history: readQuorate(text), leftOut: new Map() };
  const entries = entriesOf(text, format);
  const isKeyValue = entries.some(({ key }) => key !== undefined);
  const { operations, leftOut } = convert(pairsOf(entries), {
    initial: initial ?? (isKeyValue ? '' : null),
    failedSwapsCompare: format === 'log',
  });
  if (operations.length === 0) {
    const names = [...leftOut.keys()].join(', ');
    throw new FormatError(
      '',
      names === '' ? 'no operations of clients are in it' : `nobody here knows what ${names} mean`,
    );
  }
  return { format, history: historyOf(operations, format), leftOut };
}

function historyOf(operations: History['operations'], format: Format): History {
  return {
    format: quorateFormat,
    system: `a history from a file (${format})`,
    ...{ replay: null, plan: null, operations },
    ...{ calls: [], watches: [], faults: [], members: [] },
  };
}

function entriesOf(text: string, format: Exclude<Format, 'quorate'>): readonly Entry[] {
  if (format === 'log') return readLog(text);
  const forms =
    format === 'json'
      ? readJson(text)
      : readEdn(text).map(({ datum, line }) => ({ datum, where: lineOf(line) }));
  return forms.map(({ datum, where }) => entryOf(datum, where)).filter((entry) => entry !== null);
}

/** Of the beginning of a file; enough to tell formats apart. */
const headMax = 4096;

function detect(text: string): Format {
  const head = text.slice(0, headMax).trimStart();
  if (new RegExp(`^\\{[^]*"format"\\s*:\\s*"${quorateFormat.slice(0, 15)}`).test(head)) return 'quorate';
  if (/^(\[\s*)?\{\s*"/.test(head) || /^\[\s*\]/.test(head)) return 'json';
  if (/^[([]?\s*(#[\w.]+\s*)?\{/.test(head) || head.startsWith(';')) return 'edn';
  if (text.slice(0, headMax).split('\n').some(isLogLine)) return 'log';
  throw new FormatError(
    '',
    `no format that is known here (${formats.join(', ')}): say which it is with --format`,
  );
}
