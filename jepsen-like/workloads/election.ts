import { CallError } from '../store/index.js';
import type { Leadership, Observation } from '../store/index.js';
import { underLease } from './leased.js';
import type { Ending } from './leased.js';
import type { Client, Result, Workload } from './types.js';

interface Campaign {
  readonly type: 'campaign';
  readonly election: string;
  readonly value: string;
  /** Also the id of the lease. */
  readonly lease: string;
  readonly ttlSeconds: number;
  readonly leadMs: number;
  /** Forgets that it leads. */
  readonly crashes: boolean;
}

type Action =
  | Campaign
  | { readonly type: 'leader'; readonly election: string }
  | { readonly type: 'observe'; readonly election: string; readonly forMs: number };

const electionsMax = 2;
const nameOf = (election: number): string => `election/${election}`;

/** Candidates that campaign, lead for a while and resign or vanish, and those who ask who leads: nobody leads again who was followed. */
export const election: Workload<Action> = {
  name: 'election',
  summary: 'leaders that campaign, resign or vanish, and who sees them',
  checkers: ['elections', 'revisions'],
  draw({ random, nth }) {
    const name = nameOf(random.below(electionsMax));
    const kind = random.below(10);
    if (kind >= 8) return { type: 'observe', election: name, forMs: 100 + random.below(1500) };
    if (kind >= 3) return { type: 'leader', election: name };
    return {
      type: 'campaign',
      election: name,
      value: String(nth),
      lease: String(nth),
      ttlSeconds: 2 + random.below(3),
      leadMs: random.chance(0.93) ? random.below(100) : random.below(3000),
      crashes: random.chance(0.15),
    };
  },
  async perform(action, client) {
    switch (action.type) {
      case 'leader':
        await askLeader(client, action.election);
        return;
      case 'observe':
        watchLeaders(client, action);
        return;
      case 'campaign':
        await underLease(client, action, () => lead(client, action));
    }
  },
  async finish(client) {
    for (let number = 0; number < electionsMax; number++) await askLeader(client, nameOf(number));
  },
};

async function lead(client: Client, action: Campaign): Promise<Ending> {
  const { session } = client;
  const { election: name, value, lease } = action;
  const won: { leadership: Leadership | null } = { leadership: null };
  const outcome = await client.operation({ kind: 'campaign', election: name, value, lease }, async () => {
    const leadership = await session.campaign(name, lease, value);
    won.leadership = leadership;
    return { fence: leadership.fence };
  });
  const { leadership } = won;
  if (outcome.type !== 'ok' || leadership === null) return 'revoke';
  await client.sleep(action.leadMs / 2);
  await askLeader(client, name);
  await client.sleep(action.leadMs / 2);
  if (action.crashes) return 'crash';
  await client.operation({ kind: 'resign', election: name, fence: leadership.fence }, async () => {
    await session.resign(leadership);
    return null;
  });
  return 'revoke';
}

async function askLeader(client: Client, name: string): Promise<void> {
  await client.operation(
    { kind: 'leader', election: name },
    async () => (await client.session.leader(name)) ?? { value: null, fence: 0 },
    { isRead: true },
  );
}

/** For a while, beside everything else; whoever leads is told first, and after that whoever leads next. */
function watchLeaders(client: Client, { election: name, forMs }: Extract<Action, { type: 'observe' }>): void {
  client.background(async () => {
    const session = client.newSession();
    const intent = { kind: 'observe', election: name } as const;
    const work = (): Promise<Result<'observe'>> => observe(client, session.observe(name), forMs);
    await client.operation(intent, work, { session, isRead: true });
  });
}

async function observe(client: Client, observation: Observation, forMs: number): Promise<Result<'observe'>> {
  const leaders: Result<'observe'>['leaders'][number][] = [];
  const follow = async (): Promise<void> => {
    for (;;) {
      const next = await observation.next();
      if (next === null) return;
      leaders.push({ ...next, atUs: client.nowUs() });
    }
  };
  // What was seen until the stream broke was seen.
  const ended = follow().catch((error: unknown) => {
    if (!(error instanceof CallError)) throw error;
  });
  await Promise.race([client.sleep(forMs), ended]);
  observation.cancel();
  await ended;
  return { leaders };
}
