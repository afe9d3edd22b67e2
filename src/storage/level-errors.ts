import { messageOf, QuorateError } from '../base/index.js';

/** What abstract-level says when something is used after its database was closed. */
const closedCodes: ReadonlySet<string> = new Set([
  'LEVEL_DATABASE_NOT_OPEN',
  'LEVEL_ITERATOR_NOT_OPEN',
  'LEVEL_BATCH_NOT_OPEN',
  'LEVEL_SNAPSHOT_NOT_OPEN',
]);

/**
 * What LevelDB or the file system threw, as an error that says what a person can do about it. LevelDB tells most
 * kinds of failure apart only in its text, which ends in the system's own words (strerror), hence the patterns.
 */
export function storageError(folder: string, thrown: unknown): QuorateError {
  if (thrown instanceof QuorateError) return thrown;
  const cause = innermost(thrown);
  const code = codeOf(cause);
  const text = `${code} ${messageOf(cause)}`;
  const options = { cause: thrown };
  const failed = (sentence: string): QuorateError => new QuorateError('storage-failed', sentence, options);

  if (code === 'LEVEL_LOCKED') {
    return failed(
      `${folder} is in use by another process: stop the member that already runs there, or choose another data folder`,
    );
  }
  if (closedCodes.has(code)) return new QuorateError('stopped', `the store in ${folder} is closed`, options);
  if (code === 'LEVEL_CORRUPTION' || /corruption/i.test(text))
    return corrupt(folder, messageOf(cause), options);
  if (/ENOSPC|EDQUOT|no space left|quota exceeded/i.test(text)) {
    return failed(`the disk that holds ${folder} is full: free some space, then start the member again`);
  }
  if (/EACCES|EPERM|EROFS|permission denied|not permitted|read-only file system/i.test(text)) {
    return failed(
      `${folder} cannot be written: give this user the right to write there, or choose another data folder`,
    );
  }
  if (/ENOTDIR|EEXIST|not a directory/i.test(text)) {
    return failed(`${folder} cannot be used: it or a part of its path is a file, not a folder`);
  }
  if (/EMFILE|ENFILE|too many open files/i.test(text)) {
    return failed(`${folder} cannot be opened: too many open files; raise the limit (ulimit -n)`);
  }
  return failed(
    `storage in ${folder} failed: ${messageOf(cause)}; check the disk, then start the member again`,
  );
}

export function corrupt(folder: string, damage: string, options?: { readonly cause: unknown }): QuorateError {
  return new QuorateError(
    'storage-corrupt',
    `the database in ${folder} is damaged (${damage}): it is not repaired in place, for that could lose acknowledged ` +
      'writes. Remove the member from the cluster and add it anew with an empty data folder, or restore a backup',
    options,
  );
}

/** abstract-level wraps what went wrong once or twice: the root says most. */
function innermost(thrown: unknown): unknown {
  let error = thrown;
  while (error instanceof Error && error.cause !== undefined) error = error.cause;
  return error;
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || !('code' in thrown)) return '';
  return typeof thrown.code === 'string' ? thrown.code : '';
}
