import { tooLarge } from './call.js';
import type { CallOutcome } from './call.js';
import type { Request } from './connection.js';
import { ClientError, codeOfStatus, passing, refusedBeforeProposing } from './errors.js';
import type { ClientErrorCode } from './errors.js';

export type Failure = Exclude<CallOutcome, { type: 'answer' }>;

export interface Verdict {
  readonly code: ClientErrorCode;
  /** Another member may do better. */
  readonly isAtFault: boolean;
  readonly mayRetry: boolean;
  /** Somebody may have acted on it. */
  readonly wasSent: boolean;
}

/**
 * The rule of retries: what was not sent may be sent elsewhere; what was refused before it was proposed too. A read
 * may also follow any passing failure, and so may a write that does the same twice. Everything else is the caller's to decide.
 */
export function judgeFailure({ kind }: Pick<Request, 'kind'>, outcome: Failure): Verdict {
  const isSafe = kind !== 'write';
  switch (outcome.type) {
    case 'broken':
      return {
        code: 'unavailable',
        isAtFault: true,
        mayRetry: isSafe || !outcome.sent,
        wasSent: outcome.sent,
      };
    case 'timeout':
      return { code: 'timed-out', isAtFault: true, mayRetry: isSafe || !outcome.sent, wasSent: outcome.sent };
    case 'aborted':
      return { code: 'canceled', isAtFault: false, mayRetry: false, wasSent: outcome.sent };
    case 'status': {
      const code = codeOfStatus(outcome.status, outcome.message);
      const isPassing = passing.has(code);
      const isHarmless = refusedBeforeProposing.has(code);
      const isRefusal =
        !isPassing && code !== 'internal' && code !== 'canceled' && outcome.message !== tooLarge;
      return {
        code,
        isAtFault: isPassing && code !== 'too-many-requests',
        mayRetry: isHarmless || (isSafe && isPassing),
        wasSent: !isHarmless && !isRefusal,
      };
    }
  }
}

export interface FailedCall {
  readonly request: Pick<Request, 'name' | 'kind'>;
  /** The member's. */
  readonly endpoint: string;
  readonly outcome: Failure;
  readonly verdict: Verdict;
  readonly signal: AbortSignal | undefined;
  readonly attempt: number;
  /** An earlier try of it was, and nobody told what came of that. */
  readonly wasSentBefore: boolean;
}

export function toError(failed: FailedCall): ClientError {
  const { request, endpoint, outcome, verdict, signal, attempt } = failed;
  const mayHaveHappened = request.kind !== 'read' && (verdict.wasSent || failed.wasSentBefore);
  const where = attempt === 1 ? endpoint : `${endpoint}, try ${attempt}`;
  const tail = mayHaveHappened ? '; it may have happened nevertheless' : '';
  return new ClientError(verdict.code, `${request.name}: ${describe(outcome)} (${where})${tail}`, {
    endpoint,
    mayHaveHappened,
    cause:
      outcome.type === 'broken' ? outcome.cause : outcome.type === 'aborted' ? signal?.reason : undefined,
  });
}

function describe(outcome: Failure): string {
  switch (outcome.type) {
    case 'broken':
    case 'status':
      return outcome.message;
    case 'timeout':
      return 'no answer in time';
    case 'aborted':
      return 'aborted';
  }
}
