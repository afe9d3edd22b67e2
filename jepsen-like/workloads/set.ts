import { Conflict, conflict } from './conflict.js';
import { get, put, unchanged } from './requests.js';
import type { Client, Workload } from './types.js';

type Action =
  | { readonly type: 'add'; readonly set: string; readonly element: number }
  | { readonly type: 'elements'; readonly set: string };

const triesMax = 5;
const keyOf = (set: string): string => `set/${set}`;
const setsMax = 2;

/** Sets that live in one key each, to which elements are added by compare-and-set. */
export const set: Workload<Action> = {
  name: 'set',
  summary: 'elements added to sets, and read back',
  checkers: ['sets', 'revisions'],
  draw({ random, nth }) {
    const name = String(random.below(setsMax));
    return random.chance(0.7) ? { type: 'add', set: name, element: nth } : { type: 'elements', set: name };
  },
  async perform(action, client) {
    if (action.type === 'elements') await readAll(client, action.set);
    else await add(client, action.set, action.element);
  },
  async finish(client) {
    for (let number = 0; number < setsMax; number++) await readAll(client, String(number));
  },
};

async function add(client: Client, name: string, element: number): Promise<void> {
  const key = keyOf(name);
  for (let tries = 0; tries < triesMax; tries++) {
    const outcome = await client.operation({ kind: 'add', set: name, element }, async () => {
      const [kv] = (await client.session.request<'range'>(get(key))).kvs;
      const elements = [...(kv === undefined ? [] : (JSON.parse(kv.value) as number[])), element];
      const { succeeded } = await client.session.request<'txn'>({
        type: 'txn',
        compare: [unchanged(key, kv?.modRevision ?? 0)],
        success: [put(key, JSON.stringify(elements))],
        failure: [],
      });
      if (!succeeded) throw new Conflict();
      return null;
    });
    if (outcome.type !== 'failed' || outcome.error !== conflict) return;
  }
}

async function readAll(client: Client, name: string): Promise<void> {
  await client.operation(
    { kind: 'elements', set: name },
    async () => {
      const [kv] = (await client.session.request<'range'>(get(keyOf(name)))).kvs;
      return { elements: kv === undefined ? [] : (JSON.parse(kv.value) as number[]) };
    },
    { isRead: true },
  );
}
