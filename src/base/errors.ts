/**
 * Every expected failure that a client can see, by a name of our own. `src/api/errors.ts` maps each to its gRPC
 * status and to etcd's exact string.
 */
export const errorCodes = [
  // The request is wrong.
  'empty-key',
  'key-not-found',
  'value-provided',
  'lease-provided',
  'too-many-operations',
  'duplicate-key',
  'invalid-sort-option',
  'request-too-large',
  'too-many-keys',
  'lease-ttl-too-large',
  'invalid-member-urls',
  'leader-key-missing',
  // The request asks for what is not there.
  'lease-not-found',
  'lease-exists',
  'member-not-found',
  'compacted',
  'future-revision',
  // The member or the cluster cannot serve now.
  'no-leader',
  'leader-changed',
  'timed-out',
  'stopped',
  'unhealthy',
  'too-many-requests',
  'no-space',
  'corrupt',
  'not-leader',
  'bad-leader-transferee',
  'not-supported-for-learner',
  // Users, roles and what they may do.
  'user-empty',
  'user-exists',
  'user-not-found',
  'role-empty',
  'role-exists',
  'role-not-found',
  'role-not-granted',
  'permission-not-given',
  'permission-not-granted',
  'root-user-missing',
  'root-role-missing',
  'auth-not-enabled',
  'authentication-failed',
  'password-too-long',
  'invalid-auth-management',
  'invalid-auth-token',
  'auth-revision-old',
  'permission-denied',
  // A membership change is refused.
  'member-exists',
  'peer-urls-exist',
  'not-enough-started-members',
  'too-many-learners',
  'learner-not-ready',
  'not-a-learner',
  'configuration-change-in-progress',
  // The caller gave up.
  'canceled',
  // What a person must mend: flags, folders, ports, disks.
  'invalid-configuration',
  'wrong-cluster',
  'storage-corrupt',
  'storage-failed',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

const known: ReadonlySet<string> = new Set(errorCodes);

/** Of a code that another member sent. */
export function isErrorCode(text: string): text is ErrorCode {
  return known.has(text);
}

/** An expected failure. `message` says what happened, to what, and what to do about it. */
export class QuorateError extends Error {
  override readonly name = 'QuorateError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string = code, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The sentence of anything thrown, for a log line or the cause within another error's message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
