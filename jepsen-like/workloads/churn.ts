import { cluster } from '../store/index.js';
import type { ListedMember } from '../store/index.js';
import { attempt } from './attempt.js';
import type { ChurnControl, Client, Workload } from './types.js';

type Action =
  | {
      readonly type: 'add';
      readonly name: string;
      readonly isLearner: boolean;
      /** Its machine comes with the next action. */
      readonly isLate: boolean;
    }
  /** `pick` chooses among those that are there. */
  | { readonly type: 'remove' | 'update' | 'promote'; readonly pick: number }
  | { readonly type: 'list'; readonly linearizable: boolean }
  | { readonly type: 'put'; readonly value: string };

/** Members beyond those of the start. */
const moreMax = 2;
/** How often the last look at the cluster is tried again. */
const finishTriesMax = 200;

/** Members that are added, removed, promoted and given other addresses, while machines come and go with them. */
export const churn: Workload<Action> = {
  name: 'churn',
  summary: 'members added, removed and promoted',
  checkers: ['membership', 'revisions'],
  draw({ random, nth }) {
    const kind = random.below(200);
    if (kind < 2)
      return { type: 'add', name: `n${nth}`, isLearner: random.chance(0.4), isLate: random.chance(0.2) };
    if (kind < 4) return { type: 'remove', pick: random.below(1000) };
    if (kind < 5) return { type: 'update', pick: random.below(1000) };
    if (kind < 7) return { type: 'promote', pick: random.below(1000) };
    if (kind < 80) return { type: 'list', linearizable: kind < 60 };
    return { type: 'put', value: String(nth) };
  },
  async perform(action, client) {
    if (action.type === 'list') await list(client, action.linearizable);
    else if (action.type === 'put') {
      const { value } = action;
      const request = { type: 'put', key: 'churn', value, lease: '0' } as const;
      await attempt(client.session, () => client.session.request<'put'>(request));
    } else await inTurn(client, (control) => change(action, client, control));
  },
  async finish(client) {
    await inTurn(client, async (control) => {
      for (let tries = 0; tries < finishTriesMax; tries++) {
        const members = await list(client, true);
        if (members !== null) {
          await agree(control, members);
          return;
        }
      }
    });
    await list(client, true);
  },
};

async function inTurn(client: Client, work: (control: ChurnControl) => Promise<void>): Promise<void> {
  const { churn: control } = client;
  const giveBack = control?.begin() ?? null;
  if (control === null || giveBack === null) return;
  try {
    await work(control);
  } finally {
    giveBack();
  }
}

async function change(
  action: Extract<Action, { type: 'add' | 'remove' | 'update' | 'promote' }>,
  client: Client,
  control: ChurnControl,
): Promise<void> {
  const members = await list(client, true);
  if (members === null) return;
  await agree(control, members);
  if (action.type === 'add') {
    if (members.length < control.voterCount + moreMax) await add(action, client, control);
    return;
  }
  const eligible = members.filter((member) => isEligible(action.type, member, members, control));
  const chosen = eligible[action.pick % Math.max(1, eligible.length)];
  if (chosen === undefined) return;
  const { id } = chosen;
  const { session } = client;
  switch (action.type) {
    case 'remove': {
      const name = nameOf(id, control);
      const outcome = await client.operation({ kind: 'member-remove', member: id }, async () => {
        await cluster.remove(session, id);
        return null;
      });
      if (outcome.type === 'ok' && name !== null) await control.stopMember(name);
      return;
    }
    case 'promote':
      await client.operation({ kind: 'member-promote', member: id }, async () => {
        await cluster.promote(session, id);
        return null;
      });
      return;
    case 'update': {
      const all = control.peerUrlsOf(nameOf(id, control) ?? '');
      const peerUrls = chosen.peerUrls.length < all.length ? all : all.slice(0, 1);
      await client.operation({ kind: 'member-update', member: id, peerUrls }, async () => {
        await cluster.update(session, id, peerUrls);
        return null;
      });
    }
  }
}

/** There is never more than one voter fewer than at the start. */
function isEligible(
  type: 'remove' | 'update' | 'promote',
  member: ListedMember,
  members: readonly ListedMember[],
  control: ChurnControl,
): boolean {
  if (type === 'promote') return member.isLearner;
  if (type === 'update') return nameOf(member.id, control) !== null;
  if (member.isLearner) return true;
  const voters = members.filter(({ isLearner }) => !isLearner).length;
  return voters - 1 >= Math.max(1, control.voterCount - 1);
}

async function add(
  { name, isLearner, isLate }: Extract<Action, { type: 'add' }>,
  client: Client,
  control: ChurnControl,
): Promise<void> {
  const joined: { as: Parameters<ChurnControl['startMember']>[0] | null } = { as: null };
  const outcome = await client.operation({ kind: 'member-add', name, isLearner }, async () => {
    const added = await cluster.add(client.session, control.peerUrlsOf(name).slice(0, 1), isLearner);
    const { id } = added.member;
    joined.as = { name, id, members: added.members };
    return { member: id };
  });
  if (outcome.type === 'ok' && joined.as !== null && !isLate) await control.startMember(joined.as);
}

/** Machines for members that have none, and none for those that are gone: answers get lost, changes do not. */
async function agree(control: ChurnControl, members: readonly ListedMember[]): Promise<void> {
  for (const [name, id] of [...control.machines()]) {
    if (members.every((member) => member.id !== id)) await control.stopMember(name);
  }
  const running = new Set(control.machines().values());
  for (const { id, peerUrls } of members) {
    const name = control.nameOf(peerUrls);
    if (!running.has(id) && name !== null) await control.startMember({ name, id, members });
  }
}

function nameOf(id: string, control: ChurnControl): string | null {
  const [name = null] = [...control.machines()].find(([, each]) => each === id) ?? [];
  return name;
}

/** Null: nobody answered. */
async function list(client: Client, linearizable: boolean): Promise<readonly ListedMember[] | null> {
  const seen: { members: readonly ListedMember[] | null } = { members: null };
  await client.operation(
    { kind: 'members', linearizable },
    async () => {
      const members = await cluster.list(client.session, linearizable);
      seen.members = members;
      return { members: members.map(({ id, isLearner, peerUrls }) => ({ id, isLearner, peerUrls })) };
    },
    { isRead: true },
  );
  return seen.members;
}
