import type { AppendStep, Operation, RegisterStep } from '../../../jepsen-like/history/index.js';
import type { Random } from '../../../src/base/index.js';
import { legalHistory, operationsOf, usualShape } from './legal.js';
import type { Model, Shape } from './legal.js';

const stepsMax = 4;

/** Lists in memory: each transaction as a whole. */
export function listModel(
  keys: number,
): Model<{ readonly kind: 'append'; readonly steps: readonly AppendStep[] }, unknown> {
  const lists = new Map<string, readonly number[]>();
  return {
    draw(random, nth) {
      const steps = drawSteps(random, (place): AppendStep => {
        const key = `x${random.below(keys)}`;
        return random.chance(0.5)
          ? { type: 'append', key, value: nth * stepsMax + place }
          : { type: 'read', key };
      });
      return { kind: 'append', steps };
    },
    execute({ steps }) {
      const reads = steps.map((step) => {
        const list = lists.get(step.key) ?? [];
        if (step.type === 'read') return list;
        lists.set(step.key, [...list, step.value]);
        return null;
      });
      return { reads };
    },
  };
}

export function registerModel(
  keys: number,
): Model<{ readonly kind: 'registers'; readonly steps: readonly RegisterStep[] }, unknown> {
  const values = new Map<string, string>();
  return {
    draw(random, nth) {
      const steps = drawSteps(random, (place): RegisterStep => {
        const key = `x${random.below(keys)}`;
        const value = String(nth * stepsMax + place);
        return random.chance(0.5) ? { type: 'write', key, value } : { type: 'read', key };
      });
      return { kind: 'registers', steps };
    },
    execute({ steps }) {
      const reads = steps.map((step) => {
        if (step.type === 'read') return values.get(step.key) ?? null;
        values.set(step.key, step.value);
        return null;
      });
      return { reads };
    },
  };
}

function drawSteps<T>(random: Random, draw: (place: number) => T): readonly T[] {
  return Array.from({ length: 1 + random.below(stepsMax) }, (_, place) => draw(place));
}

export function legalLists(seed: number, shape: Partial<Shape> = {}): readonly Operation[] {
  return operationsOf(legalHistory(listModel(3), { ...usualShape, ...shape, seed }));
}

export function legalRegisters(seed: number, shape: Partial<Shape> = {}): readonly Operation[] {
  return operationsOf(legalHistory(registerModel(3), { ...usualShape, ...shape, seed }));
}

type Planted<Kind extends 'append' | 'registers'> = Omit<Extract<Operation, { readonly kind: Kind }>, 'id'>;

/** When a planted transaction runs; processes are its own. */
export interface When {
  readonly process: number;
  readonly invokedUs: number;
  readonly completedUs: number;
}

/** `p+1 q+2 r=1,2`: appends 1 to p and 2 to q, and reads r as [1, 2]. */
export function lists(when: When, text: string): Planted<'append'> {
  const steps: AppendStep[] = [];
  const reads: (readonly number[] | null)[] = [];
  for (const [, key = '', sign, values = ''] of text.matchAll(/(\w)([+=])([\d,]*)/g)) {
    if (sign === '+') {
      steps.push({ type: 'append', key, value: Number(values) });
      reads.push(null);
    } else {
      steps.push({ type: 'read', key });
      reads.push(values === '' ? [] : values.split(',').map(Number));
    }
  }
  return { ...when, kind: 'append', steps, outcome: { type: 'ok', value: { reads } } };
}

/** `p:1 q=2 r=`: writes 1 to p, reads 2 in q, and nothing in r. */
export function registers(when: When, text: string): Planted<'registers'> {
  const steps: RegisterStep[] = [];
  const reads: (string | null)[] = [];
  for (const [, key = '', sign, value = ''] of text.matchAll(/(\w)([:=])(\w*)/g)) {
    steps.push(sign === ':' ? { type: 'write', key, value } : { type: 'read', key });
    reads.push(sign === ':' || value === '' ? null : value);
  }
  return { ...when, kind: 'registers', steps, outcome: { type: 'ok', value: { reads } } };
}
