export { filesOf, makeFolder, syncFolder } from './folders.js';
export { openLevelDisk } from './level.js';
export { createMemoryDisk, createMemoryStore } from './memory.js';
export type {
  Damage,
  DiskImage,
  MemoryDisk,
  MemoryDiskOptions,
  MemoryWrite,
  Survives,
  WriteFault,
} from './memory.js';
export type {
  Disk,
  OrderedStore,
  StoreEntry,
  StoreOperation,
  StoreRange,
  StoreReader,
  StoreSnapshot,
} from './kv.js';
export { openWal, readWalIdentity } from './wal/index.js';
export type { Wal, WalAppend, WalContents, WalGenesis, WalIdentity, WalOptions } from './wal/index.js';
