import { seededRandom } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import type {
  Call,
  Compare,
  History,
  Kv,
  Request,
  Response,
  WatchEntry,
  WatchEvent,
  WatchLog,
} from '../../../jepsen-like/history/index.js';
import { endUs, historyOf, legalHistory, usualShape } from './legal.js';
import type { Model, Shape } from './legal.js';

/** A change, and when it was made. */
interface Made {
  readonly revision: number;
  readonly atUs: number;
  readonly events: readonly WatchEvent[];
}

/** A store of a few keys in memory, with all that was ever there: etcd's rules of revisions, and nothing else. */
interface Store {
  readonly model: Model<Request, Response>;
  readonly made: readonly Made[];
}

const keys = ['a', 'b', 'c'];
type State = ReadonlyMap<string, Kv>;

function createStore(nowUs: () => number): Store {
  const states: State[] = [new Map(), new Map()];
  const made: Made[] = [];

  function change(apply: (state: Map<string, Kv>, revision: number) => readonly WatchEvent[]): number {
    const revision = states.length;
    const state = new Map(states[revision - 1]);
    const events = apply(state, revision);
    if (events.length === 0) return revision - 1;
    states.push(state);
    made.push({ revision, atUs: nowUs(), events });
    return revision;
  }

  function put(
    state: Map<string, Kv>,
    revision: number,
    { key, value, lease }: { key: string; value: string; lease: string },
  ): WatchEvent {
    const previous = state.get(key) ?? null;
    const createRevision = previous?.createRevision ?? revision;
    const kv = {
      key,
      value,
      lease,
      createRevision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
    };
    state.set(key, kv);
    return { type: 'put', kv, previous };
  }

  function remove(state: Map<string, Kv>, revision: number, key: string): readonly WatchEvent[] {
    const previous = state.get(key);
    if (previous === undefined) return [];
    state.delete(key);
    const kv = { key, value: '', lease: '0', createRevision: 0, modRevision: revision, version: 0 };
    return [{ type: 'delete', kv, previous }];
  }

  function range(request: Extract<Request, { type: 'range' }>, state: State, revision: number): Response {
    const found = [...state.values()]
      .filter(({ key }) =>
        request.rangeEnd === '' ? key === request.key : key >= request.key && key < request.rangeEnd,
      )
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const kvs = request.limit > 0 ? found.slice(0, request.limit) : found;
    return { type: 'range', revision, kvs, count: found.length, more: found.length > kvs.length };
  }

  function txn(request: Extract<Request, { type: 'txn' }>): Response {
    const current = states.at(-1) ?? new Map<string, Kv>();
    const succeeded = request.compare.every((compare) => isTrue(compare, current.get(compare.key)));
    const responses: Response[] = [];
    const revision = change((state, next) =>
      (succeeded ? request.success : request.failure).flatMap((step): readonly WatchEvent[] => {
        if (step.type === 'range') {
          responses.push(range(step, state, next));
          return [];
        }
        const events = step.type === 'put' ? [put(state, next, step)] : remove(state, next, step.key);
        responses.push(
          step.type === 'put'
            ? { type: 'put', revision: next }
            : { type: 'delete', revision: next, deleted: events.length },
        );
        return events;
      }),
    );
    return { type: 'txn', revision, succeeded, responses };
  }

  return {
    made,
    model: {
      draw: (random, nth) => drawRequest(random, nth, states),
      execute(request) {
        if (request.type === 'put')
          return { type: 'put', revision: change((state, revision) => [put(state, revision, request)]) };
        if (request.type === 'delete') {
          let deleted = 0;
          const revision = change((state, next) => {
            const gone =
              request.rangeEnd === ''
                ? [request.key]
                : [...state.keys()].filter((key) => key >= request.key).sort();
            const events = gone.flatMap((key) => remove(state, next, key));
            deleted = events.length;
            return events;
          });
          return { type: 'delete', revision, deleted };
        }
        if (request.type === 'txn') return txn(request);
        if (request.type !== 'range') return null;
        const latest = states.length - 1;
        // A member that lags behind: serializable reads may be as old as they like.
        const now = request.serializable ? Math.max(1, latest - ((request.key.length + latest) % 3)) : latest;
        if (request.revision > now) return null;
        return range(request, states[request.revision > 0 ? request.revision : now] ?? new Map(), now);
      },
    },
  };
}

function isTrue({ target, operand }: Compare, kv: Kv | undefined): boolean {
  if (target === 'value') return kv?.value === operand;
  return String(kv?.modRevision ?? 0) === operand;
}

