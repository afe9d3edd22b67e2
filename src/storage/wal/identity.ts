import { emptyBytes } from '../../base/index.js';
import type { StoreReader } from '../kv.js';
import { identityKey } from './format.js';
import { decodeIdentity } from './records.js';
import type { WalIdentity } from './types.js';

/** Whose log the store holds, before the log is opened; null if there is none, or its record cannot be read. */
export function readWalIdentity(store: StoreReader): WalIdentity | null {
  const decoded = decodeIdentity(store.getSync(identityKey) ?? emptyBytes);
  if (!decoded.ok) return null;
  const { clusterId, memberId } = decoded.value;
  return { clusterId, memberId };
}
