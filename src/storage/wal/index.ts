export { openWal } from './open.js';
export { readWalIdentity } from './identity.js';
export type { Wal, WalAppend, WalContents, WalGenesis, WalIdentity, WalOptions } from './types.js';