function drawRequest(random: Random, nth: number, states: readonly State[]): Request {
  const key = keys[random.below(keys.length)] ?? 'a';
  const put = (name: string) => ({ type: 'put', key: name, value: `v${nth}`, lease: '0' }) as const;
  const get = { type: 'range', key, rangeEnd: '', revision: 0, limit: 0, serializable: false } as const;
  const kind = random.below(20);
  if (kind < 6) return put(key);
  if (kind < 8) return { type: 'delete', key, rangeEnd: random.chance(0.2) ? 'z' : '' };
  if (kind < 12) return get;
  if (kind < 13) return { ...get, serializable: true };
  if (kind < 14) return { ...get, revision: 1 + random.below(states.length) };
  if (kind < 16) return { ...get, key: 'a', rangeEnd: 'z', limit: random.below(3) };
  const current = states.at(-1)?.get(key);
  const compare: Compare =
    current !== undefined && random.chance(0.5)
      ? { key, target: 'value', sign: '=', operand: current.value }
      : {
          key,
          target: 'mod',
          sign: '=',
          operand: String(random.chance(0.3) ? 1 : (current?.modRevision ?? 0)),
        };
  const other = keys[random.below(keys.length)] ?? 'a';
  const both =
    other === key ? [get, put(key)] : [get, put(key), { type: 'delete', key: other, rangeEnd: '' } as const];
  return { type: 'txn', compare: [compare], success: both, failure: [get, { ...get, key: other }] };
}

export interface StoreShape extends Partial<Omit<Shape, 'seed'>> {
  readonly watches?: number;
}

/** What clients of a correct store see, watches included. */
export function legalStore(seed: number, { watches = 0, ...shape }: StoreShape = {}): History {
  let nowUs = 0;
  const store = createStore(() => nowUs);
  const done = legalHistory(store.model, { ...usualShape, ...shape, seed }, (atUs) => (nowUs = atUs));
  const calls = done.map(({ id, process, invokedUs, completedUs, intent, outcome }): Call => ({
    id,
    process,
    member: 'm1',
    invokedUs,
    completedUs,
    request: intent,
    outcome,
  }));
  const random = seededRandom(seed + 1);
  const end = Math.max(endUs(calls), ...store.made.map(({ atUs }) => atUs));
  return historyOf({
    calls,
    watches: Array.from({ length: watches }, (_, id) => legalWatch(id, random, store.made, end)),
  });
}

/** Follows what was made, in batches, some time after it was; now and then it is told how far it has come. */
function legalWatch(id: number, random: Random, made: readonly Made[], lastUs: number): WatchLog {
  const isAll = random.chance(0.6);
  const key = isAll ? 'a' : (keys[random.below(keys.length)] ?? 'a');
  const rangeEnd = isAll ? 'z' : '';
  const filter = random.below(5);
  const [noPut, noDelete, prevKv] = [filter === 0, filter === 1, random.chance(0.5)];
  const begin = random.below(made.length + 1);
  const startRevision = random.chance(0.3) ? 0 : begin + 2;
  const entries: WatchEntry[] = [];
  let atUs = made[begin - 1]?.atUs ?? 0;
  entries.push({ atUs, type: 'created', revision: begin + 1 });
  let waiting: WatchEvent[] = [];
  for (const { revision, atUs: madeUs, events } of made.slice(begin)) {
    atUs = Math.max(atUs, madeUs + random.below(4));
    waiting.push(
      ...events
        .filter(({ type, kv }) => (isAll || kv.key === key) && !(type === 'put' ? noPut : noDelete))
        .map((event) => (prevKv ? event : { ...event, previous: null })),
    );
    if (random.chance(0.3)) continue;
    if (waiting.length > 0) entries.push({ atUs, type: 'events', revision, events: waiting });
    waiting = [];
    if (random.chance(0.2)) entries.push({ atUs, type: 'progress', revision });
  }
  // What it did not come to say before it ended is nobody's fault.
  entries.push({ atUs: Math.max(atUs, lastUs), type: 'ended', reason: 'canceled' });
  return {
    id,
    process: 100 + id,
    member: 'm1',
    key,
    rangeEnd,
    startRevision,
    prevKv,
    noPut,
    noDelete,
    requestedUs: 0,
    entries,
    resumes: null,
  };
}

/** The same with one call's answer changed. */
export function withCall(history: History, id: number, change: (call: Call) => Call): History {
  return { ...history, calls: history.calls.map((call) => (call.id === id ? change(call) : call)) };
}

export function withWatch(history: History, id: number, entries: readonly WatchEntry[]): History {
  return { ...history, watches: history.watches.map((log) => (log.id === id ? { ...log, entries } : log)) };
}
