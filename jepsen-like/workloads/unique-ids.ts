import { Conflict } from './conflict.js';
import { get, put, unchanged } from './requests.js';
import type { Client, Workload } from './types.js';

interface Action {
  readonly type: 'count' | 'revision';
  /** Of a counter: which. */
  readonly counter: number;
}

const triesMax = 5;
const countersMax = 2;

/** Ids from counters that are raised by compare-and-set, and from the revisions of writes: nobody may get one that somebody else has. */
export const uniqueIds: Workload<Action> = {
  name: 'unique-ids',
  summary: 'ids from counters and from revisions, each given once',
  checkers: ['unique-ids', 'revisions'],
  draw({ random }) {
    return { type: random.chance(0.6) ? 'count' : 'revision', counter: random.below(countersMax) };
  },
  async perform({ type, counter }, client) {
    await client.operation({ kind: 'unique-id' }, async () => ({
      id: type === 'count' ? await count(client, counter) : await stamp(client),
    }));
  },
};

async function count(client: Client, counter: number): Promise<string> {
  const key = `ids/counter/${counter}`;
  for (let tries = 0; tries < triesMax; tries++) {
    const [kv] = (await client.session.request<'range'>(get(key))).kvs;
    const next = Number(kv?.value ?? 0) + 1;
    const { succeeded } = await client.session.request<'txn'>({
      type: 'txn',
      compare: [unchanged(key, kv?.modRevision ?? 0)],
      success: [put(key, String(next))],
      failure: [],
    });
    if (succeeded) return `counter ${counter}: ${next}`;
  }
  throw new Conflict();
}

/** Several clients write the same key: what tells them apart is when. */
async function stamp(client: Client): Promise<string> {
  const { revision } = await client.session.request<'put'>(put('ids/stamp', ''));
  return `revision ${revision}`;
}
