import { fieldOf, isMap, nameOf, textOf } from './datum.js';
import type { Datum } from './datum.js';
import { FormatError } from './format-error.js';

/** One line of a history: that an operation began, or how it ended. */
export interface Entry {
  /** For people: `line 12`. */
  readonly where: string;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly process: number;
  readonly f: string;
  readonly value: Datum;
  /** Undefined: it has none of its own. */
  readonly key: Datum | undefined;
  readonly error: string;
}

/** An operation: how it began, and how it ended. Positions are those in the file. */
export interface Pair {
  readonly process: number;
  readonly begin: Entry;
  readonly end: Entry | null;
  readonly beganAt: number;
  readonly endedAt: number | null;
}

const types = ['invoke', 'ok', 'fail', 'info'] as const;

/** Null: it is not of a client (Jepsen's nemesis, and what its log tells besides). Errors: FormatError. */
export function entryOf(datum: Datum, where: string): Entry | null {
  if (!isMap(datum))
    throw new FormatError(where, `an operation is a map, and this is ${shortened(textOf(datum))}`);
  const process = fieldOf(datum, 'process');
  const type = nameOf(fieldOf(datum, 'type'));
  if (process === undefined) throw new FormatError(where, 'an operation without a `process`');
  if (typeof process !== 'number') return null;
  const known = types.find((each) => each === type);
  if (known === undefined)
    throw new FormatError(
      where,
      `the \`type\` of an operation is invoke, ok, fail or info, and not ${type ?? 'missing'}`,
    );
  const f = nameOf(fieldOf(datum, 'f'));
  if (f === null) throw new FormatError(where, 'an operation without an `f`');
  const error = fieldOf(datum, 'error');
  return {
    ...{ where, type: known, process, f, value: fieldOf(datum, 'value') ?? null, key: fieldOf(datum, 'key') },
    error: error === undefined ? known : textOf(error),
  };
}

/**
 * In order of their beginnings. A process that begins something while something else of it is open has given that up, and is another one from
 * then on. Errors: FormatError, for an end without a beginning.
 */
export function pairsOf(entries: readonly Entry[]): readonly Pair[] {
  const pairs: {
    process: number;
    begin: Entry;
    end: Entry | null;
    beganAt: number;
    endedAt: number | null;
  }[] = [];
  const open = new Map<number, (typeof pairs)[number]>();
  const names = new Map<number, number>();
  let nextName = entries.reduce((most, { process }) => Math.max(most, process), 0) + 1;
  for (const [at, entry] of entries.entries()) {
    const { process, type } = entry;
    const begun = open.get(process);
    if (type === 'invoke') {
      if (begun !== undefined) names.set(process, nextName++);
      const pair = {
        process: names.get(process) ?? process,
        begin: entry,
        end: null,
        beganAt: at,
        endedAt: null,
      };
      pairs.push(pair);
      open.set(process, pair);
      continue;
    }
    if (begun === undefined) {
      // Some logs tell of a crash once more.
      if (type === 'info') continue;
      throw new FormatError(entry.where, `process ${process} ends a ${entry.f} that it has not begun`);
    }
    if (begun.begin.f !== entry.f)
      throw new FormatError(
        entry.where,
        `process ${process} ends a ${entry.f}, and has begun a ${begun.begin.f}`,
      );
    open.delete(process);
    begun.end = entry;
    begun.endedAt = at;
    if (type === 'info') names.set(process, nextName++);
  }
  return pairs;
}

const shownMax = 60;

export function shortened(text: string): string {
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`;
}
