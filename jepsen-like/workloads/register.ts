import { get, put, unchanged } from './requests.js';
import type { Client, Workload } from './types.js';

type Action =
  | { readonly type: 'read'; readonly key: string; readonly serializable: boolean }
  | { readonly type: 'write' | 'cas'; readonly key: string; readonly value: string };

const keyOf = (number: number): string => `register/${number}`;

/** Keys that are read, written and compared-and-set: what linearizability is judged on. */
export const register: Workload<Action> = {
  name: 'register',
  summary: 'reads, writes and compare-and-sets of a few keys',
  checkers: ['linearizability', 'revisions'],
  draw({ random, keys, nth }) {
    const key = keyOf(random.below(keys));
    const kind = random.below(10);
    if (kind < 5) return { type: 'read', key, serializable: kind === 0 };
    return { type: kind < 8 ? 'write' : 'cas', key, value: String(nth) };
  },
  async perform(action, client) {
    const { key } = action;
    if (action.type === 'read') await read(client, key, action.serializable);
    else if (action.type === 'write') {
      const { value } = action;
      await client.operation({ kind: 'write', key, value }, async () => {
        await client.session.request<'put'>(put(key, value));
        return null;
      });
    } else await compareAndSet(client, key, action.value);
  },
  async finish(client, { keys }) {
    for (let number = 0; number < keys; number++) await read(client, keyOf(number), false);
  },
};

async function read(client: Client, key: string, serializable: boolean): Promise<void> {
  const request = get(key, { serializable });
  await client.operation(
    { kind: 'read', key, serializable },
    async () => ({ value: (await client.session.request<'range'>(request)).kvs[0]?.value ?? null }),
    { isRead: true },
  );
}

/** From what is there now to the value. */
async function compareAndSet(client: Client, key: string, value: string): Promise<void> {
  const before = await client.operation(
    { kind: 'read', key, serializable: false },
    async () => ({ value: (await client.session.request<'range'>(get(key))).kvs[0]?.value ?? null }),
    { isRead: true },
  );
  if (before.type !== 'ok') return;
  const expected = before.value.value;
  const compare =
    expected === null ? unchanged(key, 0) : ({ key, target: 'value', sign: '=', operand: expected } as const);
  await client.operation({ kind: 'cas', key, expected, value }, async () => {
    const txn = { type: 'txn', compare: [compare], success: [put(key, value)], failure: [] } as const;
    return { swapped: (await client.session.request<'txn'>(txn)).succeeded };
  });
}
