import { status } from '@grpc/grpc-js';
import { QuorateError } from '../base/index.js';
import type { Credentials, Member } from '../member/index.js';
import type { Caller } from '../mvcc/index.js';
import type { Answer } from './answer.js';
import { GrpcError } from './errors.js';

/** What a call said beside its message. */
export interface CallContext {
  /** The client wants a refusal rather than an answer from a member without a leader (metadata `hasleader: true`). */
  readonly requiresLeader: boolean;
  readonly credentials: Credentials;
}

/** One request, one answer, both as protobuf bytes. Throws what errors.ts can translate. */
export interface UnaryMethod {
  readonly type: 'unary';
  /** `/package.Service/Method` */
  readonly path: string;
  /** Whether `handle` looks at its signal. Otherwise it gets one that never fires. */
  readonly usesSignal?: boolean;
  /**
   * `signal` fires when the client has gone, its deadline has passed, or the server closes. `isWanted`, which costs next
   * to nothing, tells whether anybody still waits for the answer; left out: yes.
   */
  handle(
    request: Buffer,
    context: CallContext,
    signal: AbortSignal,
    isWanted?: () => boolean,
  ): Promise<Answer>;
}

/** What a streaming method has of its call. */
export interface CallStream {
  readonly context: CallContext;
  /**
   * The client's messages, in order; ends when the client says that there are no more, and throws the signal's reason
   * when that fires. To be iterated once; what nobody asks for holds the client back.
   */
  readonly requests: AsyncIterable<Buffer>;
  /**
   * Queues an answer. False: the client reads more slowly than this; wait for `drained` before there is more, or the
   * call ends when too much has gathered. Nothing happens once the call is over.
   */
  send(answer: Buffer): boolean;
  /** Resolves once there is room again, or the call is over. */
  drained(): Promise<void>;
  /**
   * Fires when the client has gone, its deadline has passed, the server closes, or the leader that the client insists
   * on is gone. The reason is the error that the call then ends with, if the method returns or throws it.
   */
  readonly signal: AbortSignal;
}

/** Many requests, many answers; where the protocol has one request it is the first, and the rest is ignored. */
export interface StreamMethod {
  readonly type: 'stream';
  readonly path: string;
  /** `server`: one request, many answers. `both`: many requests. As the metrics name it. */
  readonly direction: 'server' | 'both';
  /** Ends the call by returning or throwing. */
  handle(call: CallStream): Promise<void>;
}

export type Method = UnaryMethod | StreamMethod;

/** The one request of a method that has one; whatever else the client sends is ignored. Errors: INTERNAL when the client sends none. */
export async function firstRequest(call: CallStream): Promise<Buffer> {
  for await (const request of call.requests) return request;
  throw new GrpcError(status.INTERNAL, 'the call ended before its message');
}

/**
 * Makes a unary method that is refused where every method is: without a leader when the client insists on one,
 * unless `servedByLearner` on a learner, and with credentials that are not valid unless `servedToAnyone`.
 */
export function unary<T>(
  member: Member,
  path: string,
  parts: {
    readonly decode: (bytes: Buffer) => T;
    readonly servedByLearner?: (request: T) => boolean;
    readonly servedToAnyone?: boolean;
    readonly handle: (
      request: T,
      caller: Caller,
      signal: AbortSignal,
      isWanted: () => boolean,
    ) => Promise<Answer>;
  },
): UnaryMethod {
  const { decode, servedByLearner, servedToAnyone = false, handle } = parts;
  return {
    type: 'unary',
    path,
    usesSignal: handle.length === 3, // Those that take `isWanted`, too, have the signal only on the way.
    async handle(bytes, { requiresLeader, credentials }, signal, isWanted = always) {
      const request = decode(bytes);
      if (servedByLearner?.(request) !== true && member.isLearner) {
        throw new QuorateError('not-supported-for-learner');
      }
      if (requiresLeader && member.leader === null) throw new QuorateError('no-leader');
      const known = servedToAnyone ? nobody : member.auth.callerOf(credentials);
      const caller = known instanceof Promise ? await known : known;
      return handle(request, caller, signal, isWanted);
    },
  };
}

/** The one streaming method that learners serve: whoever has data may give it away. */
const servedByLearners = '/etcdserverpb.Maintenance/Snapshot';

/** A method that streams is refused where every one is: on a learner, and without a leader if the client insists. */
export function guarded(member: Member, method: Method): Method {
  if (method.type === 'unary') return method; // See unary().
  return {
    ...method,
    async handle(call: CallStream) {
      if (member.isLearner && method.path !== servedByLearners)
        throw new QuorateError('not-supported-for-learner');
      if (call.context.requiresLeader && member.leader === null) throw new QuorateError('no-leader');
      return method.handle(call);
    },
  };
}

const always = (): boolean => true;
const nobody: Caller = { user: '', authRevision: 0 };
