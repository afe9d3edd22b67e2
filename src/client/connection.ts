import { tooLarge } from './call.js';
import type { CallOutcome } from './call.js';
import { parseEndpoint } from './endpoint-address.js';
import { createEndpoint } from './endpoint.js';
import type { Endpoint } from './endpoint.js';
import { ClientError, codeOfStatus, passing, refusedBeforeProposing } from './errors.js';
import type { ClientErrorCode } from './errors.js';
import type { TlsOptions } from './session.js';

export interface ClientOptions {
  /**
   * How long a request may take in all, retries included; each may say otherwise. Default 5000. A read gives each
   * member its share of it, so that one that hangs leaves time for the others.
   */
  readonly timeoutMs?: number;
  /** How long a member may take to accept a connection before the next one is tried. Default 2000. */
  readonly connectTimeoutMs?: number;
  /** How often each member is tried for one request before it fails. Default 100: as long as there is time. */
  readonly roundsMax?: number;
  /** Which member is tried first: a random one (default), so that many clients spread, or the first given. */
  readonly startAt?: 'random' | 'first';
  /** For `https://` endpoints: certificates and keys as node:tls takes them. */
  readonly tls?: TlsOptions;
}

/** What every request takes. */
export interface CallOptions {
  /** Aborting gives up at once. A write may then still happen, and the error says so. */
  readonly signal?: AbortSignal | undefined;
  /** In place of the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

export interface Request {
  /** As messages name it: `put`. */
  readonly name: string;
  readonly path: string;
  /** The encoded request. */
  readonly message: Uint8Array;
  /** A read may always be sent again; a write only where it is certain that nothing came of it. */
  readonly kind: 'read' | 'write';
}

/** Brings a request to a member that can answer it. All failures are ClientErrors. */
export interface Connection {
  /** Names of the members, `host:port`, in the order given. */
  readonly endpoints: readonly string[];
  /** The encoded response of whichever member works; tries them in turn and stays with the one that did. */
  call(request: Request, options?: CallOptions): Promise<Buffer>;
  /** The encoded response of this member alone, tried once. */
  callOne(endpoint: string, request: Request, options?: CallOptions): Promise<Buffer>;
  /** Calls under way end with `canceled`; resolves when all sockets are gone. May be called again. */
  close(): Promise<void>;
}

/** Wait after a round in which no member could serve: doubled each time, and drawn between half and whole. */
const backoff = { firstMs: 25, maxMs: 1000 };

