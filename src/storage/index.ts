export type { Disk, OrderedStore, StoreEntry, StoreOperation, StoreRange, StoreReader, StoreSnapshot } from './kv.js';
