import { status as grpcCodes } from '@grpc/grpc-js';
import { messageOf, QuorateError } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';

/** How a call ends when it does not succeed. */
export interface GrpcStatus {
  readonly code: grpcCodes;
  readonly message: string;
}

/** A failure of the call itself, below what a member knows of: bytes that mean nothing, a method that is not there. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly status: GrpcStatus;

  constructor(code: grpcCodes, message: string) {
    super(message);
    this.status = { code, message };
  }
}

function etcd(code: grpcCodes, message: string): GrpcStatus {
  return { code, message: `etcdserver: ${message}` };
}

/**
 * The one table from our error codes to what goes over the wire. Where etcd has such an error, code and sentence are
 * etcd's to the letter: clients compare them. Two of etcd's have lost their code on the way and arrive as UNKNOWN.
 * The entries with null keep the sentence that they were thrown with.
 */
const statuses: Readonly<
  Record<ErrorCode, GrpcStatus | { readonly code: grpcCodes; readonly message: null }>
> = {
  'empty-key': etcd(grpcCodes.INVALID_ARGUMENT, 'key is not provided'),
  'key-not-found': etcd(grpcCodes.INVALID_ARGUMENT, 'key not found'),
  'value-provided': etcd(grpcCodes.INVALID_ARGUMENT, 'value is provided'),
  'lease-provided': etcd(grpcCodes.INVALID_ARGUMENT, 'lease is provided'),
  'too-many-operations': etcd(grpcCodes.INVALID_ARGUMENT, 'too many operations in txn request'),
  'duplicate-key': etcd(grpcCodes.INVALID_ARGUMENT, 'duplicate key given in txn request'),
  'invalid-sort-option': etcd(grpcCodes.INVALID_ARGUMENT, 'invalid sort option'),
  'request-too-large': etcd(grpcCodes.INVALID_ARGUMENT, 'request is too large'),
  'too-many-keys': etcd(
    grpcCodes.INVALID_ARGUMENT,
    'too many keys for one request: ask for the range in parts',
  ),
  'lease-ttl-too-large': etcd(grpcCodes.OUT_OF_RANGE, 'too large lease TTL'),
  'invalid-member-urls': etcd(grpcCodes.INVALID_ARGUMENT, 'given member URLs are invalid'),
  'leader-key-missing': { code: grpcCodes.UNKNOWN, message: '"leader" field must be provided' },
  'lease-exists': etcd(grpcCodes.FAILED_PRECONDITION, 'lease already exists'),
  'lease-not-found': etcd(grpcCodes.NOT_FOUND, 'requested lease not found'),
  'member-not-found': etcd(grpcCodes.NOT_FOUND, 'member not found'),
  compacted: etcd(grpcCodes.OUT_OF_RANGE, 'mvcc: required revision has been compacted'),
  'future-revision': etcd(grpcCodes.OUT_OF_RANGE, 'mvcc: required revision is a future revision'),
  'no-leader': etcd(grpcCodes.UNAVAILABLE, 'no leader'),
  'leader-changed': etcd(grpcCodes.UNAVAILABLE, 'leader changed'),
  'timed-out': etcd(grpcCodes.UNAVAILABLE, 'request timed out'),
  stopped: etcd(grpcCodes.UNAVAILABLE, 'server stopped'),
  unhealthy: etcd(grpcCodes.UNAVAILABLE, 'unhealthy cluster'),
  'too-many-requests': etcd(grpcCodes.UNKNOWN, 'too many requests'),
  'no-space': etcd(grpcCodes.RESOURCE_EXHAUSTED, 'mvcc: database space exceeded'),
  corrupt: etcd(grpcCodes.DATA_LOSS, 'corrupt cluster'),
  'user-empty': etcd(grpcCodes.INVALID_ARGUMENT, 'user name is empty'),
  'user-exists': etcd(grpcCodes.FAILED_PRECONDITION, 'user name already exists'),
  'user-not-found': etcd(grpcCodes.FAILED_PRECONDITION, 'user name not found'),
  'role-empty': etcd(grpcCodes.INVALID_ARGUMENT, 'role name is empty'),
  'role-exists': etcd(grpcCodes.FAILED_PRECONDITION, 'role name already exists'),
  'role-not-found': etcd(grpcCodes.FAILED_PRECONDITION, 'role name not found'),
  'role-not-granted': etcd(grpcCodes.FAILED_PRECONDITION, 'role is not granted to the user'),
  'permission-not-given': etcd(grpcCodes.INVALID_ARGUMENT, 'permission not given'),
  'permission-not-granted': etcd(grpcCodes.FAILED_PRECONDITION, 'permission is not granted to the role'),
  'root-user-missing': etcd(grpcCodes.FAILED_PRECONDITION, 'root user does not exist'),
  'root-role-missing': etcd(grpcCodes.FAILED_PRECONDITION, 'root user does not have root role'),
  'auth-not-enabled': etcd(grpcCodes.FAILED_PRECONDITION, 'authentication is not enabled'),
  'authentication-failed': etcd(
    grpcCodes.INVALID_ARGUMENT,
    'authentication failed, invalid user ID or password',
  ),
  'password-too-long': etcd(grpcCodes.INVALID_ARGUMENT, 'password length exceeds 72 bytes'),
  'invalid-auth-management': etcd(grpcCodes.INVALID_ARGUMENT, 'invalid auth management'),
  'invalid-auth-token': etcd(grpcCodes.UNAUTHENTICATED, 'invalid auth token'),
  'auth-revision-old': etcd(grpcCodes.INVALID_ARGUMENT, 'revision of auth store is old'),
  'permission-denied': etcd(grpcCodes.PERMISSION_DENIED, 'permission denied'),
  'not-leader': etcd(grpcCodes.FAILED_PRECONDITION, 'not leader'),
  'bad-leader-transferee': etcd(grpcCodes.FAILED_PRECONDITION, 'bad leader transferee'),
  'not-supported-for-learner': etcd(grpcCodes.FAILED_PRECONDITION, 'rpc not supported for learner'),
  'member-exists': etcd(grpcCodes.FAILED_PRECONDITION, 'member ID already exist'),
  'peer-urls-exist': etcd(grpcCodes.FAILED_PRECONDITION, 'Peer URLs already exists'),
  'not-enough-started-members': etcd(
    grpcCodes.UNKNOWN,
    're-configuration failed due to not enough started members',
  ),
  'too-many-learners': etcd(grpcCodes.FAILED_PRECONDITION, 'too many learner members in cluster'),
  'learner-not-ready': etcd(
    grpcCodes.FAILED_PRECONDITION,
    'can only promote a learner member which is in sync with leader',
  ),
  'not-a-learner': etcd(grpcCodes.FAILED_PRECONDITION, 'can only promote a learner member'),
  'configuration-change-in-progress': etcd(grpcCodes.UNAVAILABLE, 'another membership change is in progress'),
  canceled: { code: grpcCodes.CANCELLED, message: 'context canceled' },
  'invalid-configuration': { code: grpcCodes.FAILED_PRECONDITION, message: null },
  'wrong-cluster': { code: grpcCodes.FAILED_PRECONDITION, message: null },
  'storage-corrupt': { code: grpcCodes.INTERNAL, message: null },
  'storage-failed': { code: grpcCodes.INTERNAL, message: null },
  unavailable: { code: grpcCodes.UNAVAILABLE, message: null },
  internal: { code: grpcCodes.INTERNAL, message: null },
};

