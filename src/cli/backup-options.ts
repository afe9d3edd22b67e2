import type { BackupOptions } from '../member/index.js';
import { durationOption, integerOption, textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

/** The server's flags about snapshots that it takes by itself. */
export const backupOptions = {
  backupDir: textOption({
    description: 'folder for snapshots that this member takes by itself; none\nwithout it',
    placeholder: 'FOLDER',
  }),
  backupInterval: durationOption({ description: 'between two of them', fallbackMs: 3_600_000 }),
  backupKeep: integerOption({
    description: 'so many of the latest stay',
    fallback: 24,
    min: 1,
    max: 100_000,
  }),
};

const intervalMsMin = 1000;
/** What a timer can wait. */
const intervalMsMax = 2 ** 31 - 1;

/** Null: no backups are wanted. */
export function readBackupOptions(given: OptionValues<typeof backupOptions>): BackupOptions | null {
  const { backupDir: folder, backupInterval: intervalMs, backupKeep: keep } = given;
  if (folder === undefined) return null;
  if (intervalMs < intervalMsMin || intervalMs > intervalMsMax)
    throw new UsageError('--backup-interval must be a second to 24 days');
  return { folder, intervalMs, keep };
}
