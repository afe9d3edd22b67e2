import type { StoreEntry, StoreReader } from '../storage/index.js';
import { createTally, digestOfRecord, digestOfRow } from './inventory.js';
import { metaKey, readDescription } from './meta.js';
import { firstRecordKey, recordKeysEnd } from './record-key.js';
import { compareInventories, refuseUnknownKeys } from './restore.js';
import { unseal } from './seal.js';

/**
 * All that a snapshot of a state store holds, for somebody who is to have the same state: each value is looked at on its way, and
 * after the last one whether all were there. Throws `storage-corrupt` where the store is not whole: damage is to end the member whose
 * disk it is on, not those that it sends its state to.
 */
export async function* readOutgoing(snapshot: StoreReader): AsyncGenerator<StoreEntry> {
  const description = readDescription(snapshot);
  await refuseUnknownKeys(snapshot);
  const tally = createTally();
  for await (const entry of snapshot.entries({})) {
    const [key, value] = entry;
    if (Buffer.compare(key, metaKey) !== 0) {
      unseal(key, value);
      tally.add(isRecord(key) ? digestOfRecord(key) : digestOfRow(key, value));
    }
    yield entry;
  }
  if (description !== null) compareInventories(tally.inventory, description.inventory);
}

function isRecord(key: Uint8Array): boolean {
  return Buffer.compare(key, firstRecordKey) >= 0 && Buffer.compare(key, recordKeysEnd) < 0;
}
