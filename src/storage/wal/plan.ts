import { assert, at } from '../../base/index.js';
import type { Entry, HardState, SnapshotMeta } from '../../raft/index.js';
import type { StoreOperation } from '../kv.js';
import { blockKey, encodeBlock, headKey, snapshotKey } from './format.js';
import type { Block, Digest } from './format.js';
import type { Gathered } from './gather.js';
import { encodeHead, encodeSnapshot } from './records.js';
import type { SnapshotRecord } from './records.js';

/** A block in the store, as far as the writer must know it. */
export interface BlockReference {
  readonly first: number;
  readonly count: number;
  readonly digest: Digest;
}

/** What the store holds. */
export interface StoredLog {
  snapshot: SnapshotRecord;
  snapshotDigest: Digest;
  hardState: HardState;
  /** Contiguous, chained, from `snapshot.chainFirst` on. */
  readonly blocks: BlockReference[];
}

export interface Plan {
  /** One batch. */
  readonly operations: readonly StoreOperation[];
  /** First indexes of blocks that no longer belong to the log; to be deleted some time after the batch. */
  readonly garbage: readonly number[];
}

export function lastIndexOf({ snapshot, blocks }: StoredLog): number {
  const block = blocks.at(-1);
  return block === undefined ? snapshot.meta.index : block.first + block.count - 1;
}

export function headOperation(log: StoredLog): StoreOperation {
  const head = encodeHead({
    hardState: log.hardState,
    last: lastIndexOf(log),
    tail: tailOf(log),
    snapshot: log.snapshotDigest,
  });
  return { type: 'put', key: headKey, value: head.value };
}

/**
 * The batch that does all that was gathered. Changes `log` to what the store holds after it: there is no way back, for
 * a batch that fails is the writer's last. `readBlock` reads a stored block.
 */
export function planBatch(
  log: StoredLog,
  gathered: Gathered,
  readBlock: (reference: BlockReference) => Block,
): Plan {
  const operations: StoreOperation[] = [];
  const before = log.snapshot;
  log.hardState = gathered.hardState;
  if (gathered.reset !== null) planReset(operations, log, gathered.reset);
  if (gathered.entries.length > 0) planBlock(operations, log, gathered.entries, readBlock);
  const garbage = gathered.compact === null ? [] : planCompaction(log, gathered.compact);
  if (log.snapshot !== before) {
    const { value, digest } = encodeSnapshot(log.snapshot);
    log.snapshotDigest = digest;
    operations.push({ type: 'put', key: snapshotKey, value });
  }
  operations.push(headOperation(log));
  return { operations, garbage };
}

function planReset(
  operations: StoreOperation[],
  log: StoredLog,
  reset: NonNullable<Gathered['reset']>,
): void {
  const { meta, stateStore } = reset;
  for (const { first } of log.blocks) operations.push({ type: 'del', key: blockKey(first) });
  log.snapshot = { meta, stateStore, chainFirst: meta.index + 1, chainStart: tailOf(log) };
  log.blocks.length = 0;
}

/** Returns the first indexes of the blocks that hold nothing but what is cut off. */
function planCompaction(log: StoredLog, meta: SnapshotMeta): number[] {
  const { blocks, snapshot } = log;
  const kept = blocks.findIndex(({ first, count }) => first + count - 1 > meta.index);
  const dropped = blocks.splice(0, kept === -1 ? blocks.length : kept);
  const chainStart = dropped.at(-1)?.digest ?? snapshot.chainStart;
  log.snapshot = { ...snapshot, meta, chainStart, chainFirst: blocks[0]?.first ?? meta.index + 1 };
  return dropped.map(({ first }) => first);
}

/** One block with the new entries. Blocks that they replace go; one that they replace in part is merged into it. */
function planBlock(
  operations: StoreOperation[],
  log: StoredLog,
  added: readonly Entry[],
  readBlock: (reference: BlockReference) => Block,
): void {
  const { blocks } = log;
  const firstAdded = at(added, 0).index;
  let entries = added;
  for (let block = blocks.at(-1); block !== undefined; block = blocks.at(-1)) {
    if (block.first + block.count <= firstAdded) break;
    if (block.first < firstAdded) {
      entries = [...readBlock(block).entries.filter(({ index }) => index < firstAdded), ...added];
    } else if (block.first > firstAdded) operations.push({ type: 'del', key: blockKey(block.first) });
    blocks.pop();
  }
  const { index: first } = at(entries, 0);
  const last = blocks.at(-1);
  assert(
    first === (last === undefined ? log.snapshot.chainFirst : last.first + last.count),
    'a block begins where the one before it ends',
  );
  const { value, digest } = encodeBlock(entries, tailOf(log));
  operations.push({ type: 'put', key: blockKey(first), value });
  blocks.push({ first, count: entries.length, digest });
}

/** Digest of the last block. */
function tailOf({ blocks, snapshot }: StoredLog): Digest {
  return blocks.at(-1)?.digest ?? snapshot.chainStart;
}
