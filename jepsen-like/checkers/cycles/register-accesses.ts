import type { Operation } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import type { Anomaly } from '../types.js';

export type Registers = Extract<Operation, { readonly kind: 'registers' }>;

/** What a transaction did to one key, as others see it. */
export interface Access {
  readonly by: Registers;
  readonly key: string;
  /** What it read before it wrote; null: there was nothing; undefined: it did not look. */
  read: string | null | undefined;
  /** What it wrote last. */
  write: string | undefined;
}

/** What it read after that has to be what it wrote, or what it read before. */
export function accessesOf(transaction: Registers, anomalies: Anomaly[]): readonly Access[] {
  const { steps, outcome, id } = transaction;
  const accesses = new Map<string, Access>();
  for (const [place, step] of steps.entries()) {
    const { key } = step;
    const access = accesses.get(key) ?? { by: transaction, key, read: undefined, write: undefined };
    accesses.set(key, access);
    if (step.type === 'write') {
      access.write = step.value;
      continue;
    }
    if (outcome.type !== 'ok') continue;
    const value = outcome.value.reads[place] ?? null;
    const expected = access.write ?? access.read;
    if (expected === undefined) access.read = value;
    const isOwn = steps.some((other) => other.type === 'write' && other.key === key && other.value === value);
    if (expected === undefined ? isOwn : value !== expected) {
      const what = `it read ${key} as ${value ?? 'nothing'}, which does not fit to what it had read and written itself`;
      anomalies.push(anomalyOf('internal inconsistency', what, { operations: [id] }));
    }
  }
  return [...accesses.values()];
}
