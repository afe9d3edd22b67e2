import type { Revision } from '../../mvcc/index.js';

/**
 * How backups of a member are called, so that their names sort by age:
 *
 *     a-20260801T120000Z-0000000000001234.db        member, when (UTC), revision
 *
 * With `.part` behind it one is being written, or was when the member ended.
 */
export const partSuffix = '.part';

export interface BackupName {
  readonly fileName: string;
  readonly timeMs: number;
  readonly isPart: boolean;
}

export function backupFileName(member: string, revision: Revision, timeMs: number): string {
  const time = new Date(timeMs).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
  return `${prefixOf(member)}${time}-${String(revision).padStart(16, '0')}.db`;
}

/** Those that are backups of this member, oldest first; other files are not ours to touch. */
export function ownBackups(member: string, fileNames: readonly string[]): readonly BackupName[] {
  const prefix = prefixOf(member);
  return fileNames
    .flatMap((fileName) => {
      if (!fileName.startsWith(prefix)) return [];
      const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-\d{16}\.db(\.part)?$/.exec(
        fileName.slice(prefix.length),
      );
      if (match === null) return [];
      const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
      const timeMs = Date.UTC(year, month - 1, day, hour, minute, second);
      return [{ fileName, timeMs, isPart: match[7] !== undefined }];
    })
    .sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
}

/** What a file's name cannot hold, or could be read as a path, is written as in a URL. */
function prefixOf(member: string): string {
  return `${encodeURIComponent(member).replaceAll(/^\.|\*/g, (sign) => (sign === '.' ? '%2E' : '%2A'))}-`;
}
