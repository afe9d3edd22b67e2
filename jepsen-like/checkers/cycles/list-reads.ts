import type { Operation } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import type { Anomaly } from '../types.js';

export type Append = Extract<Operation, { readonly kind: 'append' }>;

/** A list as it was before the transaction that read it. */
export interface Read {
  readonly by: Append;
  readonly key: string;
  readonly values: readonly number[];
}

/** What a transaction read of others; what it read of itself has to fit to what it did. */
export function readsOf(transaction: Append, anomalies: Anomaly[]): readonly Read[] {
  if (transaction.outcome.type !== 'ok') return [];
  const { steps, outcome } = transaction;
  const own = new Map<string, number[]>();
  const all = new Set(steps.map((step) => (step.type === 'append' ? `${step.key} ${step.value}` : '')));
  const before = new Map<string, readonly number[]>();
  const reads: Read[] = [];
  for (const [place, step] of steps.entries()) {
    const mine = own.get(step.key) ?? [];
    if (step.type === 'append') {
      own.set(step.key, [...mine, step.value]);
      continue;
    }
    const list = outcome.value.reads[place] ?? [];
    const values = list.slice(0, Math.max(0, list.length - mine.length));
    const known = before.get(step.key);
    const fits = endsWith(list, mine) && (known === undefined || isEqual(values, known));
    if (!fits || values.some((value) => all.has(`${step.key} ${value}`))) {
      const what = `it read ${step.key} as [${list.join()}], which does not fit to what it had read and appended itself`;
      anomalies.push(anomalyOf('internal inconsistency', what, { operations: [transaction.id] }));
    }
    if (known !== undefined) continue;
    before.set(step.key, values);
    reads.push({
      by: transaction,
      key: step.key,
      values: fits ? values : list.filter((value) => !mine.includes(value)),
    });
  }
  return reads;
}

function endsWith(list: readonly number[], end: readonly number[]): boolean {
  return (
    end.length <= list.length && end.every((value, place) => list[list.length - end.length + place] === value)
  );
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, place) => value === b[place]);
}
