import type { Session } from '../store/index.js';
import { attempt } from './attempt.js';
import type { Client } from './types.js';

export interface LeaseWish {
  readonly lease: string;
  readonly ttlSeconds: number;
}

/** How the work under a lease ended: `crash` leaves it to run out, as a client does that is killed. */
export type Ending = 'revoke' | 'crash';

/** Grants a lease and keeps it alive while the work goes on. Nothing happens when it cannot be granted. */
export async function underLease(
  client: Client,
  { lease, ttlSeconds }: LeaseWish,
  work: () => Promise<Ending>,
): Promise<void> {
  const request = { type: 'lease-grant', id: lease, ttlSeconds } as const;
  const granted = await attempt(client.session, () => client.session.request<'lease-grant'>(request));
  if (granted === null) return;
  let isOver = false;
  keepAlive(client, { lease, ttlSeconds: granted.ttlSeconds }, () => isOver);
  const ending = await work();
  isOver = true;
  if (ending === 'crash') return;
  const { session } = client;
  await attempt(session, () => session.request<'lease-revoke'>({ type: 'lease-revoke', id: lease }));
}

/** Three times within its life, beside everything else. */
function keepAlive(client: Client, { lease, ttlSeconds }: LeaseWish, isOver: () => boolean): void {
  const idle = idleSessions(client);
  client.background(async () => {
    const session = idle.pop() ?? client.newSession();
    for (;;) {
      await client.sleep((ttlSeconds * 1000) / 3);
      if (client.isEnding || isOver()) break;
      const request = { type: 'lease-keep-alive', id: lease } as const;
      const kept = await attempt(session, () => session.request<'lease-keep-alive'>(request));
      if (kept !== null && kept.ttlSeconds <= 0) break;
    }
    idle.push(session);
  });
}

/** Those that kept leases alive before: a session does one thing at a time. */
function idleSessions(client: Client): Session[] {
  const known = client.state.get('idle sessions') as Session[] | undefined;
  if (known !== undefined) return known;
  const sessions: Session[] = [];
  client.state.set('idle sessions', sessions);
  return sessions;
}
