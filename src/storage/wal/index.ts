export { openWal } from './open.js';
export type { Wal, WalAppend, WalContents, WalGenesis, WalIdentity, WalOptions } from './types.js';
