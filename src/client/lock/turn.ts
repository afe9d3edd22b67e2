import { asBuffer, equalBytes } from '../../base/index.js';
import { compare } from '../compare.js';
import type { CallOptions } from '../connection.js';
import type { Entry } from '../entry.js';
import { ClientError, passing } from '../errors.js';
import { bytesOf } from '../keys.js';
import type { Bytes, Keys } from '../keys.js';
import type { KeyValueStore } from '../kv.js';
import { leaseText } from '../lease/index.js';
import type { Lease, LeaseOptions } from '../lease/index.js';
import { backoffMs, pause } from '../pause.js';
import { op } from '../txn.js';
import type { TxnBuilder } from '../txn.js';
import type { Watch, WatchOptions } from '../watch/index.js';

/**
 * The recipe for locks and elections that etcd's clients share, so that all of them stand in the same line: whoever wants
 * a turn creates `<name>/<lease id in hexadecimal>`, hung on its lease; the key with the lowest create revision has the
 * turn; everyone else waits until the one right before it is gone, so that each release wakes one.
 */
export interface TurnSource {
  readonly store: Pick<KeyValueStore, 'page'>;
  readonly lease: (ttlSeconds: number, options?: LeaseOptions) => Promise<Lease>;
  readonly txn: () => TxnBuilder<[], []>;
  /** One that is sent again like a read. */
  readonly repeatableTxn: () => TxnBuilder<[], []>;
  readonly watchDeletes: (keys: Keys, options: WatchOptions) => Watch;
}

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

export function lineOf(name: Bytes): { readonly prefix: Uint8Array } {
  if (name.length === 0) throw new ClientError('invalid-argument', 'a lock or an election needs a name');
  return { prefix: Buffer.concat([bytesOf(name), Buffer.from('/')]) };
}

/** Undefined: somebody else has it, and `mayWait` is false. */
export async function takeTurn(
  source: TurnSource,
  wish: TurnWish,
  options: TurnOptions,
): Promise<Turn | undefined> {
  const { prefix } = lineOf(wish.name);
  const { ttlSeconds = ttlSecondsDefault, timeoutMs, signal } = options;
  const late = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
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
        await confirm(source, { key, revision: place.revision, wish, signal: whilst });
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

interface Entering {
  readonly key: Uint8Array;
  readonly prefix: Uint8Array;
  readonly value: Bytes;
  readonly lease: Lease;
  readonly isOwn: boolean;
  readonly signal: AbortSignal;
}

/**
 * Creates the key, or finds it there from before. Doing so twice does no harm with a lease of its own, which is revoked at
 * the end: a straggler cannot bring the key back.
 */
async function enter(
  { txn, repeatableTxn }: TurnSource,
  { key, prefix, value, lease, isOwn, signal }: Entering,
): Promise<{ readonly revision: number; readonly isFirst: boolean }> {
  const first = op.range({ prefix }, { sortBy: 'create', limit: 1 });
  const builder = isOwn ? repeatableTxn() : txn();
  const outcome = await builder
    .if(compare.missing(key))
    .then(op.put(key, value, { lease }), first)
    .else(op.get(key), first)
    .commit({ signal });
  const revision = outcome.succeeded ? outcome.revision : outcome.results[0]?.createRevision;
  const [owner] = outcome.results[1].entries;
  if (revision === undefined || owner === undefined)
    throw new ClientError('internal', 'the key is in its range');
  const mine = outcome.succeeded ? value : outcome.results[0]?.value;
  if (mine !== undefined && !equalBytes(bytesOf(mine), bytesOf(value))) {
    const again = txn()
      .if(compare.createRevision(key, '=', revision))
      .then(op.put(key, value, { lease }));
    await again.commit({ signal });
  }
  return { revision, isFirst: equalBytes(owner.key, key) };
}

async function waitForTurn(
  source: TurnSource,
  prefix: Uint8Array,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  const before = { maxCreateRevision: revision - 1, sortBy: 'create', order: 'descend', limit: 1 } as const;
  for (;;) {
    const page = await persist(() => source.store.page({ prefix }, { ...before, signal }), signal);
    const [predecessor] = page.entries;
    if (predecessor === undefined) return;
    await whenGone(source, predecessor, { seenAt: page.revision, signal });
  }
}

async function confirm(
  { store }: TurnSource,
  { key, revision, wish, signal }: Pick<Turn, 'key' | 'revision'> & { wish: TurnWish; signal: AbortSignal },
): Promise<void> {
  const { entries } = await persist(() => store.page(key, { signal }), signal);
  if (entries[0]?.createRevision === revision) return;
  throw new ClientError(wish.lostCode, `${wish.what}: somebody deleted its place in the line`);
}

/** Resolves when the key, as it was created then, is no more. */
async function whenGone(
  { store, watchDeletes }: TurnSource,
  { key, createRevision }: Pick<Entry, 'key' | 'createRevision'>,
  { seenAt, signal }: { readonly seenAt: number; readonly signal: AbortSignal },
): Promise<void> {
  for (let from = seenAt + 1; ;) {
    const watch = watchDeletes(key, { fromRevision: from, signal });
    try {
      for await (const event of watch) if (event.type === 'delete') return;
    } catch (error) {
      if (!(error instanceof ClientError && error.code === 'compacted')) throw error;
    }
    const page = await persist(() => store.page(key, { signal }), signal);
    if (page.entries[0]?.createRevision !== createRevision) return;
    from = page.revision + 1;
  }
}

/** Waiting lasts as long as it takes, so members may fail in the meantime. */
async function persist<Result>(read: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ClientError && passing.has(error.code)) || signal.aborted) throw error;
      await pause(backoffMs(attempt), signal);
    }
  }
}

function createRelease(source: TurnSource, lease: Lease, key: Uint8Array, isOwn: boolean): Turn['release'] {
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
function guard(source: TurnSource, { wish, key, revision, lease, release }: Guarded): Turn {
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
  if (late?.aborted === true) return new ClientError('timed-out', `${what}: others had it all the time`);
  if (lease?.signal.aborted === true)
    return new ClientError(lostCode, `${what}: its lease is over`, { cause: lease.signal.reason });
  return error;
}
