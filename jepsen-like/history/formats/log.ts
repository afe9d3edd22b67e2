import { readEdnPrefix } from './edn.js';
import type { Entry } from './entries.js';
import { shortened } from './entries.js';
import { FormatError, lineOf } from './format-error.js';

const prefix = /^[A-Z]+\s+jepsen\.util\s+-\s+/;
const operation = /^(\S+)\s+:(invoke|ok|fail|info)\s+:([\w-]+)(?:\s+(.*))?$/;

export function isLogLine(line: string): boolean {
  return prefix.test(line) || operation.test(line);
}

/**
 * Jepsen's log of operations, as in the test data of Porcupine: `INFO  jepsen.util - 0 :invoke :write 3`, and the same without what stands
 * before the process, as in Jepsen's own history.txt. Other lines of a log are passed over. Errors: FormatError.
 */
export function readLog(text: string): readonly Entry[] {
  const entries: Entry[] = [];
  const lines = text.split('\n');
  const hasPrefix = lines.some((line) => prefix.test(line));
  for (const [place, line] of lines.entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || (hasPrefix && !prefix.test(trimmed))) continue;
    const entry = entryOfLine(trimmed.replace(prefix, ''), lineOf(place + 1));
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

/** Null: not of a client. */
function entryOfLine(text: string, where: string): Entry | null {
  const [, process = '', type, f = '', rest = ''] = operation.exec(text) ?? [];
  if (type !== 'invoke' && type !== 'ok' && type !== 'fail' && type !== 'info')
    throw new FormatError(where, `not an operation: ${shortened(text)}`);
  if (!/^\d+$/.test(process)) return null;
  const value = rest === '' ? null : readEdnPrefix(rest, where);
  // An end without a result tells why instead: `:timed-out`.
  const isReason = (type === 'fail' || type === 'info') && typeof value === 'string' && value.startsWith(':');
  return {
    ...{ where, type, process: Number(process), f, key: undefined },
    value: isReason ? null : value,
    error: isReason ? value.slice(1) : type,
  };
}
