import type { ErrorCode } from '../base/index.js';

/** What went wrong: the member's own codes, and those that only the way to it or its guard knows. */
export type ClientErrorCode =
  | ErrorCode
  /** The client was asked for something that cannot be said on the wire. */
  | 'invalid-argument'
  | 'unauthenticated'
  | 'permission-denied'
  /** The store is full, or the answer is larger than this client takes. */
  | 'resource-exhausted'
  /** The server does not know this request. */
  | 'unimplemented';

export interface ClientErrorDetails {
  /** The member that answered, or was tried last: `host:port`. */
  readonly endpoint?: string | undefined;
  /** Default false. */
  readonly mayHaveHappened?: boolean;
  readonly cause?: unknown;
}

/**
 * The one error of this library.
 *
 *     try {
 *       await client.put('counter', '1');
 *     } catch (error) {
 *       if (error instanceof ClientError && error.mayHaveHappened) await lookWhetherItIsThere();
 *       else throw error;
 *     }
 */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  readonly endpoint: string | undefined;
  /**
   * True for a write that was sent and whose outcome nobody told: it may have happened, may happen yet, or may
   * never happen. It was not sent again, for then it might happen twice. False: nothing was changed.
   */
  readonly mayHaveHappened: boolean;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.endpoint = details.endpoint;
    this.mayHaveHappened = details.mayHaveHappened ?? false;
  }
}

/** Numbers of gRPC's statuses that this client tells apart (frozen by gRPC). */
export const grpcStatus = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The code for a status that a member answered with. etcd's sentences say more than gRPC's numbers. */
export function codeOfStatus(status: number, message: string): ClientErrorCode {
  const sentence = message.replace(/^etcdserver: /, '').replace(/^mvcc: /, '');
  return codeBySentence.get(sentence) ?? codeByStart(sentence) ?? codeByStatus.get(status) ?? 'internal';
}

/**
 * Refusals that are made before anything is proposed to the cluster, in etcd as in Quorate: the same write may be
 * sent again. (`leader changed`, `server stopped` and `request timed out` are none: the proposal may be under way.)
 */
export const refusedBeforeProposing: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  'no-leader',
  'too-many-requests',
  'not-supported-for-learner',
]);

/** This member, or the cluster now, cannot serve a request that another member, or a later time, could. */
export const passing: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  ...refusedBeforeProposing,
  'leader-changed',
  'timed-out',
  'stopped',
  'unhealthy',
  'not-leader',
  'unavailable',
]);

const codeBySentence: ReadonlyMap<string, ClientErrorCode> = new Map<string, ClientErrorCode>([
  ['key is not provided', 'empty-key'],
  ['key not found', 'key-not-found'],
  ['value is provided', 'value-provided'],
  ['lease is provided', 'lease-provided'],
  ['too many operations in txn request', 'too-many-operations'],
  ['duplicate key given in txn request', 'duplicate-key'],
  ['invalid sort option', 'invalid-sort-option'],
  ['request is too large', 'request-too-large'],
  ['requested lease not found', 'lease-not-found'],
  ['member not found', 'member-not-found'],
  ['required revision has been compacted', 'compacted'],
  ['required revision is a future revision', 'future-revision'],
  ['no leader', 'no-leader'],
  ['raft proposal dropped', 'no-leader'],
  ['leader changed', 'leader-changed'],
  ['server stopped', 'stopped'],
  ['unhealthy cluster', 'unhealthy'],
  ['too many requests', 'too-many-requests'],
  ['not leader', 'not-leader'],
  ['bad leader transferee', 'bad-leader-transferee'],
  ['rpc not supported for learner', 'not-supported-for-learner'],
]);

const codeByStatus: ReadonlyMap<number, ClientErrorCode> = new Map<number, ClientErrorCode>([
  [grpcStatus.canceled, 'canceled'],
  [grpcStatus.invalidArgument, 'invalid-argument'],
  [grpcStatus.deadlineExceeded, 'timed-out'],
  [grpcStatus.permissionDenied, 'permission-denied'],
  [grpcStatus.resourceExhausted, 'resource-exhausted'],
  [grpcStatus.unimplemented, 'unimplemented'],
  [grpcStatus.unavailable, 'unavailable'],
  [grpcStatus.unauthenticated, 'unauthenticated'],
]);

/** `request timed out, possibly due to …` has several ends. */
function codeByStart(sentence: string): ClientErrorCode | undefined {
  return sentence.startsWith('request timed out') ? 'timed-out' : undefined;
}
