import { QuorateError } from '../../base/index.js';
import type { LeaseId } from '../../mvcc/index.js';
import type { Calls } from '../calls.js';
import { requestTimeoutMs } from '../config.js';
import type { MemberContext } from '../context.js';

const batchSizeMax = 1000;
const batchesInFlightMax = 4;
const waitingMax = 100_000;
/** A lease that has expired is asked for again until it is gone. */
const blockedRetryMs = 100;

interface Waiter {
  readonly id: LeaseId;
  readonly deadlineMs: number;
  readonly resolve: (ttlSeconds: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Renewals on their way to the leader: all that come in one turn, or while others are under way, go together. So ten
 * thousand clients of a follower cost a few calls, and each batch one round to confirm that the leader leads.
 */
export interface Renewals {
  /** The TTL, begun anew; 0: there is no such lease. Errors: see Calls.askLeader. */
  renew(id: LeaseId): Promise<number>;
}

export function createRenewals({
  config,
  env,
  calls,
}: Pick<MemberContext, 'config' | 'env'> & { readonly calls: Calls }): Renewals {
  let queue: Waiter[] = [];
  let waiting = 0;
  let inFlight = 0;
  let pumping = false;

  function enqueue(waiter: Waiter): void {
    queue.push(waiter);
    if (pumping) return;
    pumping = true;
    env.soon(() => {
      pumping = false;
      pump();
    });
  }

  function pump(): void {
    while (queue.length > 0 && inFlight < batchesInFlightMax) {
      const batch = queue.slice(0, batchSizeMax);
      queue = queue.slice(batchSizeMax);
      inFlight += 1;
      ask(batch).then(landed, landed);
    }
  }

  function landed(): void {
    inFlight -= 1;
    pump();
  }

  /** Each waiter hears for itself. */
  async function ask(batch: readonly Waiter[]): Promise<void> {
    try {
      const ids = batch.map(({ id }) => String(id));
      const ttls = await calls.askLeader('renew-leases', ids, { repeatable: true });
      batch.forEach((waiter, place) => settle(waiter, ttls[place] ?? 0));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function settle(waiter: Waiter, ttlSeconds: number): void {
    if (ttlSeconds >= 0) waiter.resolve(ttlSeconds);
    else if (env.monotonicMs() >= waiter.deadlineMs) waiter.reject(new QuorateError('timed-out'));
    else env.after(blockedRetryMs, () => enqueue(waiter));
  }

  return {
    async renew(id) {
      if (waiting >= waitingMax) throw new QuorateError('too-many-requests');
      waiting += 1;
      try {
        return await new Promise<number>((resolve, reject) => {
          enqueue({ id, deadlineMs: env.monotonicMs() + requestTimeoutMs(config), resolve, reject });
        });
      } finally {
        waiting -= 1;
      }
    },
  };
}
