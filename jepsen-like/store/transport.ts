/** Bytes to members and back: gRPC to real processes, or the simulated network. Paths are `/package.Service/Method`. */
export interface Transport {
  /** Names of the members that this client may ask. */
  readonly members: readonly string[];
  /** One request, one answer. Rejects with a CallError and nothing else. */
  call(member: string, path: string, message: Uint8Array, options: CallOptions): Promise<Uint8Array>;
  open(member: string, path: string, options: { readonly token: string | null }): ByteStream;
}

export interface CallOptions {
  readonly timeoutMs: number;
  /** Of a user; null: none. */
  readonly token: string | null;
}

/** A call with many messages both ways. */
export interface ByteStream {
  send(message: Uint8Array): void;
  /** Null: the server ended the call. Rejects with a CallError when it failed or the connection broke. One caller at a time. */
  next(): Promise<Uint8Array | null>;
  cancel(): void;
}

/** Codes of gRPC that somebody here looks at. */
export const grpcCodes = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }

  /** Surely without effect, and never going to have one: the server looked at the request and refused it. */
  get isRefusal(): boolean {
    return refusals.has(this.code) || harmless.has(this.message);
  }

  /** Another member may do better. */
  get isConnection(): boolean {
    return (
      this.code === grpcCodes.unavailable ||
      this.code === grpcCodes.deadlineExceeded ||
      this.message === 'etcdserver: rpc not supported for learner'
    );
  }
}

const refusals: ReadonlySet<number> = new Set([
  grpcCodes.invalidArgument,
  grpcCodes.notFound,
  grpcCodes.alreadyExists,
  grpcCodes.permissionDenied,
  grpcCodes.resourceExhausted,
  grpcCodes.failedPrecondition,
  grpcCodes.outOfRange,
  grpcCodes.unauthenticated,
]);

/** Refusals that come with a code which also stands for the unknown. */
const harmless: ReadonlySet<string> = new Set(['connection refused', 'etcdserver: not capable']);
