import { QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import type { Member, WatchEvent, WatchRequest } from '../member/index.js';
import type { Caller, KeyRange, KeyValue, RangeRequest, Revision } from '../mvcc/index.js';

/*
 * Waiting for one's turn among the keys below a prefix, oldest first: the recipe that locks and elections share, here and
 * in every client of etcd. Each watches only the one before it, so that a release wakes one waiter, not all.
 */

/** Every key that begins with the prefix, which must not be empty. */
export function keysBelow(prefix: Key): KeyRange {
  const last = prefix.search(/[^\u00ff]\u00ff*$/);
  if (last < 0) return { key: prefix, rangeEnd: '\0' };
  return { key: prefix, rangeEnd: prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1) };
}

/** A range with nothing special about it, to be spread and altered. */
export const plainRange = {
  type: 'range',
  limit: 0,
  revision: 0,
  sortOrder: 'none',
  sortTarget: 'key',
  serializable: false,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
} as const satisfies Omit<RangeRequest, 'key' | 'rangeEnd'>;

/** Whose turn it is below the prefix. */
export function firstBelow(prefix: Key): RangeRequest {
  return { ...plainRange, ...keysBelow(prefix), limit: 1, sortOrder: 'ascend', sortTarget: 'create' };
}

/** What a call is made with. */
export interface Waiting {
  readonly member: Member;
  readonly caller: Caller;
  /** Ends the wait with `canceled`. */
  readonly signal: AbortSignal;
}

/** Resolves, with the store's revision then, once no key below the prefix was created before `createRevision`. */
export async function waitForTurn(
  waiting: Waiting,
  prefix: Key,
  createRevision: Revision,
): Promise<Revision> {
  const predecessors: RangeRequest = {
    ...plainRange,
    ...keysBelow(prefix),
    limit: 1,
    sortOrder: 'descend',
    sortTarget: 'create',
    maxCreateRevision: createRevision - 1,
  };
  for (;;) {
    const { kvs, revision } = await waiting.member.range(predecessors, waiting.caller);
    const [last] = kvs;
    if (last === undefined) return revision;
    await nextEvent(waiting, { key: last.key, rangeEnd: null, noPut: true }, revision);
  }
}

/** The first event of the range after `revision`. Errors: `compacted`, `canceled`, or what ends a watch. */
export async function nextEvent(
  { member, caller, signal }: Waiting,
  range: KeyRange & { readonly noPut?: boolean; readonly noDelete?: boolean },
  revision: Revision,
): Promise<WatchEvent> {
  const request: WatchRequest = {
    noPut: false,
    noDelete: false,
    ...range,
    startRevision: revision + 1,
    prevKv: false,
  };
  if (signal.aborted) throw new QuorateError('canceled');
  let stop = (): void => undefined;
  try {
    return await new Promise<WatchEvent>((resolve, reject) => {
      const cancel = (): void => reject(new QuorateError('canceled'));
      const watcher = member.watches.watch(
        request,
        {
          events([first]) {
            if (first !== undefined) resolve(first);
            return true;
          },
          compacted: () => reject(new QuorateError('compacted')),
          ended: (error) => reject(new QuorateError(error)),
        },
        caller,
      );
      signal.addEventListener('abort', cancel, { once: true });
      stop = () => {
        signal.removeEventListener('abort', cancel);
        watcher.cancel();
      };
    });
  } finally {
    stop();
  }
}

/** The key of one that waits below the prefix. The lease tells the waiters apart, in hexadecimal as etcd writes it. */
export function turnKey(prefix: Key, lease: bigint): Key {
  return prefix + (lease < 0n ? `-${(-lease).toString(16)}` : lease.toString(16));
}

/** The value at the front, or null. */
export async function leaderBelow(
  { member, caller }: Waiting,
  prefix: Key,
): Promise<{ readonly leader: KeyValue | null; readonly revision: Revision }> {
  const { kvs, revision } = await member.range(firstBelow(prefix), caller);
  return { leader: kvs[0] ?? null, revision };
}

const leaseTtlSeconds = 60;

/** The lease that a waiter names, or a new one of a minute, as etcd grants it. */
export async function leaseOf({ member, caller }: Waiting, lease: bigint): Promise<bigint> {
  if (lease !== 0n) return lease;
  return (await member.leases.grant({ id: 0n, ttlSeconds: leaseTtlSeconds }, caller)).id;
}
