import { parseEndpoint } from './endpoint-address.js';
import { createEndpoint } from './endpoint.js';
import type { Endpoint } from './endpoint.js';
import { ClientError } from './errors.js';
import type { Metadata } from './grpc.js';
import { judgeFailure, toError } from './judge.js';
import type { Failure, Verdict } from './judge.js';
import { backoffMs, pause } from './pause.js';
import type { StreamFailure, WireStream } from './stream.js';
import type { TlsOptions } from './tls.js';
import { createTokens, metadataOf, sendAs, waitFor } from './tokens.js';
import type { Credentials, Terms } from './tokens.js';

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
  /** Speak TLS, with these certificates. Endpoints without a scheme are taken for `https://` ones then. */
  readonly tls?: TlsOptions;
  /** Who this is, where members ask: a token is fetched before the first request, and again when it has expired. */
  readonly auth?: Credentials;
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
  /**
   * A read may always be sent again; a write only where it is certain that nothing came of it. `repeatable` is a write
   * that does the same when it happens twice.
   */
  readonly kind: 'read' | 'write' | 'repeatable';
}

export interface StreamRequest {
  /** As messages name it: `watch`. */
  readonly name: string;
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  readonly metadata?: Metadata;
  /** Ask this member alone. */
  readonly endpoint?: string | undefined;
}

/** Brings a request to a member that can answer it. All failures are ClientErrors. */
export interface Connection {
  /** Names of the members, `host:port`, in the order given. */
  readonly endpoints: readonly string[];
  /** Requests carry a token. */
  readonly hasUser: boolean;
  /** The encoded response of whichever member works; tries them in turn and stays with the one that did. */
  call(request: Request, options?: CallOptions): Promise<Buffer>;
  /** The encoded response of this member alone, tried once. */
  callOne(endpoint: string, request: Request, options?: CallOptions): Promise<Buffer>;
  /**
   * Begins a call of many messages with the member that serves now. Tried once: who can go on where a stream ended
   * opens another, which goes to another member if this one was at fault.
   */
  openStream(request: StreamRequest): Promise<WireStream>;
  /** Calls under way end with `canceled`; resolves when all sockets are gone. May be called again. */
  close(): Promise<void>;
}

