import { CallError } from '../store/index.js';
import { Conflict, conflict } from './conflict.js';
import { get, prefixOf, put, unchanged } from './requests.js';
import type { Client, Workload } from './types.js';

type Action =
  | { readonly type: 'transfer'; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly type: 'balances' };

const accounts = 5;
const initialBalance = 100;
const triesMax = 5;
const prefix = 'bank/';
const keyOf = (account: string): string => `${prefix}${account}`;

/** Money that moves between accounts: none may come from nowhere or be lost. */
export const bank: Workload<Action> = {
  name: 'bank',
  summary: 'money moved between accounts',
  checkers: ['bank', 'revisions'],
  draw({ random }) {
    if (random.chance(0.4)) return { type: 'balances' };
    const from = random.below(accounts);
    const to = (from + 1 + random.below(accounts - 1)) % accounts;
    return { type: 'transfer', from: String(from), to: String(to), amount: 1 + random.below(30) };
  },
  async prepare(client) {
    for (;;) {
      try {
        await client.session.request<'txn'>({
          type: 'txn',
          compare: [unchanged(keyOf('0'), 0)],
          success: Array.from({ length: accounts }, (_, account) =>
            put(keyOf(String(account)), String(initialBalance)),
          ),
          failure: [],
        });
        return;
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        client.session.renew();
        await client.sleep(100);
      }
    }
  },
  async perform(action, client) {
    if (action.type === 'balances') {
      await balances(client);
      return;
    }
    for (let tries = 0; tries < triesMax; tries++) {
      const outcome = await transfer(client, action);
      if (outcome !== conflict) return;
    }
  },
  finish: balances,
};

async function transfer(
  client: Client,
  action: Extract<Action, { type: 'transfer' }>,
): Promise<string | null> {
  const { from, to, amount } = action;
  const outcome = await client.operation({ kind: 'transfer', from, to, amount }, async () => {
    const { responses } = await client.session.request<'txn'>({
      type: 'txn',
      compare: [],
      success: [get(keyOf(from)), get(keyOf(to))],
      failure: [],
    });
    const [source, target] = responses.map((each) => (each.type === 'range' ? each.kvs[0] : undefined));
    if (source === undefined || target === undefined || Number(source.value) < amount)
      return { moved: false };
    const { succeeded } = await client.session.request<'txn'>({
      type: 'txn',
      compare: [unchanged(keyOf(from), source.modRevision), unchanged(keyOf(to), target.modRevision)],
      success: [
        put(keyOf(from), String(Number(source.value) - amount)),
        put(keyOf(to), String(Number(target.value) + amount)),
      ],
      failure: [],
    });
    if (!succeeded) throw new Conflict();
    return { moved: true };
  });
  return outcome.type === 'ok' ? null : outcome.error;
}

async function balances(client: Client): Promise<void> {
  await client.operation(
    { kind: 'balances' },
    async () => {
      const { kvs } = await client.session.request<'range'>(prefixOf(prefix));
      const balances = kvs.map(({ key, value }) => [key.slice(prefix.length), Number(value)] as const);
      return { balances: Object.fromEntries(balances) };
    },
    { isRead: true },
  );
}
