import type { CallOptions } from '../connection.js';
import { ClientError } from '../errors.js';
import type { Bytes } from '../keys.js';
import type { LineSource } from './line.js';
import { takeTurn } from './turn.js';
import type { Turn, TurnOptions } from './turn.js';

export type LockOptions = TurnOptions;

/** What is done under a lock. `fence` goes along with every request to what the lock protects: see docs/locks.md. */
export type LockedWork<Result> = (fence: number, signal: AbortSignal) => Promise<Result> | Result;

/** A lock that is held until it is released, or lost. */
export interface HeldLock extends AsyncDisposable {
  readonly key: Uint8Array;
  /** Grows from holder to holder: the key's create revision. */
  readonly fence: number;
  /** Aborts when the lock is lost or released; its reason says which. */
  readonly signal: AbortSignal;
  /** As far as this machine's clock can tell. To be asked right before something that depends on it. */
  readonly isHeld: boolean;
  /** Throws ClientError when nobody could be told; then it ends by itself with its lease. */
  release(options?: CallOptions): Promise<void>;
}

/** Locks by name. They work together with `etcdctl lock` and the locks of etcd's other clients. */
export interface Locks {
  /**
   * Waits for the lock, does the work, and releases it, whatever happens:
   *
   *     await client.lock('reports/nightly', async (fence, signal) => {
   *       const report = await compute({ signal });
   *       await storage.save(report, { fence });
   *     });
   *
   * `signal` aborts when the lock is lost: somebody else may have it now. Work that ends well after that rejects with
   * `lock-lost`, for it was not alone. Throws `timed-out` after `timeoutMs` of waiting; nothing was done then.
   */
  lock<Result>(name: Bytes, work: LockedWork<Result>, options?: LockOptions): Promise<Result>;
  /** The same if nobody has the lock now; otherwise the work is not begun. */
  tryLock<Result>(
    name: Bytes,
    work: LockedWork<Result>,
    options?: LockOptions,
  ): Promise<{ readonly acquired: true; readonly result: Result } | { readonly acquired: false }>;
  /** Waits for the lock and leaves its release to the caller: `await using lock = await client.acquire('x')`. */
  acquire(name: Bytes, options?: LockOptions): Promise<HeldLock>;
  /** The same if nobody has the lock now. Undefined: somebody has. */
  tryAcquire(name: Bytes, options?: LockOptions): Promise<HeldLock | undefined>;
}

export function createLocks(source: LineSource): Locks {
  const wish = { what: 'lock', lostCode: 'lock-lost', value: '' } as const;

  async function acquire(name: Bytes, options: LockOptions = {}): Promise<Turn> {
    const turn = await takeTurn(source, { ...wish, name, mayWait: true }, options);
    if (turn === undefined) throw new ClientError('internal', 'lock: who waits gets it');
    return turn;
  }

  return {
    async lock(name, work, options) {
      return workUnder(await acquire(name, options), work);
    },
    async tryLock(name, work, options = {}) {
      const turn = await takeTurn(source, { ...wish, name, mayWait: false }, options);
      return turn === undefined
        ? { acquired: false }
        : { acquired: true, result: await workUnder(turn, work) };
    },
    async acquire(name, options) {
      return heldLock(await acquire(name, options));
    },
    async tryAcquire(name, options = {}) {
      const turn = await takeTurn(source, { ...wish, name, mayWait: false }, options);
      return turn === undefined ? undefined : heldLock(turn);
    },
  };
}

function heldLock(turn: Turn): HeldLock {
  return {
    key: turn.key,
    fence: turn.revision,
    signal: turn.signal,
    get isHeld() {
      return turn.isHeld;
    },
    release: (call) => turn.release(call),
    [Symbol.asyncDispose]: () => turn.release(),
  };
}

async function workUnder<Result>(turn: Turn, work: LockedWork<Result>): Promise<Result> {
  try {
    const result = await work(turn.revision, turn.signal);
    if (turn.isHeld) return result;
    const message =
      'lock: it was lost before the work was done; somebody else may have worked at the same time';
    throw new ClientError('lock-lost', message, { cause: turn.signal.reason });
  } finally {
    // If nobody can be told, it ends with its lease, which is renewed no more.
    await turn.release().catch(() => undefined);
  }
}
