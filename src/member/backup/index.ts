export { startBackups } from './backups.js';
export type { BackupOptions, Backups } from './backups.js';