/** What to answer for anything that a handler threw. */
export function statusOf(thrown: unknown): GrpcStatus {
  if (thrown instanceof GrpcError) return thrown.status;
  if (!(thrown instanceof QuorateError)) return { code: grpcCodes.INTERNAL, message: messageOf(thrown) };
  const { code, message } = statuses[thrown.code];
  return { code, message: message ?? thrown.message };
}

/** Whether a handler should have thrown this; anything else is a bug of ours and belongs into the log. */
export function isExpected(thrown: unknown): boolean {
  return thrown instanceof GrpcError || (thrown instanceof QuorateError && thrown.code !== 'internal');
}

/** A request that was larger than this server takes, in the words of etcd's gRPC library. */
export function messageTooLarge(sizeBytes: number, sizeBytesMax: number): GrpcError {
  const message = `grpc: received message larger than max (${sizeBytes} vs. ${sizeBytesMax})`;
  return new GrpcError(grpcCodes.RESOURCE_EXHAUSTED, message);
}

/** A request of which the client did not send the rest. */
export function messageTooLate(timeoutMs: number): GrpcError {
  return new GrpcError(
    grpcCodes.DEADLINE_EXCEEDED,
    `the request did not arrive whole within ${timeoutMs} ms`,
  );
}

/** Bytes that are no protobuf message of the kind, likewise. */
export function malformedMessage(cause: unknown): GrpcError {
  const reason = cause instanceof RangeError ? 'unexpected EOF' : messageOf(cause);
  return new GrpcError(grpcCodes.INTERNAL, `grpc: error unmarshalling request: ${reason}`);
}
