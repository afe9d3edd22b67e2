import { get, put } from './requests.js';
import type { Client, Workload } from './types.js';

type Action =
  | { readonly type: 'grant'; readonly lease: string; readonly ttlSeconds: number }
  | { readonly type: 'keep-alive' | 'revoke' | 'look' | 'ask' };

const keyOf = (lease: string): string => `lease/${lease}`;

/** Leases with a key each: granted, kept alive or forgotten, revoked; and looked at all the while. */
export const lease: Workload<Action> = {
  name: 'lease',
  summary: 'leases kept alive, revoked and left to end, with the keys that hang on them',
  checkers: ['leases', 'revisions'],
  draw({ random, nth }) {
    const kind = random.below(10);
    if (kind === 0) return { type: 'grant', lease: String(nth), ttlSeconds: 2 + random.below(6) };
    if (kind < 5) return { type: 'keep-alive' };
    if (kind < 8) return { type: 'look' };
    return { type: kind === 8 ? 'ask' : random.chance(0.2) ? 'revoke' : 'look' };
  },
  async perform(action, client) {
    if (action.type === 'grant') {
      await grant(client, action.lease, action.ttlSeconds);
      return;
    }
    const id = leaseOf(client);
    if (id === null) return;
    if (action.type === 'keep-alive') {
      await client.operation({ kind: 'keep-alive', lease: id }, async () => {
        const { ttlSeconds } = await client.session.request<'lease-keep-alive'>({
          type: 'lease-keep-alive',
          id,
        });
        return { ttlSeconds };
      });
    } else if (action.type === 'revoke') {
      await client.operation({ kind: 'revoke', lease: id }, async () => {
        await client.session.request<'lease-revoke'>({ type: 'lease-revoke', id });
        return null;
      });
    } else await look(client, id);
  },
};

async function grant(client: Client, id: string, ttlSeconds: number): Promise<void> {
  const granted = await client.operation({ kind: 'grant', lease: id, ttlSeconds }, async () => {
    const answer = await client.session.request<'lease-grant'>({ type: 'lease-grant', id, ttlSeconds });
    return { ttlSeconds: answer.ttlSeconds };
  });
  if (granted.type === 'failed') return;
  client.state.set('lease', id);
  const key = keyOf(id);
  await client.operation({ kind: 'attach', lease: id, key }, async () => {
    await client.session.request<'put'>(put(key, id, id));
    return null;
  });
}

async function look(client: Client, id: string): Promise<void> {
  const key = keyOf(id);
  await client.operation(
    { kind: 'attached', lease: id, key },
    async () => ({ present: (await client.session.request<'range'>(get(key))).kvs.length > 0 }),
    { isRead: true },
  );
}

function leaseOf(client: Client): string | null {
  return (client.state.get('lease') as string | undefined) ?? null;
}
