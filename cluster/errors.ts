import { QuorateError } from '../src/base/index.js';

/** The system's short name of a failure, such as EACCES; undefined for other errors. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** What a person must mend before the cluster can start. */
export function configurationError(message: string, cause?: unknown): QuorateError {
  return new QuorateError('invalid-configuration', message, cause === undefined ? undefined : { cause });
}
