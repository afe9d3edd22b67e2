import type { Outcome } from '../calls.js';
import type { Body, Context } from './convert.js';
import { fieldOf, isList, isMap, textOf } from './datum.js';
import type { Datum } from './datum.js';
import { shortened } from './entries.js';
import type { Entry, Pair } from './entries.js';
import { FormatError } from './format-error.js';

/** How a pair ended; `read` takes the result from the entry that says ok. */
export function outcomeOf<T>({ end }: Pair, read: (end: Entry) => T): Outcome<T> {
  if (end === null) return { type: 'unknown', error: 'it never came back' };
  if (end.type === 'ok') return { type: 'ok', value: read(end) };
  return { type: end.type === 'fail' ? 'failed' : 'unknown', error: end.error };
}

/**
 * Whether values are pairs of a key and the rest: all writes and reads then begin with a pair, and compare-and-sets with a pair that holds
 * another.
 */
export function isKeyed(pairs: readonly Pair[], names: ReadonlySet<string>): boolean {
  const isPair = (value: Datum): value is readonly [Datum, Datum] => isList(value) && value.length === 2;
  if (names.has('txn') || names.has('transfer')) return false;
  let seen = false;
  for (const { begin } of pairs) {
    if (begin.key !== undefined) return false;
    const isSwap = begin.f === 'cas' || begin.f === 'compare-and-set';
    if (!isPair(begin.value) || (isSwap && !isList(begin.value[1]))) return false;
    seen = true;
  }
  return seen;
}

function split(
  { value, key, where }: Entry,
  { keyed }: Context,
): { readonly key: string; readonly value: Datum } {
  if (key !== undefined) return { key: textOf(key), value };
  if (!keyed) return { key: 'register', value };
  if (!isList(value) || value.length !== 2)
    throw new FormatError(where, `a key and a value are expected, and not ${shortened(textOf(value))}`);
  return { key: textOf(value[0] ?? null), value: value[1] ?? null };
}

function textOrNull(datum: Datum): string | null {
  return datum === null ? null : textOf(datum);
}

export function registerOf(pair: Pair, kind: 'read' | 'write' | 'cas' | 'concat', context: Context): Body {
  const { key, value } = split(pair.begin, context);
  if (kind === 'read') {
    const outcome = outcomeOf(pair, (end) => ({ value: textOrNull(split(end, context).value) }));
    return { kind, key, serializable: false, outcome };
  }
  if (kind !== 'cas') return { kind, key, value: textOf(value), outcome: outcomeOf(pair, () => null) };
  if (!isList(value) || value.length !== 2)
    throw new FormatError(
      pair.begin.where,
      `a compare-and-set has an old and a new value, and not ${shortened(textOf(value))}`,
    );
  const outcome: Outcome<{ readonly swapped: boolean }> =
    context.failedSwapsCompare && pair.end?.type === 'fail' && pair.end.error === 'fail'
      ? { type: 'ok', value: { swapped: false } }
      : outcomeOf(pair, () => ({ swapped: true }));
  return { kind, key, expected: textOrNull(value[0] ?? null), value: textOf(value[1] ?? null), outcome };
}

export function elementsOf(pair: Pair, name: 'add' | 'read', context: Context): Body {
  const { key: set, value } = split(pair.begin, context);
  const name_ = set === 'register' ? 'set' : set;
  if (name === 'add') {
    const element = numberOf(value, pair.begin.where, 'an element of a set');
    return { kind: 'add', set: name_, element, outcome: outcomeOf(pair, () => null) };
  }
  const outcome = outcomeOf(pair, (end) => {
    const { value: elements } = split(end, context);
    if (!isList(elements))
      throw new FormatError(end.where, `a read of a set has a list, and not ${shortened(textOf(elements))}`);
    return { elements: elements.map((element) => numberOf(element, end.where, 'an element of a set')) };
  });
  return { kind: 'elements', set: name_, outcome };
}

export function numberOf(datum: Datum | undefined, where: string, what: string): number {
  if (typeof datum === 'number' && Number.isSafeInteger(datum)) return datum;
  throw new FormatError(where, `${what} is a whole number, and not ${shortened(textOf(datum ?? null))}`);
}

export function transferOf(pair: Pair): Body {
  const { value, where } = pair.begin;
  if (!isMap(value))
    throw new FormatError(
      where,
      `a transfer has :from, :to and :amount, and not ${shortened(textOf(value))}`,
    );
  const [from, to] = [fieldOf(value, 'from'), fieldOf(value, 'to')];
  if (from === undefined || to === undefined) throw new FormatError(where, 'a transfer without :from or :to');
  const amount = numberOf(fieldOf(value, 'amount'), where, 'an amount');
  return {
    kind: 'transfer',
    from: textOf(from),
    to: textOf(to),
    amount,
    outcome: outcomeOf(pair, () => ({ moved: true })),
  };
}

export function balancesOf(pair: Pair): Body {
  const outcome = outcomeOf(pair, ({ value, where }) => {
    if (!isMap(value))
      throw new FormatError(where, `balances are a map, and not ${shortened(textOf(value))}`);
    const known = value.entries.filter(([, balance]) => balance !== null);
    return {
      balances: Object.fromEntries(
        known.map(([account, balance]) => [textOf(account), numberOf(balance, where, 'a balance')]),
      ),
    };
  });
  return { kind: 'balances', outcome };
}

export function uniqueIdOf(pair: Pair): Body {
  return { kind: 'unique-id', outcome: outcomeOf(pair, ({ value }) => ({ id: textOf(value) })) };
}
