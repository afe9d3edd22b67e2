import { equalBytes } from '../../base/index.js';
import { compare } from '../compare.js';
import type { Entry } from '../entry.js';
import { ClientError, passing } from '../errors.js';
import { bytesOf } from '../keys.js';
import type { Bytes, Keys } from '../keys.js';
import type { KeyValueStore } from '../kv.js';
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
export interface LineSource {
  readonly store: Pick<KeyValueStore, 'page'>;
  readonly lease: (ttlSeconds: number, options?: LeaseOptions) => Promise<Lease>;
  readonly txn: () => TxnBuilder<[], []>;
  /** One that is sent again like a read. */
  readonly repeatableTxn: () => TxnBuilder<[], []>;
  readonly watchDeletes: (keys: Keys, options: WatchOptions) => Watch;
}

export function lineOf(name: Bytes): { readonly prefix: Uint8Array } {
  if (name.length === 0) throw new ClientError('invalid-argument', 'a lock or an election needs a name');
  return { prefix: Buffer.concat([bytesOf(name), Buffer.from('/')]) };
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
export async function enter(
  { txn, repeatableTxn }: LineSource,
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

export async function waitForTurn(
  source: LineSource,
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

/** Whether the key is there, as it was created then. */
export async function isStillThere(
  { store }: LineSource,
  { key, createRevision }: Pick<Entry, 'key' | 'createRevision'>,
  signal: AbortSignal,
): Promise<boolean> {
  const { entries } = await persist(() => store.page(key, { signal }), signal);
  return entries[0]?.createRevision === createRevision;
}

/** Resolves when the key, as it was created then, is no more. */
export async function whenGone(
  { store, watchDeletes }: LineSource,
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
