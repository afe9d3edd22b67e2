import { QuorateError } from '../base/index.js';
import type { Member } from '../member/index.js';

/** What a call said beside its message. */
export interface CallContext {
  /** The client wants a refusal rather than an answer from a member without a leader (metadata `hasleader: true`). */
  readonly requiresLeader: boolean;
}

/** One request, one answer, both as protobuf bytes. Throws what errors.ts can translate. */
export interface UnaryMethod {
  readonly type: 'unary';
  /** `/package.Service/Method` */
  readonly path: string;
  handle(request: Buffer, context: CallContext): Promise<Buffer>;
}

/** One request, many answers. */
export interface StreamMethod {
  readonly type: 'stream';
  readonly path: string;
  /** Ends the call by returning or throwing. `signal` fires when the client has gone or the server closes. */
  handle(request: Buffer, send: (answer: Buffer) => void, signal: AbortSignal): Promise<void>;
}

export type Method = UnaryMethod | StreamMethod;

/**
 * Makes a unary method that is refused where every method is: without a leader when the client insists on one, and,
 * unless `servedByLearner`, on a learner.
 */
export function unary<T>(
  member: Member,
  path: string,
  parts: {
    readonly decode: (bytes: Buffer) => T;
    readonly servedByLearner?: (request: T) => boolean;
    readonly handle: (request: T) => Promise<Buffer>;
  },
): UnaryMethod {
  const { decode, servedByLearner, handle } = parts;
  return {
    type: 'unary',
    path,
    async handle(bytes, { requiresLeader }) {
      const request = decode(bytes);
      if (servedByLearner?.(request) !== true && member.isLearner) {
        throw new QuorateError('not-supported-for-learner');
      }
      if (requiresLeader && member.leader === null) throw new QuorateError('no-leader');
      return handle(request);
    },
  };
}
