import { QuorateError } from '../base/index.js';
import type { OrderedStore, StoreReader } from '../storage/index.js';
import type { KeyIndex } from './key-index.js';
import { digestOfRecord, emptyInventory } from './inventory.js';
import type { Inventory, Tally } from './inventory.js';
import { encodeMeta, metaKey, readDescription } from './meta.js';
import type { Description } from './meta.js';
import { firstRecordKey, parseRecordKey, recordKeysEnd } from './record-key.js';
import { damaged, decodeRecord } from './records.js';
import { unseal } from './seal.js';
import type { Membership, StateMeta } from './types.js';

const chunkLength = 2_000;

/** All rows of tables.ts are in [t, u). */
const tablesStart = Buffer.from('t');
const tablesEnd = Buffer.from('u');

/** What the store says it holds. An empty one gets the genesis, made durable before this resolves. */
export async function loadMeta(store: OrderedStore, genesis: Membership): Promise<Description> {
  const description = readDescription(store);
  if (description !== null) return description;
  for await (const [key] of store.entries({ limit: 1 })) {
    const found = Buffer.from(key).toString('hex');
    throw new QuorateError(
      'storage-corrupt',
      `the state store has data (first key ${found}) but not its description: the disk or its files are damaged`,
    );
  }
  // Never compacted is −1, as in etcd: so the revision 0 counts as not compacted, once.
  const fresh = { applied: { term: 0, index: 0 }, revision: 1, compactRevision: -1, membership: genesis };
  const value = encodeMeta(fresh, emptyInventory);
  await store.write([{ type: 'put', key: metaKey, value }], { sync: true });
  return { meta: fresh, inventory: emptyInventory };
}

/** A key that no part of the state owns throws `storage-corrupt`: what it means would be lost without a word. */
export async function refuseUnknownKeys(store: StoreReader): Promise<void> {
  const gaps = [
    { lt: firstRecordKey },
    { gte: recordKeysEnd, lt: metaKey },
    { gte: Buffer.from('meta\0'), lt: tablesStart },
    { gte: tablesEnd },
  ];
  for (const gap of gaps) {
    for await (const [key] of store.entries({ ...gap, limit: 1 })) {
      const found = Buffer.from(key).toString('hex');
      throw new QuorateError(
        'storage-corrupt',
        `the state store holds a key that this program does not know, ${found}: it is damaged, or of a later version`,
      );
    }
  }
}

/** Goes over all records, counts them and puts them into the index. Records that do not fit throw `storage-corrupt`. */
export async function restoreIndex(
  store: OrderedStore,
  index: KeyIndex,
  meta: StateMeta,
  tally: Tally,
  yieldToLoop: () => Promise<void>,
): Promise<void> {
  let count = 0;
  for await (const [recordKey, bytes] of store.entries({ gte: firstRecordKey, lt: recordKeysEnd })) {
    const id = parseRecordKey(recordKey);
    const kv = decodeRecord(unseal(recordKey, bytes), id);
    tally.add(digestOfRecord(recordKey));
    if (id.main > meta.revision) throw damaged(id, `is later than the stored state, ${meta.revision}`);
    const fits = id.tombstone ? kv.version === 0 : kv.version > 0 && kv.modRevision === id.main;
    if (!fits || kv.key.length === 0) throw damaged(id, 'is that of another key or revision');
    const { key, createRevision, version, lease } = kv;
    index.restore({ main: id.main, sub: id.sub, key, createRevision, version, lease });
    if (++count % chunkLength === 0) await yieldToLoop();
  }
}

/** Throws `storage-corrupt` unless all is there that has to be, and nothing else. */
export function compareInventories(found: Inventory, described: Inventory): void {
  if (found.count === described.count && found.sum === described.sum) return;
  const how =
    found.count === described.count
      ? 'some of its entries are not those that were written last'
      : `it holds ${found.count} entries and should hold ${described.count}`;
  throw new QuorateError(
    'storage-corrupt',
    `the state store is not as it was left: ${how}: the disk has lost writes, or its files are damaged`,
  );
}
