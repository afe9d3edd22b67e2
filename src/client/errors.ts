import type { ErrorCode } from '../base/index.js';

/** What went wrong: the member's own codes, and those that only the way to it or its guard knows. */
export type ClientErrorCode =
  | ErrorCode
  /** The client was asked for something that cannot be said on the wire. */
  | 'invalid-argument'
  | 'unauthenticated'
  /** The store is full, or the answer is larger than this client takes. */
  | 'resource-exhausted'
  /** The server does not know this request. */
  | 'unimplemented'
  /** A lease ended: it was not renewed in time, or somebody revoked it. */
  | 'lease-lost'
  /** A lock or a leadership ended before its holder gave it up. */
  | 'lock-lost'
  | 'leadership-lost'
  /** Others wrote what this transaction read, again and again. */
  | 'conflict';

export interface ClientErrorDetails {
  /** The member that answered, or was tried last: `host:port`. */
  readonly endpoint?: string | undefined;
  /** Default false. */
  readonly mayHaveHappened?: boolean;
  readonly compactRevision?: number | undefined;
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
  /** With the code `compacted`, from a watch: the lowest revision that another one can start from. */
  readonly compactRevision: number | undefined;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.endpoint = details.endpoint;
    this.mayHaveHappened = details.mayHaveHappened ?? false;
    this.compactRevision = details.compactRevision;
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
  const sentence = message.replace(/^(etcdserver|auth|lease|membership): /, '').replace(/^mvcc: /, '');
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
  // A change of members, or of the leader, while members are not connected.
  'unhealthy',
]);

/** This member, or the cluster now, cannot serve a request that another member, or a later time, could. */
export const passing: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  ...refusedBeforeProposing,
  'leader-changed',
  'timed-out',
  'stopped',
  'not-leader',
  'unavailable',
]);

/** Which of the two sentences that etcd has for a thing, with and without `etcdserver: `, makes no difference. */
const codeBySentence: ReadonlyMap<string, ClientErrorCode> = new Map<string, ClientErrorCode>([
  ['key is not provided', 'empty-key'],
  ['key not found', 'key-not-found'],
  ['value is provided', 'value-provided'],
  ['lease is provided', 'lease-provided'],
  ['too many operations in txn request', 'too-many-operations'],
  ['duplicate key given in txn request', 'duplicate-key'],
  ['invalid sort option', 'invalid-sort-option'],
  ['request is too large', 'request-too-large'],
  ['too many keys for one request: ask for the range in parts', 'too-many-keys'],
  ['too large lease TTL', 'lease-ttl-too-large'],
  ['requested lease not found', 'lease-not-found'],
  ['lease already exists', 'lease-exists'],
  ['required revision has been compacted', 'compacted'],
  ['required revision is a future revision', 'future-revision'],
  ['database space exceeded', 'no-space'],
  ['corrupt cluster', 'corrupt'],
  ['no leader', 'no-leader'],
  ['raft proposal dropped', 'no-leader'],
  ['watcher range is empty', 'invalid-argument'],
  ['leader changed', 'leader-changed'],
  ['server stopped', 'stopped'],
  ['unhealthy cluster', 'unhealthy'],
  ['too many requests', 'too-many-requests'],
  ['not leader', 'not-leader'],
  ['bad leader transferee', 'bad-leader-transferee'],
  ['rpc not supported for learner', 'not-supported-for-learner'],
  ['member not found', 'member-not-found'],
  ['member ID already exist', 'member-exists'],
  ['Peer URLs already exists', 'peer-urls-exist'],
  ['given member URLs are invalid', 'invalid-member-urls'],
  ['re-configuration failed due to not enough started members', 'not-enough-started-members'],
  ['too many learner members in cluster', 'too-many-learners'],
  ['can only promote a learner member which is in sync with leader', 'learner-not-ready'],
  ['can only promote a learner member', 'not-a-learner'],
  ['another membership change is in progress', 'configuration-change-in-progress'],
  ['user name is empty', 'user-empty'],
  ['user name already exists', 'user-exists'],
  ['user name not found', 'user-not-found'],
  ['role name is empty', 'role-empty'],
  ['role name already exists', 'role-exists'],
  ['role name not found', 'role-not-found'],
  ['role is not granted to the user', 'role-not-granted'],
  ['permission not given', 'permission-not-given'],
  ['permission is not granted to the role', 'permission-not-granted'],
  ['root user does not exist', 'root-user-missing'],
  ['root user does not have root role', 'root-role-missing'],
  ['authentication is not enabled', 'auth-not-enabled'],
  ['authentication failed, invalid user ID or password', 'authentication-failed'],
  ['password length exceeds 72 bytes', 'password-too-long'],
  ['invalid auth management', 'invalid-auth-management'],
  ['invalid auth token', 'invalid-auth-token'],
  ['revision of auth store is old', 'auth-revision-old'],
  ['permission denied', 'permission-denied'],
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
