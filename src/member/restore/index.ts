export { inspectSnapshot } from './inspect.js';
export type { SnapshotSummary } from './inspect.js';
export { restoreSnapshot } from './restore.js';
export type { Restored, RestoreOptions } from './restore.js';
