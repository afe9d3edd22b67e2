import { keyOf } from '../../base/index.js';
import { compare } from '../compare.js';
import type { CallOptions } from '../connection.js';
import type { Entry } from '../entry.js';
import { ClientError } from '../errors.js';
import type { Bytes } from '../keys.js';
import type { KeyValueStore } from '../kv.js';
import { op } from '../txn.js';
import type { Watch } from '../watch/index.js';
import type { ChangeEvent, StateEvent } from '../watch/index.js';
import { lineOf } from './line.js';
import type { LineSource } from './line.js';
import { takeTurn } from './turn.js';
import type { TurnOptions } from './turn.js';

export type CampaignOptions = TurnOptions;

/** Being the leader, until resigned from or lost. */
export interface Leadership extends AsyncDisposable {
  readonly key: Uint8Array;
  /** Grows from leader to leader: the fencing token for what only a leader may do. */
  readonly revision: number;
  /** Aborts when the leadership is lost or resigned from. */
  readonly signal: AbortSignal;
  /** As far as this machine's clock can tell. */
  readonly isHeld: boolean;
  /** Says something new as the leader. Throws `leadership-lost`. */
  proclaim(value: Bytes, options?: CallOptions): Promise<void>;
  /** Makes room for the next one. `await using` does the same. */
  resign(options?: CallOptions): Promise<void>;
}

/**
 * One of several leads, and says something that all can read:
 *
 *     const leadership = await client.election('scheduler').campaign('10.0.0.7:8080');
 *     await schedule({ signal: leadership.signal });
 *
 * It works together with `etcdctl elect` and the elections of etcd's other clients.
 */
export interface Election {
  readonly name: Bytes;
  /** Waits until this program leads. Throws `timed-out` after `timeoutMs`. */
  campaign(value: Bytes, options?: CampaignOptions): Promise<Leadership>;
  /** What the leader said last: its `text`. Undefined: nobody leads. */
  leader(options?: CallOptions): Promise<Entry | undefined>;
  /** What the leader says, now and whenever it, or the leader, changes; every word of it. */
  observe(options?: { readonly signal?: AbortSignal }): AsyncIterable<Entry>;
}

export interface ElectionSource extends LineSource {
  readonly store: Pick<KeyValueStore, 'page'>;
  readonly watchState: (
    keys: { readonly prefix: Bytes },
    signal: AbortSignal | undefined,
  ) => Watch<ChangeEvent | StateEvent>;
}

export function createElection(source: ElectionSource, name: Bytes): Election {
  const line = lineOf(name);

  async function campaign(value: Bytes, options: CampaignOptions = {}): Promise<Leadership> {
    const wish = { what: 'election', lostCode: 'leadership-lost', name, value, mayWait: true } as const;
    const turn = await takeTurn(source, wish, options);
    if (turn === undefined) throw new ClientError('internal', 'election: who waits leads');
    const { key, revision, signal, lease } = turn;
    return {
      key,
      revision,
      signal,
      get isHeld() {
        return turn.isHeld;
      },
      async proclaim(next, call) {
        const isStill = compare.createRevision(key, '=', revision);
        const outcome = await source
          .txn()
          .if(isStill)
          .then(op.put(key, next, { lease }))
          .commit(call);
        if (!outcome.succeeded) throw new ClientError('leadership-lost', 'proclaim: no longer the leader');
      },
      resign: (call) => turn.release(call),
      [Symbol.asyncDispose]: () => turn.release(),
    };
  }

  async function* observe({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<
    Entry,
    void,
    undefined
  > {
    let candidates = new Map<string, Entry>();
    let last: Entry | undefined;
    for await (const { events } of source.watchState(line, signal).batches()) {
      for (const event of events) {
        if (event.type === 'state')
          candidates = new Map(event.entries.map((entry) => [keyOf(entry.key), entry]));
        else if (event.type === 'put') candidates.set(keyOf(event.key), event.entry);
        else candidates.delete(keyOf(event.key));
      }
      const leader = firstOf(candidates.values());
      if (leader !== undefined && leader.modRevision !== last?.modRevision) yield leader;
      last = leader;
    }
  }

  return {
    name,
    campaign,
    async leader(options) {
      const page = await source.store.page(line, { ...options, sortBy: 'create', limit: 1 });
      return page.entries[0];
    },
    observe,
  };
}

function firstOf(candidates: Iterable<Entry>): Entry | undefined {
  let first: Entry | undefined;
  for (const entry of candidates) {
    if (first === undefined || entry.createRevision < first.createRevision) first = entry;
  }
  return first;
}
