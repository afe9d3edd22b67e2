import type { Operation } from '../operations.js';
import type { Pair } from './entries.js';
import { balancesOf, elementsOf, isKeyed, registerOf, transferOf, uniqueIdOf } from './workloads.js';
import { isOnLists, transactionOf } from './transactions.js';

export interface Converted {
  readonly operations: readonly Operation[];
  /** What no checker knows, by name, with how often it was there. */
  readonly leftOut: ReadonlyMap<string, number>;
}

export interface ConvertOptions {
  /** What registers hold before anything was written; null: nothing. */
  readonly initial: string | null;
  /** Whether a compare-and-set that failed is known to have found something else: so Porcupine takes it, and Jepsen does not. */
  readonly failedSwapsCompare: boolean;
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;
export type Body = Operation extends infer Each
  ? Each extends Operation
    ? Omit<Each, 'id' | 'process' | 'invokedUs' | 'completedUs'>
    : never
  : never;

/** Names that different systems have for the same. */
const aliases: Readonly<Record<string, string>> = {
  ...{ r: 'read', get: 'read', w: 'write', put: 'write', set: 'write' },
  ...{ 'compare-and-set': 'cas', 'generate-id': 'generate' },
};

/**
 * Operations for the checkers. A history says in which order things began and ended, and its clock may be coarser than that: positions in the
 * file are taken for times. Errors: FormatError.
 */
export function convert(pairs: readonly Pair[], options: ConvertOptions): Converted {
  const leftOut = new Map<string, number>();
  const names = new Set(pairs.map(({ begin }) => nameOfPair(begin.f)));
  const context = { ...options, keyed: isKeyed(pairs, names), onLists: isOnLists(pairs) };
  const found: Unnumbered<Operation>[] = [];
  for (const pair of pairs) {
    const body = bodyOf(pair, names, context);
    if (body === null) {
      leftOut.set(pair.begin.f, (leftOut.get(pair.begin.f) ?? 0) + 1);
      continue;
    }
    const { process, beganAt, endedAt } = pair;
    const whole: unknown = {
      ...body,
      ...{ process, invokedUs: beganAt + 1, completedUs: endedAt === null ? null : endedAt + 1 },
    };
    found.push(whole as Unnumbered<Operation>); // A body and the times are all there is to it.
  }
  const all = options.initial === null ? found : [...initialWrites(found, options.initial), ...found];
  return { operations: all.map((operation, id): Operation => ({ ...operation, id })), leftOut };
}

export interface Context extends ConvertOptions {
  /** Values are pairs of a key and what belongs to it, as Jepsen's independent tests have them. */
  readonly keyed: boolean;
  /** Transactions are over lists. */
  readonly onLists: boolean;
}

function nameOfPair(f: string): string {
  return aliases[f] ?? f;
}

/** Null: nobody knows what it means. */
function bodyOf(pair: Pair, names: ReadonlySet<string>, context: Context): Body | null {
  const name = nameOfPair(pair.begin.f);
  if (name === 'txn') return transactionOf(pair, context);
  if (name === 'generate') return uniqueIdOf(pair);
  if (name === 'transfer') return transferOf(pair);
  if (names.has('transfer')) return name === 'read' ? balancesOf(pair) : null;
  if (name === 'add' || (name === 'read' && names.has('add'))) return elementsOf(pair, name, context);
  if (name === 'read' || name === 'write' || name === 'cas') return registerOf(pair, name, context);
  return name === 'append' && pair.begin.key !== undefined ? registerOf(pair, 'concat', context) : null;
}

function initialWrites(
  operations: readonly Unnumbered<Operation>[],
  value: string,
): readonly Unnumbered<Operation>[] {
  const keys = new Set(operations.flatMap((operation) => ('key' in operation ? [operation.key] : [])));
  return [...keys].map((key) => ({
    ...{ kind: 'write', process: -1, invokedUs: 0, completedUs: 0, key, value },
    outcome: { type: 'ok', value: null },
  }));
}
