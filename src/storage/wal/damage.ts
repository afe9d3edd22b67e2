import { QuorateError } from '../../base/index.js';
import type { WalIdentity } from './types.js';

/**
 * The log is not what was written. `index` is the first entry that cannot be vouched for, null where a record beside the
 * entries is damaged.
 */
export function logCorrupt(identity: WalIdentity, index: number | null, damage: string): QuorateError {
  const place = index === null ? '' : ` at index ${index}`;
  return new QuorateError(
    'storage-corrupt',
    `the log of member ${identity.memberId} (cluster ${identity.clusterId}) is damaged${place}: ${damage}. Entries or ` +
      'votes that this member vouched for may be gone, so it must not go on with this data folder: remove the member ' +
      'from the cluster, delete the folder and add it anew, or restore the whole cluster from a backup',
  );
}
