export type ClusterErrorCode =
  /** Options that no cluster can have, or a member that does not run. */
  | 'invalid-options'
  | 'port-taken'
  /** The data folder cannot be read and written. */
  | 'folder-unusable'
  /** The data folder holds another cluster than the options ask for, or a damaged one. */
  | 'folder-mismatch'
  /** The program cannot be run, or a member ended before it served. */
  | 'member-died'
  | 'timed-out';

/** What a person must mend. The message says what happened, to what, and what to do about it. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The system's short name of a failure, such as EACCES; undefined for other errors. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('syscall' in thrown) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