/** Throws ClientError `invalid-argument` for endpoints that are none. Opens nothing until the first call. */
export function createConnection(endpointTexts: readonly string[], options: ClientOptions): Connection {
  const { timeoutMs: timeoutMsOfAll = 5000, connectTimeoutMs = 2000, roundsMax = 100, tls, auth } = options;
  const scheme = tls === undefined ? 'http' : 'https';
  const addresses = endpointTexts.map((text) => parseEndpoint(text, scheme));
  const endpoints = addresses.map((address) => createEndpoint(address, { connectTimeoutMs, tls }));
  if (endpoints.length === 0)
    throw new ClientError('invalid-argument', 'connect needs at least one endpoint');
  const tokens = auth === undefined ? undefined : createTokens(auth, askForToken);
  /** Grows by one with each change of member; modulo their number it is the one to use. */
  let turn = options.startAt === 'first' ? 0 : Math.floor(Math.random() * endpoints.length);
  let closing: Promise<void> | undefined;

  function askForToken(message: Uint8Array): Promise<Uint8Array> {
    const path = '/etcdserverpb.Auth/Authenticate';
    const request = { name: 'authenticate', path, message, kind: 'read' } as const;
    return callAny(request, { timeoutMs: timeoutMsOfAll, signal: undefined, metadata: undefined });
  }

  async function callAny(request: Request, { timeoutMs, signal, metadata }: Terms): Promise<Buffer> {
    const deadlineMs = performance.now() + timeoutMs;
    const attemptsMax = roundsMax * endpoints.length;
    let wasSentBefore = false;
    let earlier: ClientError | undefined;
    for (let attempt = 1; ; attempt++) {
      const chosenTurn = turn;
      const endpoint = endpointAt(chosenTurn);
      const leftMs = attempt === 1 ? timeoutMs : Math.max(0, deadlineMs - performance.now());
      const outcome = await endpoint.call({
        path: request.path,
        message: request.message,
        metadata,
        timeoutMs: request.kind === 'write' ? leftMs : shareOf(leftMs, endpoints.length - attempt + 1),
        signal,
      });
      if (outcome.type === 'answer') return outcome.message;
      const verdict = judge(request, outcome);
      moveOn(verdict, chosenTurn);
      const error = toError({
        request,
        endpoint: endpoint.name,
        outcome,
        verdict,
        signal,
        attempt,
        wasSentBefore,
      });
      wasSentBefore ||= verdict.wasSent;
      const restMs = deadlineMs - performance.now();
      // That there was no time for a last try says less than why the one before it failed.
      if (outcome.type === 'timeout' && !outcome.sent && restMs <= 0) throw earlier ?? error;
      if (!verdict.mayRetry || attempt >= attemptsMax || restMs <= 0) throw error;
      earlier = error;
      const round = attempt / endpoints.length;
      if (Number.isInteger(round)) await pause(Math.min(restMs, backoffMs(round)), signal);
      if (performance.now() >= deadlineMs) throw error;
    }
  }

  async function callOne(name: string, request: Request, terms: Terms): Promise<Buffer> {
    const endpoint = endpointNamed(name);
    const { path, message } = request;
    const outcome = await endpoint.call({ path, message, ...terms });
    if (outcome.type === 'answer') return outcome.message;
    const verdict = judge(request, outcome);
    throw toError({
      request,
      endpoint: endpoint.name,
      outcome,
      verdict,
      signal: terms.signal,
      attempt: 1,
      wasSentBefore: false,
    });
  }

  /** Gives `send` the terms of its call, with this client's token if it has a user. */
  function withToken<Result>(
    { signal, timeoutMs = timeoutMsOfAll }: CallOptions,
    send: (terms: Terms) => Promise<Result>,
  ): Promise<Result> {
    const terms: Terms = { signal, timeoutMs, metadata: undefined };
    return tokens === undefined ? send(terms) : sendAs(tokens, terms, send);
  }

  async function openStream(request: StreamRequest): Promise<WireStream> {
    const { path, signal } = request;
    const token = tokens === undefined ? undefined : await waitFor(tokens.current(), timeoutMsOfAll, signal);
    const chosenTurn = turn;
    const endpoint =
      request.endpoint === undefined ? endpointAt(chosenTurn) : endpointNamed(request.endpoint);
    const metadata = { ...request.metadata, ...metadataOf(token) };
    function errorOf(failure: StreamFailure): ClientError {
      const asked = { name: request.name, kind: 'read' } as const;
      const verdict = judge(asked, failure);
      if (request.endpoint === undefined) moveOn(verdict, chosenTurn);
      const { name } = endpoint;
      const about = { request: asked, endpoint: name, outcome: failure, verdict, signal };
      const error = toError({ ...about, attempt: 1, wasSentBefore: false });
      tokens?.isOutdated(error, token);
      return error;
    }
    const opened = await endpoint.openStream({ path, metadata, signal, errorOf });
    if (opened.ok) return opened.stream;
    throw errorOf(opened.failure);
  }

  /** Whoever comes next starts elsewhere, unless somebody has moved on already. */
  function moveOn({ isAtFault }: Verdict, chosenTurn: number): void {
    if (isAtFault && turn === chosenTurn) turn++;
  }

  function endpointAt(someTurn: number): Endpoint {
    const endpoint = endpoints[someTurn % endpoints.length];
    if (endpoint === undefined) throw new ClientError('internal', 'no endpoint');
    return endpoint;
  }

  function endpointNamed(text: string): Endpoint {
    const wanted = parseEndpoint(text, scheme).name;
    const endpoint = endpoints.find(({ name }) => name === wanted);
    if (endpoint !== undefined) return endpoint;
    throw new ClientError('invalid-argument', `${text} is not among this client's endpoints`);
  }

  function judge(request: Pick<Request, 'kind'>, outcome: Failure): Verdict {
    if (closing !== undefined && outcome.type === 'broken') {
      return { code: 'canceled', isAtFault: false, mayRetry: false, wasSent: outcome.sent };
    }
    return judgeFailure(request, outcome);
  }

  return {
    endpoints: endpoints.map((endpoint) => endpoint.name),
    hasUser: auth !== undefined,
    call: (request, callOptions = {}) => withToken(callOptions, (terms) => callAny(request, terms)),
    callOne: (endpoint, request, callOptions = {}) =>
      withToken(callOptions, (terms) => callOne(endpoint, request, terms)),
    openStream,
    close() {
      closing ??= Promise.all(endpoints.map((endpoint) => endpoint.close())).then(() => undefined);
      return closing;
    },
  };
}

/** A member that does not answer gets its share of the time only, so that the others have theirs. */
function shareOf(leftMs: number, untried: number): number {
  return untried <= 1 ? leftMs : leftMs / untried;
}
