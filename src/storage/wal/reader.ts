import { emptyBytes, equalBytes, QuorateError } from '../../base/index.js';
import type { Entry } from '../../raft/index.js';
import type { OrderedStore, StoreEntry } from '../kv.js';
import { logCorrupt } from './damage.js';
import {
  blockKey,
  blockKeysEnd,
  decodeBlock,
  firstOfBlockKey,
  headKey,
  identityKey,
  snapshotKey,
} from './format.js';
import type { Block, Decoded } from './format.js';
import type { BlockReference, StoredLog } from './plan.js';
import { decodeHead, decodeIdentity, decodeSnapshot } from './records.js';
import type { Head, SnapshotRecord } from './records.js';
import type { WalContents, WalIdentity } from './types.js';

export interface ReadLog {
  readonly contents: WalContents;
  readonly log: StoredLog;
  /** First indexes of blocks that were cut off below the log and not deleted yet. */
  readonly garbage: readonly number[];
  /** Keys beyond the end of the log, to be deleted durably before anything is appended. */
  readonly tornKeys: readonly Uint8Array[];
}

/**
 * Reads the whole log and checks all of it: the records beside it, and of the blocks their checksums, that they follow
 * on one another without a gap, their chain, and that it leads to the head. Null: the store is empty.
 *
 * Everything up to the head's `last` must be there as it was written, or the log is `storage-corrupt`; and so it must
 * not end before it. What stands beyond it is not part of any batch that was finished:
 *
 * - a block that does not continue the chain is left over from something that was never acknowledged. It is cut off.
 * - a block that does continue it was written after the head that we see. A head is written with every block, in one
 *   batch, so this one is out of date, and its vote with it: corrupt.
 */
export async function readLog(store: OrderedStore, expected: WalIdentity): Promise<ReadLog | null> {
  if (await isEmpty(store)) return null;
  const identity = valueOf(expected, 'identity', decodeIdentity(store.getSync(identityKey) ?? emptyBytes));
  checkIdentity(identity, expected);
  const snapshot = valueOf(expected, 'snapshot', decodeSnapshot(store.getSync(snapshotKey) ?? emptyBytes));
  const head = valueOf(expected, 'head', decodeHead(store.getSync(headKey) ?? emptyBytes));
  if (!equalBytes(head.snapshot, snapshot.digest)) {
    throw logCorrupt(expected, null, 'its snapshot record and its head are not of the same time');
  }
  const { entries, blocks, torn } = await readChain(store, expected, snapshot, head);
  return {
    contents: {
      identity: { clusterId: identity.clusterId, memberId: identity.memberId },
      hardState: head.hardState,
      snapshot: snapshot.meta,
      stateStore: snapshot.stateStore,
      entries,
      tornEntries: torn.entryCount,
    },
    log: { snapshot, snapshotDigest: snapshot.digest, hardState: head.hardState, blocks },
    garbage: await readGarbage(store, snapshot.chainFirst),
    tornKeys: torn.keys,
  };
}

interface Chain {
  readonly entries: Entry[];
  readonly blocks: BlockReference[];
  readonly torn: { entryCount: number; readonly keys: Uint8Array[] };
}

async function readChain(
  store: OrderedStore,
  identity: WalIdentity,
  snapshot: SnapshotRecord,
  head: Head,
): Promise<Chain> {
  const chain: Chain = { entries: [], blocks: [], torn: { entryCount: 0, keys: [] } };
  let next = snapshot.chainFirst;
  let tail = snapshot.chainStart;
  for await (const [key, value] of store.entries({ gte: blockKey(next), lt: blockKeysEnd })) {
    const link = linkOf([key, value], next, tail);
    if (next > head.last) {
      if (link.ok) throw logCorrupt(identity, next, 'the head is older than the block there');
      chain.torn.keys.push(key);
      chain.torn.entryCount += countOf(value);
      continue;
    }
    if (!link.ok) throw logCorrupt(identity, next, link.damage);
    const { first, entries, digest } = link.value;
    for (const entry of entries) if (entry.index > snapshot.meta.index) chain.entries.push(entry);
    chain.blocks.push({ first, count: entries.length, digest });
    next = first + entries.length;
    tail = digest;
  }
  if (next <= head.last) {
    throw logCorrupt(identity, next, `the log ends before it, but was durable up to index ${head.last}`);
  }
  if (next > head.last + 1 || !equalBytes(tail, head.tail)) {
    throw logCorrupt(
      identity,
      chain.blocks.at(-1)?.first ?? next,
      'the last block is not the one that the head names',
    );
  }
  return chain;
}

/** The block, if it is whole and the one that follows on the chain so far. */
function linkOf([key, value]: StoreEntry, next: number, tail: Uint8Array): Decoded<Block> {
  const first = firstOfBlockKey(key);
  if (first !== next) return { ok: false, damage: 'a block is missing' };
  const decoded = decodeBlock(value);
  if (!decoded.ok) return { ok: false, damage: `a block cannot be trusted: ${decoded.damage}` };
  if (decoded.value.first !== first) return { ok: false, damage: 'a block of another index stands there' };
  if (!equalBytes(decoded.value.previous, tail)) {
    return {
      ok: false,
      damage: 'the block there does not follow on the one before it: one of them is out of date',
    };
  }
  return decoded;
}

/** Entries of a block that is not part of the log, as far as they can be counted. */
function countOf(value: Uint8Array): number {
  const decoded = decodeBlock(value);
  return decoded.ok ? decoded.value.entries.length : 1;
}

async function readGarbage(store: OrderedStore, chainFirst: number): Promise<readonly number[]> {
  const garbage: number[] = [];
  for await (const [key] of store.entries({ gte: blockKey(0), lt: blockKey(chainFirst) })) {
    const first = firstOfBlockKey(key);
    if (first !== undefined) garbage.push(first);
  }
  return garbage;
}

function valueOf<T>(identity: WalIdentity, name: string, decoded: Decoded<T>): T {
  if (decoded.ok) return decoded.value;
  throw logCorrupt(identity, null, `its ${name} record is missing or cannot be trusted: ${decoded.damage}`);
}

function checkIdentity(found: WalIdentity, expected: WalIdentity): void {
  if (found.clusterId === expected.clusterId && found.memberId === expected.memberId) return;
  throw new QuorateError(
    'wrong-cluster',
    `the data folder belongs to member ${found.memberId} of cluster ${found.clusterId}, but this is member ` +
      `${expected.memberId} of cluster ${expected.clusterId}: check the data folder, the member's name and the ` +
      'initial cluster and its token, or choose an empty folder for a new member',
  );
}

async function isEmpty(store: OrderedStore): Promise<boolean> {
  const entries = store.entries({ limit: 1 })[Symbol.asyncIterator]();
  const { done } = await entries.next();
  await entries.return?.();
  return done === true;
}
