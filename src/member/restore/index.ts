export { checkDigest, hasDigest } from './digest.js';
export { restoreSnapshot } from './restore.js';
export type { Restored, RestoreOptions } from './restore.js';
