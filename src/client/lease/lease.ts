import { ClientError } from '../errors.js';
import { createDeferred } from '../deferred.js';
import { timerMsMax } from './keeper.js';
import type { KeptLease, LeaseKeeper } from './keeper.js';
import type { CallOptions } from '../connection.js';

/** What a member knows of a lease. */
export interface LeaseTime {
  /** Left, in whole seconds. */
  readonly ttlSeconds: number;
  /** What each renewal gives. */
  readonly grantedSeconds: number;
  /** Only if asked for. */
  readonly keys: readonly Uint8Array[];
}

/**
 * A time that is renewed for as long as this program runs and reaches the cluster; keys that hang on it go with it:
 *
 *     await using lease = await client.lease(10);
 *     await client.put('workers/7', 'alive', { lease });
 *     await work({ signal: lease.signal });
 *
 * A lease counts as lost when no renewal was confirmed within its time by this machine's clock, whether or not a member
 * answers: then it may have ended, and others may act on that. It keeps the process running until it is over.
 */
export interface Lease extends AsyncDisposable {
  readonly id: bigint;
  /** What was granted, and is given by each renewal: at least what was asked for. */
  readonly ttlSeconds: number;
  /** False as soon as it may have ended. To be asked right before something that depends on it. */
  readonly isAlive: boolean;
  /** Aborts when the lease is over; its reason is the error of `lost`. */
  readonly signal: AbortSignal;
  /**
   * Resolves when the lease is over, and says why: `lease-lost`, `permission-denied`, or `canceled` by `revoke` or the
   * client's `close`. Never rejects.
   */
  readonly lost: Promise<ClientError>;
  /** Ends it and deletes its keys. Fine if it is over. `await using` does the same. */
  revoke(options?: CallOptions): Promise<void>;
  /** Undefined: there is no such lease any more. */
  timeToLive(options?: CallOptions & { readonly keys?: boolean }): Promise<LeaseTime | undefined>;
}

export interface LeaseParts {
  readonly id: bigint;
  readonly ttlSeconds: number;
  /** By the monotonic clock: before the lease was asked for. */
  readonly askedAtMs: number;
  readonly keeper: LeaseKeeper;
  readonly revoke: (options?: CallOptions) => Promise<void>;
  readonly timeToLive: Lease['timeToLive'];
}

export function createLease({ id, ttlSeconds, askedAtMs, keeper, revoke, timeToLive }: LeaseParts): Lease {
  const controller = new AbortController();
  const lost = createDeferred<ClientError>();
  /** The member counts from a later time: it cannot end the lease before this. */
  let deadlineMs = askedAtMs + ttlSeconds * 1000;
  let timer = setTimeout(checkDeadline, 0);

  const kept: KeptLease = {
    id,
    renewed(sentAtMs, seconds) {
      checkDeadline();
      if (seconds > 0) deadlineMs = Math.max(deadlineMs, sentAtMs + seconds * 1000);
      else end(new ClientError('lease-lost', `lease ${text(id)}: it has ended, or somebody revoked it`));
    },
    failed: end,
  };

  function checkDeadline(): void {
    if (controller.signal.aborted) return;
    const leftMs = deadlineMs - performance.now();
    clearTimeout(timer);
    if (leftMs > 0) timer = setTimeout(checkDeadline, Math.min(timerMsMax, Math.ceil(leftMs)));
    else end(new ClientError('lease-lost', `lease ${text(id)}: not renewed within ${ttlSeconds} s`));
  }

  function end(reason: ClientError): void {
    if (controller.signal.aborted) return;
    clearTimeout(timer);
    keeper.forget(kept);
    lost.resolve(reason);
    controller.abort(reason);
  }

  const lease: Lease = {
    id,
    ttlSeconds,
    get isAlive() {
      return !controller.signal.aborted && performance.now() < deadlineMs;
    },
    signal: controller.signal,
    lost: lost.promise,
    async revoke(options) {
      end(new ClientError('canceled', `lease ${text(id)}: revoked by this program`));
      await revoke(options);
    },
    timeToLive,
    [Symbol.asyncDispose]: () => lease.revoke(),
  };
  keeper.keep(kept, ttlSeconds);
  checkDeadline();
  return lease;
}

/** As etcdctl prints it, and as keys of locks end. */
export function text(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16);
}
