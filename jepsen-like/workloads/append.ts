import { some } from '../../src/base/index.js';
import type { AppendStep } from '../history/index.js';
import { Conflict, conflict } from './conflict.js';
import { get, put, unchanged } from './requests.js';
import type { Client, Workload } from './types.js';

interface Action {
  readonly steps: readonly AppendStep[];
}

const triesMax = 5;
const stepsMax = 4;
const keyOf = (key: string): string => `append/${key}`;

/** Transactions that read lists and append to them, all at once: what cycles are looked for in. */
export const append: Workload<Action> = {
  name: 'append',
  summary: 'transactions over lists, read and appended to',
  checkers: ['cycles', 'revisions'],
  draw({ random, keys, nth }) {
    const count = 1 + random.below(stepsMax);
    return {
      steps: Array.from({ length: count }, (_, index): AppendStep => {
        const key = String(random.below(keys));
        const value = nth * stepsMax + index;
        return random.chance(0.5) ? { type: 'append', key, value } : { type: 'read', key };
      }),
    };
  },
  async perform({ steps }, client) {
    for (let tries = 0; tries < triesMax; tries++) {
      const outcome = await transact(client, steps);
      if (outcome !== conflict) return;
    }
  },
  async finish(client, { keys }) {
    const steps = Array.from({ length: keys }, (_, key): AppendStep => ({ type: 'read', key: String(key) }));
    await transact(client, steps);
  },
};

/** Why it failed, if it did. */
async function transact(client: Client, steps: readonly AppendStep[]): Promise<string | null> {
  const isRead = steps.every(({ type }) => type === 'read');
  const outcome = await client.operation(
    { kind: 'append', steps },
    async () => {
      const lists = await readLists(client, [...new Set(steps.map(({ key }) => key))]);
      const reads = steps.map((step) => {
        const list = some(lists.get(step.key), 'a list for each key');
        if (step.type === 'read') return [...list.values];
        list.values.push(step.value);
        list.isChanged = true;
        return null;
      });
      if (isRead) return { reads };
      const { succeeded } = await client.session.request<'txn'>({
        type: 'txn',
        compare: [...lists].map(([key, { modRevision }]) => unchanged(keyOf(key), modRevision)),
        success: [...lists]
          .filter(([, { isChanged }]) => isChanged)
          .map(([key, { values }]) => put(keyOf(key), JSON.stringify(values))),
        failure: [],
      });
      if (!succeeded) throw new Conflict();
      return { reads };
    },
    { isRead },
  );
  return outcome.type === 'ok' ? null : outcome.error;
}

interface List {
  readonly values: number[];
  readonly modRevision: number;
  isChanged: boolean;
}

/** All at one revision. */
async function readLists(client: Client, keys: readonly string[]): Promise<ReadonlyMap<string, List>> {
  const { responses } = await client.session.request<'txn'>({
    type: 'txn',
    compare: [],
    success: keys.map((key) => get(keyOf(key))),
    failure: [],
  });
  return new Map(
    keys.map((key, place) => {
      const response = responses[place];
      const kv = response?.type === 'range' ? response.kvs[0] : undefined;
      const values = kv === undefined ? [] : (JSON.parse(kv.value) as number[]);
      return [key, { values, modRevision: kv?.modRevision ?? 0, isChanged: false }];
    }),
  );
}
