import { asBuffer } from '../../base/index.js';
import { compare } from '../compare.js';
import type { CallOptions } from '../connection.js';
import { ClientError } from '../errors.js';
import type { Bytes } from '../keys.js';
import { leaseText } from '../lease/index.js';
import type { Lease } from '../lease/index.js';
import { op } from '../txn.js';
import { enter, isStillThere, lineOf, waitForTurn, whenGone } from './line.js';
import type { LineSource } from './line.js';

export interface TurnOptions {
  /** How long it outlives a holder that has died. Default 15 seconds. */
  readonly ttlSeconds?: number | undefined;
  /** Hang it on this lease, in place of one of its own. It is not revoked at the end. */
  readonly lease?: Lease | undefined;
  /** How long to wait for it. Default: for ever. */
  readonly timeoutMs?: number | undefined;
  /** Aborting gives up waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** A turn that is somebody's. */
export interface Turn {
  readonly key: Uint8Array;
  /** The key's create revision, higher than that of every turn before it. */
  readonly revision: number;
  readonly lease: Lease;
  /** Aborts when the turn is lost, or over. Its reason is a ClientError. */
  readonly signal: AbortSignal;
  /** As far as this machine's clock can tell. */
  readonly isHeld: boolean;
  /** Ends it. Throws ClientError when nobody could be told; then it ends with its lease. */
  release(options?: CallOptions): Promise<void>;
}

export interface TurnWish {
  /** As messages name it: `lock`. */
  readonly what: string;
  readonly lostCode: 'lock-lost' | 'leadership-lost';
  readonly name: Bytes;
  readonly value: Bytes;
  readonly mayWait: boolean;
}

const ttlSecondsDefault = 15;

/** Undefined: somebody else has it, and `mayWait` is false. */
export async function takeTurn(
  source: LineSource,
  wish: TurnWish,
  options: TurnOptions,
): Promise<Turn | undefined> {
  const { prefix } = lineOf(wish.name);
  const { ttlSeconds = ttlSecondsDefault, timeoutMs, signal } = options;
  const late = timeoutMs === undefined || timeoutMs === Infinity ? undefined : AbortSignal.timeout(timeoutMs);
  const patience = AbortSignal.any([late, signal].filter((each) => each !== undefined));
  const isOwn = options.lease === undefined;
  let turn: Turn | undefined;
  try {
    const lease = options.lease ?? (await source.lease(ttlSeconds, { signal: patience }));
    const key = Buffer.concat([prefix, Buffer.from(leaseText(lease.id))]);
    const whilst = AbortSignal.any([patience, lease.signal]);
    const release = createRelease(source, lease, key, isOwn);
    try {
      const place = await enter(source, { key, prefix, value: wish.value, lease, isOwn, signal: whilst });
      if (!place.isFirst) {
        if (!wish.mayWait) return undefined;
        await waitForTurn(source, prefix, place.revision, whilst);
        if (!(await isStillThere(source, { key, createRevision: place.revision }, whilst)))
          throw new ClientError(wish.lostCode, `${wish.what}: somebody deleted its place in the line`);
      }
      whilst.throwIfAborted();
      turn = guard(source, { wish, key, revision: place.revision, lease, release });
    } finally {
      if (turn === undefined) await release({}).catch(() => undefined);
    }
  } catch (error) {
    throw whyNot(error, wish, { late, signal, lease: options.lease });
  }
  return turn;
}

function createRelease(source: LineSource, lease: Lease, key: Uint8Array, isOwn: boolean): Turn['release'] {
  return async (options) => {
    if (isOwn) await lease.revoke(options);
    else
      await source
        .repeatableTxn()
        .if(compare.lease(key, '=', lease))
        .then(op.delete(key))
        .commit(options);
  };
}

interface Guarded extends Pick<Turn, 'key' | 'revision' | 'lease' | 'release'> {
  readonly wish: TurnWish;
}

/** Watches over the turn until it is released: it ends with its lease, and with its key. */
function guard(source: LineSource, { wish, key, revision, lease, release }: Guarded): Turn {
  const over = new AbortController();
  const onLeaseLost = (): void => lose(lease.signal.reason, 'its lease is over');
  lease.signal.addEventListener('abort', onLeaseLost);
  const { signal } = over;
  whenGone(source, { key, createRevision: revision }, { seenAt: revision, signal }).then(
    () => lose(undefined, 'somebody deleted its key'),
    (error: unknown) => lose(error, 'it can be watched no more'),
  );

  function lose(cause: unknown, why: string): void {
    end(new ClientError(wish.lostCode, `${wish.what} ${asBuffer(key).toString('utf8')}: ${why}`, { cause }));
  }

  function end(reason: ClientError): void {
    lease.signal.removeEventListener('abort', onLeaseLost);
    if (!over.signal.aborted) over.abort(reason);
  }

  return {
    key,
    revision,
    lease,
    signal,
    get isHeld() {
      return !over.signal.aborted && lease.isAlive;
    },
    async release(options) {
      end(new ClientError('canceled', `${wish.what}: released`));
      await release(options);
    },
  };
}

interface Circumstances {
  readonly late: AbortSignal | undefined;
  readonly signal: AbortSignal | undefined;
  readonly lease: Lease | undefined;
}

function whyNot(
  error: unknown,
  { what, lostCode }: TurnWish,
  { late, signal, lease }: Circumstances,
): unknown {
  if (signal?.aborted === true)
    return new ClientError('canceled', `${what}: aborted`, { cause: signal.reason });
  if (late?.aborted === true) return new ClientError('timed-out', `${what}: not acquired in time`);
  if (lease?.signal.aborted === true)
    return new ClientError(lostCode, `${what}: its lease is over`, { cause: lease.signal.reason });
  return error;
}
