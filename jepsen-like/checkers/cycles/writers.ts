import type { Operation } from '../../history/index.js';

/** Who wrote each value of each key. */
export interface Writers {
  of(key: string, value: string | number | undefined): Operation | undefined;
  /** A value that two have written of which neither was refused: who read whom cannot be told. Null: there is none. */
  readonly ambiguous: { readonly key: string; readonly value: string } | null;
}

/** One that was surely refused counts only if no other try was not. */
export function writersOf<T extends Operation>(
  all: readonly T[],
  writesOf: (operation: T) => readonly { readonly key: string; readonly value: string }[],
): Writers {
  const byKey = new Map<string, Map<string, T>>();
  let ambiguous: Writers['ambiguous'] = null;
  for (const operation of all) {
    for (const { key, value } of writesOf(operation)) {
      const its = byKey.get(key) ?? new Map<string, T>();
      byKey.set(key, its);
      const known = its.get(value);
      const isFirst = known === undefined || known.outcome.type === 'failed';
      if (isFirst) its.set(value, operation);
      else if (operation.outcome.type !== 'failed') ambiguous ??= { key, value };
    }
  }
  return {
    of: (key, value) => (value === undefined ? undefined : byKey.get(key)?.get(String(value))),
    ambiguous,
  };
}
