import type { AppendStep, RegisterStep } from '../operations.js';
import type { Body, Context } from './convert.js';
import { isList, nameOf, textOf } from './datum.js';
import type { Datum } from './datum.js';
import { shortened } from './entries.js';
import type { Entry, Pair } from './entries.js';
import { FormatError } from './format-error.js';
import { numberOf, outcomeOf } from './workloads.js';

/** One thing that a transaction does: `[:append 5 1]`, `[:r 5 [1]]`, `[:w 5 1]`. */
interface MicroOperation {
  readonly f: 'append' | 'r' | 'w';
  readonly key: string;
  readonly value: Datum;
}

/** Whether transactions are over lists, and not over registers: if anything in any of them is about a list. */
export function isOnLists(pairs: readonly Pair[]): boolean {
  return pairs.some(
    ({ begin, end }) =>
      nameOf(begin.f) === 'txn' &&
      [begin, ...(end === null ? [] : [end])].some(
        ({ value }) =>
          isList(value) &&
          value.some(
            (each) =>
              isList(each) && (nameOf(each[0]) === 'append' || (nameOf(each[0]) === 'r' && isList(each[2]))),
          ),
      ),
  );
}

export function transactionOf(pair: Pair, { onLists }: Pick<Context, 'onLists'>): Body {
  const steps = microOperationsOf(pair.begin);
  return onLists ? listsOf(pair, steps) : registersOf(pair, steps);
}
function microOperationsOf({ value, where }: Entry): readonly MicroOperation[] {
  if (!isList(value))
    throw new FormatError(
      where,
      `a transaction is a list of what it does, and not ${shortened(textOf(value))}`,
    );
  return value.map((each) => {
    const [name, key = null, result = null] = isList(each) ? each : [];
    const f = nameOf(name);
    if (f !== 'append' && f !== 'r' && f !== 'w')
      throw new FormatError(
        where,
        `a transaction appends, reads (r) and writes (w), and does not ${shortened(textOf(each))}`,
      );
    return { f, key: textOf(key), value: result };
  });
}

function resultsOf(end: Entry, steps: readonly MicroOperation[]): readonly MicroOperation[] {
  const results = microOperationsOf(end);
  const fits =
    results.length === steps.length &&
    results.every(({ f, key }, place) => f === steps[place]?.f && key === steps[place].key);
  if (!fits) throw new FormatError(end.where, 'a transaction that ends as another one than it began');
  return results;
}

function listsOf(pair: Pair, micro: readonly MicroOperation[]): Body {
  const { where } = pair.begin;
  const steps = micro.map(({ f, key, value }): AppendStep => {
    if (f === 'w') throw new FormatError(where, 'a transaction that both appends and writes');
    return f === 'r'
      ? { type: 'read', key }
      : { type: 'append', key, value: numberOf(value, where, 'what is appended') };
  });
  const outcome = outcomeOf(pair, (end) => ({
    reads: resultsOf(end, micro).map(({ f, value }) => (f === 'r' ? listOf(value, end.where) : null)),
  }));
  return { kind: 'append', steps, outcome };
}

function listOf(value: Datum, where: string): readonly number[] {
  if (value === null) return [];
  if (!isList(value)) throw new FormatError(where, `a list is expected, and not ${shortened(textOf(value))}`);
  return value.map((each) => numberOf(each, where, 'an element of a list'));
}

function registersOf(pair: Pair, micro: readonly MicroOperation[]): Body {
  const steps = micro.map(({ f, key, value }): RegisterStep =>
    f === 'r' ? { type: 'read', key } : { type: 'write', key, value: textOf(value) },
  );
  const outcome = outcomeOf(pair, (end) => ({
    reads: resultsOf(end, micro).map(({ f, value }) => (f === 'r' && value !== null ? textOf(value) : null)),
  }));
  return { kind: 'registers', steps, outcome };
}
