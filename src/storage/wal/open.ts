import type { OrderedStore } from '../kv.js';
import { logCorrupt } from './damage.js';
import { identityKey, snapshotKey } from './format.js';
import { headOperation } from './plan.js';
import type { StoredLog } from './plan.js';
import { readLog } from './reader.js';
import type { ReadLog } from './reader.js';
import { encodeIdentity, encodeSnapshot } from './records.js';
import type { Wal, WalContents, WalGenesis, WalOptions } from './types.js';
import { createWriter } from './writer.js';

/**
 * Opens the log in the store, or makes a new one there if the store is empty. The log owns the store from now on, unless
 * this throws.
 *
 * Throws `wrong-cluster` if the log is another member's, and `storage-corrupt` if anything that was ever durable in it
 * is not there as it was written. That needs no more than its own word, with these exceptions: the last batches may be
 * lost together with all trace of them (`Wal.settle` makes that rare, `knownDurableIndex` finds it), and a log that is
 * whole but of an earlier time (a restored folder), with an earlier term and vote, cannot be told from a current one.
 */
export async function openWal(
  store: OrderedStore,
  genesis: WalGenesis,
  options: WalOptions = {},
): Promise<{ readonly wal: Wal; readonly contents: WalContents }> {
  const { mayCreate = true, knownDurableIndex = 0 } = options;
  const { identity } = genesis;
  const found = await readLog(store, identity);
  if (found === null && (!mayCreate || knownDurableIndex > 0))
    throw logCorrupt(identity, null, 'it is empty, but the member has run before');
  const { contents, log, garbage, tornKeys } = found ?? (await createLog(store, genesis));
  const last = contents.entries.at(-1)?.index ?? contents.snapshot.index;
  if (last < knownDurableIndex) {
    throw logCorrupt(
      identity,
      last + 1,
      `the log ends before it, but was durable up to index ${knownDurableIndex}`,
    );
  }
  if (tornKeys.length > 0) {
    await store.write(
      tornKeys.map((key) => ({ type: 'del', key })),
      { sync: true },
    );
  }
  return { wal: createWriter({ store, identity, log, garbage }), contents };
}

async function createLog(store: OrderedStore, genesis: WalGenesis): Promise<ReadLog> {
  const { identity, configuration, stateStore } = genesis;
  const sealed = encodeIdentity(identity);
  const meta = { index: 0, term: 0, configuration };
  const snapshot = { meta, stateStore, chainFirst: 1, chainStart: sealed.digest };
  const { value, digest } = encodeSnapshot(snapshot);
  const hardState = { term: 0, vote: null, commit: 0 };
  const log: StoredLog = { snapshot, snapshotDigest: digest, hardState, blocks: [] };
  await store.write(
    [
      { type: 'put', key: identityKey, value: sealed.value },
      { type: 'put', key: snapshotKey, value },
      headOperation(log),
    ],
    { sync: true },
  );
  const contents = { identity, hardState, snapshot: meta, stateStore, entries: [], tornEntries: 0 };
  return { contents, log, garbage: [], tornKeys: [] };
}
