import { CallError } from '../store/index.js';
import { del, get, put } from './requests.js';
import type { Client, FollowHandle, Workload } from './types.js';

type Action =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly key: string }
  /** In one transaction, which also reads at a revision so far back that history may end after it; 0: no read. */
  | {
      readonly type: 'both';
      readonly keys: readonly string[];
      readonly value: string;
      readonly readBack: number;
    }
  | {
      readonly type: 'watch';
      readonly key: string;
      readonly rangeEnd: string;
      /** How far back it begins; 0: from now on. */
      readonly back: number;
      readonly prevKv: boolean;
      readonly noPut: boolean;
      readonly noDelete: boolean;
    }
  | { readonly type: 'progress' | 'pause' | 'resume' | 'cancel' }
  | { readonly type: 'compact'; readonly back: number };

const watchesMax = 4;
const all = { key: 'watch/', rangeEnd: 'watch0' } as const;

/** Keys that change, and watches that follow them: from the past, the present and the future, also while history is compacted. */
export const watch: Workload<Action> = {
  name: 'watch',
  summary: 'watches of keys that change, also through compaction',
  checkers: ['watch', 'revisions'],
  draw({ random, keys, nth }) {
    const key = `watch/${random.below(keys)}`;
    const kind = random.below(100);
    if (kind < 50) return { type: 'put', key, value: String(nth) };
    if (kind < 60) return { type: 'delete', key };
    if (kind < 68) {
      const keys = [key, `watch/x${random.below(3)}`];
      return { type: 'both', keys, value: String(nth), readBack: random.chance(0.5) ? 0 : random.below(40) };
    }
    if (kind < 82) {
      const range = random.chance(0.5) ? all : { key, rangeEnd: '' };
      const back = random.chance(0.4) ? 0 : random.below(60) - 10;
      const filter = random.below(6);
      return {
        type: 'watch',
        ...range,
        back,
        prevKv: random.chance(0.5),
        noPut: filter === 0,
        noDelete: filter === 1,
      };
    }
    if (kind < 98)
      return { type: (['progress', 'pause', 'resume', 'cancel'] as const)[kind % 4] ?? 'progress' };
    return { type: 'compact', back: random.below(30) };
  },
  async perform(action, client) {
    const open = handlesOf(client);
    switch (action.type) {
      case 'put':
        await attempt(client, () => client.session.request<'put'>(put(action.key, action.value)));
        return;
      case 'delete':
        await attempt(client, () => client.session.request<'delete'>(del(action.key)));
        return;
      case 'both': {
        const revision = Math.max(1, revisionOf(client) - action.readBack);
        const reads = action.readBack > 0 ? action.keys.map((key) => get(key, { revision })) : [];
        const success = [...action.keys.map((key) => put(key, action.value)), ...reads];
        await attempt(client, () =>
          client.session.request<'txn'>({ type: 'txn', compare: [], success, failure: [] }),
        );
        return;
      }
      case 'compact': {
        const revision = revisionOf(client) - action.back;
        if (revision > 0)
          await attempt(client, () => client.session.request<'compact'>({ type: 'compact', revision }));
        return;
      }
      case 'watch': {
        if (open.length >= watchesMax) open.shift()?.cancel();
        const { back, key, rangeEnd, prevKv, noPut, noDelete } = action;
        const startRevision = back === 0 ? 0 : Math.max(1, revisionOf(client) - back);
        open.push(client.follow({ key, rangeEnd, startRevision, prevKv, noPut, noDelete }));
        return;
      }
      case 'progress':
        for (const handle of open) handle.requestProgress();
        return;
      case 'pause':
        open[0]?.pause();
        return;
      case 'resume':
        for (const handle of open) handle.resume();
        return;
      case 'cancel':
        open.shift()?.cancel();
    }
  },
};

function handlesOf(client: Client): FollowHandle[] {
  const known = client.state.get('watches') as FollowHandle[] | undefined;
  if (known !== undefined) return known;
  const handles: FollowHandle[] = [];
  client.state.set('watches', handles);
  return handles;
}

/** The latest that this client has seen. */
function revisionOf(client: Client): number {
  return (client.state.get('revision') as number | undefined) ?? 1;
}

async function attempt(client: Client, call: () => Promise<{ readonly revision: number }>): Promise<void> {
  try {
    client.state.set('revision', Math.max(revisionOf(client), (await call()).revision));
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (!error.isRefusal) client.session.renew();
  }
}