/** Throws ClientError `invalid-argument` for endpoints that are none. Opens nothing until the first call. */
export function createConnection(endpointTexts: readonly string[], options: ClientOptions): Connection {
  const { timeoutMs: timeoutMsOfAll = 5000, connectTimeoutMs = 2000, roundsMax = 100, tls } = options;
  const addresses = endpointTexts.map(parseEndpoint);
  const endpoints = addresses.map((address) => createEndpoint(address, { connectTimeoutMs, tls }));
  if (endpoints.length === 0)
    throw new ClientError('invalid-argument', 'connect needs at least one endpoint');
  /** Grows by one with each change of member; modulo their number it is the one to use. */
  let turn = options.startAt === 'first' ? 0 : Math.floor(Math.random() * endpoints.length);
  let closing: Promise<void> | undefined;

  async function call(request: Request, callOptions: CallOptions = {}): Promise<Buffer> {
    const { signal } = callOptions;
    const timeoutMs = callOptions.timeoutMs ?? timeoutMsOfAll;
    const deadlineMs = performance.now() + timeoutMs;
    const attemptsMax = roundsMax * endpoints.length;
    for (let attempt = 1; ; attempt++) {
      const chosenTurn = turn;
      const endpoint = endpointAt(chosenTurn);
      const leftMs = attempt === 1 ? timeoutMs : Math.max(0, deadlineMs - performance.now());
      const patienceMs = request.kind === 'read' ? shareOf(leftMs, endpoints.length - attempt + 1) : leftMs;
      const outcome = await endpoint.call({
        path: request.path,
        message: request.message,
        timeoutMs: patienceMs,
        signal,
      });
      if (outcome.type === 'answer') return outcome.message;
      const verdict = judge(request, outcome);
      // Whoever comes next starts elsewhere, unless somebody has moved on already.
      if (verdict.isAtFault && turn === chosenTurn) turn++;
      const error = toError({ request, endpoint, outcome, verdict, signal, attempt });
      const restMs = deadlineMs - performance.now();
      if (!verdict.mayRetry || attempt >= attemptsMax || restMs <= 0) throw error;
      if (attempt % endpoints.length === 0) await pause(attempt / endpoints.length, restMs, signal);
      if (performance.now() >= deadlineMs) throw error;
    }
  }

  async function callOne(name: string, request: Request, callOptions: CallOptions = {}): Promise<Buffer> {
    const wanted = parseEndpoint(name).name;
    const endpoint = endpoints.find((candidate) => candidate.name === wanted);
    if (endpoint === undefined) {
      throw new ClientError('invalid-argument', `${name} is not among this client's endpoints`);
    }
    const outcome = await endpoint.call({
      path: request.path,
      message: request.message,
      timeoutMs: callOptions.timeoutMs ?? timeoutMsOfAll,
      signal: callOptions.signal,
    });
    if (outcome.type === 'answer') return outcome.message;
    const verdict = judge(request, outcome);
    throw toError({ request, endpoint, outcome, verdict, signal: callOptions.signal, attempt: 1 });
  }

  function endpointAt(someTurn: number): Endpoint {
    const endpoint = endpoints[someTurn % endpoints.length];
    if (endpoint === undefined) throw new ClientError('internal', 'no endpoint');
    return endpoint;
  }

  function judge(request: Request, outcome: Failure): Verdict {
    if (closing !== undefined && outcome.type === 'broken') {
      return { code: 'canceled', isAtFault: false, mayRetry: false, wasSent: outcome.sent };
    }
    return judgeFailure(request, outcome);
  }

  return {
    endpoints: endpoints.map((endpoint) => endpoint.name),
    call,
    callOne,
    close() {
      closing ??= Promise.all(endpoints.map((endpoint) => endpoint.close())).then(() => undefined);
      return closing;
    },
  };
}

type Failure = Exclude<CallOutcome, { type: 'answer' }>;

interface Verdict {
  readonly code: ClientErrorCode;
  /** Another member may do better. */
  readonly isAtFault: boolean;
  readonly mayRetry: boolean;
  /** Somebody may have acted on it. */
  readonly wasSent: boolean;
}

/**
 * The rule of retries: what was not sent may be sent elsewhere; what was refused before it was proposed too. A read
 * may also follow any passing failure. Everything else is the caller's to decide.
 */
function judgeFailure(request: Request, outcome: Failure): Verdict {
  const isRead = request.kind === 'read';
  switch (outcome.type) {
    case 'broken':
      return {
        code: 'unavailable',
        isAtFault: true,
        mayRetry: isRead || !outcome.sent,
        wasSent: outcome.sent,
      };
    case 'timeout':
      return { code: 'timed-out', isAtFault: true, mayRetry: isRead || !outcome.sent, wasSent: outcome.sent };
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
        mayRetry: isHarmless || (isRead && isPassing),
        wasSent: !isHarmless && !isRefusal,
      };
    }
  }
}

interface FailedCall {
  readonly request: Request;
  readonly endpoint: Endpoint;
  readonly outcome: Failure;
  readonly verdict: Verdict;
  readonly signal: AbortSignal | undefined;
  readonly attempt: number;
}

function toError({ request, endpoint, outcome, verdict, signal, attempt }: FailedCall): ClientError {
  const mayHaveHappened = request.kind === 'write' && verdict.wasSent;
  const where = attempt === 1 ? endpoint.name : `${endpoint.name}, try ${attempt}`;
  const tail = mayHaveHappened ? '; it may have happened nevertheless' : '';
  return new ClientError(verdict.code, `${request.name}: ${describe(outcome)} (${where})${tail}`, {
    endpoint: endpoint.name,
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

/** A member that does not answer gets its share of the time only, so that the others have theirs. */
function shareOf(leftMs: number, untried: number): number {
  return untried <= 1 ? leftMs : leftMs / untried;
}

async function pause(round: number, restMs: number, signal: AbortSignal | undefined): Promise<void> {
  const fullMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** (round - 1));
  const waitMs = Math.min(restMs, fullMs * (0.5 + Math.random() / 2));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, waitMs);
    signal?.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
