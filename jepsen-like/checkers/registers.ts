import type { Operation } from '../history/index.js';
import { absent, impossible } from './wgl.js';
import type { RegisterStep } from './wgl.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;
export type RegisterOperation = Kind<'read' | 'write' | 'cas' | 'concat'>;

export function isOnRegister(operation: Operation): operation is RegisterOperation {
  const { kind } = operation;
  return kind === 'read' || kind === 'write' || kind === 'cas' || kind === 'concat';
}

/** The values of one register as numbers. */
interface Values {
  numberOf(value: string | null): number;
  valueOf(number: number): string | null;
}

export interface Register {
  readonly steps: readonly RegisterStep[];
  valueOf(state: number): string | null;
}

/** What the operations on one key say about it; those that say nothing are left out. */
export function registerOf(operations: readonly RegisterOperation[]): Register {
  const values = createValues();
  const steps = operations.map((operation) => stepOf(operation, values)).filter((step) => step !== null);
  return { steps, valueOf: (state) => values.valueOf(state) };
}

function createValues(): Values {
  const numbers = new Map<string, number>();
  const texts: (string | null)[] = [];
  texts[absent] = null;
  return {
    numberOf(value) {
      if (value === null) return absent;
      const known = numbers.get(value);
      if (known !== undefined) return known;
      texts.push(value);
      numbers.set(value, texts.length - 1);
      return texts.length - 1;
    },
    valueOf: (number) => texts[number] ?? null,
  };
}

function stepOf(operation: RegisterOperation, values: Values): RegisterStep | null {
  const { id, process, invokedUs, completedUs, outcome } = operation;
  if (outcome.type === 'failed') return null;
  const apply = effectOf(operation, values);
  if (apply === null) return null;
  const returnedUs = outcome.type === 'ok' ? completedUs : null;
  return { id, process, invokedUs, returnedUs, isBlind: operation.kind === 'write', apply };
}

function effectOf(operation: RegisterOperation, values: Values): ((state: number) => number) | null {
  switch (operation.kind) {
    case 'read': {
      if (operation.serializable || operation.outcome.type !== 'ok') return null;
      const value = values.numberOf(operation.outcome.value.value);
      return (state) => (state === value ? state : impossible);
    }
    case 'write': {
      const value = values.numberOf(operation.value);
      return () => value;
    }
    case 'concat': {
      const { value } = operation;
      return (state) => values.numberOf((values.valueOf(state) ?? '') + value);
    }
    case 'cas': {
      const expected = values.numberOf(operation.expected);
      const value = values.numberOf(operation.value);
      const swapped = operation.outcome.type === 'ok' ? operation.outcome.value.swapped : null;
      return (state) => {
        const holds = state === expected;
        if (swapped !== null && swapped !== holds) return impossible;
        return holds ? value : state;
      };
    }
  }
}
