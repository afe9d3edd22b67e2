import { QuorateError } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { Outcome } from '../mvcc/index.js';

/** Throws the refusal, if it is one. */
export function refuse(error: ErrorCode | null): void {
  if (error !== null) throw new QuorateError(error);
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new QuorateError(outcome.error);
  return outcome.value;
}
