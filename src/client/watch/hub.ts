import { emptyBytes, messageOf } from '../../base/index.js';
import { etcdserverpb } from '../../gen/protos.js';
import type { Connection } from '../connection.js';
import { toNumber } from '../entry.js';
import { ClientError, codeOfStatus, grpcStatus, passing } from '../errors.js';
import type { ClientErrorCode } from '../errors.js';
import { revisionOf } from '../operations.js';
import { backoffMs, pause } from '../pause.js';
import type { WireStream } from '../stream.js';

/** One watch, as the hub sees it. Each call to it may end in `add` or `remove`. */
export interface Subscriber {
  /** What to ask a member for, now: where to go on included. */
  request(): etcdserverpb.WatchCreateRequest.$Properties;
  /** The member has begun; its store is at this revision. */
  created(revision: number): void;
  received(response: etcdserverpb.WatchResponse.$Properties): void;
  /** The stream broke; another one follows. */
  interrupted(): void;
  compacted(compactRevision: number): void;
  /** For good. */
  failed(error: ClientError): void;
}

/** Carries all watches of a client over one stream, and to another member when that ends. */
export interface WatchHub {
  /** Asks for it as soon as there is a stream. */
  add(subscriber: Subscriber): void;
  /** Nothing of what still comes for it is passed on. */
  remove(subscriber: Subscriber): void;
}

/** How long a member may take to begin a watch before another one is asked. */
const creationMs = 5000;
/** So often in a row may a watch be denied and the same read be granted. */
const denialsMax = 3;

interface Session {
  readonly stream: WireStream;
  readonly byId: Map<number, Subscriber>;
  readonly idOf: Map<Subscriber, number>;
  /** Ids of the requests without an answer, in order: a refusal bears no id. */
  readonly pending: Map<number, { readonly sentAtMs: number }>;
  readonly outbox: etcdserverpb.WatchRequest.$Properties[];
  nextId: number;
  isSending: boolean;
}

export function createWatchHub(connection: Connection): WatchHub {
  const wanted = new Set<Subscriber>();
  const denials = new Map<Subscriber, number>();
  let session: Session | undefined;
  let isRunning = false;
  /** Streams that ended in a row before anything came. */
  let failures = 0;
  let idle = new AbortController();

  async function run(): Promise<void> {
    while (wanted.size > 0) {
      const { signal } = idle;
      try {
        await runStream(signal);
      } catch (error) {
        if (signal.aborted) continue;
        const failure = asClientError(error);
        if (!mayPass(failure)) failAll(failure);
        for (const subscriber of [...wanted]) subscriber.interrupted();
        failures++;
        // The other members are asked at once.
        const round = failures / connection.endpoints.length;
        if (Number.isInteger(round)) await pause(backoffMs(round), signal);
      }
    }
    isRunning = false;
  }

  async function runStream(signal: AbortSignal): Promise<void> {
    const stream = await connection.openStream({
      name: 'watch',
      path: '/etcdserverpb.Watch/Watch',
      metadata: { hasleader: 'true' },
      signal,
    });
    const current: Session = {
      stream,
      byId: new Map(),
      idOf: new Map(),
      pending: new Map(),
      outbox: [],
      nextId: 1,
      isSending: false,
    };
    session = current;
    for (const subscriber of wanted) create(current, subscriber);
    const timer = setInterval(() => abandonIfSilent(current), creationMs / 4);
    try {
      for await (const message of stream.messages) {
        failures = 0;
        dispatch(current, etcdserverpb.WatchResponse.decode(message));
      }
      throw new ClientError('unavailable', 'watch: the member ended the stream', {
        endpoint: stream.endpoint,
      });
    } finally {
      clearInterval(timer);
      if (session === current) session = undefined;
    }
  }

  function create(current: Session, subscriber: Subscriber): void {
    const watchId = current.nextId++;
    current.byId.set(watchId, subscriber);
    current.idOf.set(subscriber, watchId);
    current.pending.set(watchId, { sentAtMs: performance.now() });
    post(current, {
      createRequest: { ...subscriber.request(), watchId, fragment: true, progressNotify: true },
    });
  }

  /** Bounded by two requests a watch: what cannot be sent waits, what was not sent needs no cancelling. */
  function post(current: Session, request: etcdserverpb.WatchRequest.$Properties): void {
    current.outbox.push(request);
    if (current.isSending) return;
    current.isSending = true;
    sendAll(current).catch((error: unknown) => current.stream.abandon(messageOf(error)));
  }

  async function sendAll(current: Session): Promise<void> {
    for (let [request] = current.outbox; request !== undefined; [request] = current.outbox) {
      current.outbox.shift();
      if (!current.stream.send(etcdserverpb.WatchRequest.encode(request).finish()))
        await current.stream.drained();
    }
    current.isSending = false;
  }

  function abandonIfSilent({ pending, stream }: Session): void {
    const [oldest] = pending.values();
    const isSilent = oldest !== undefined && performance.now() - oldest.sentAtMs > creationMs;
    if (isSilent) stream.abandon('no answer to a watch in time');
  }

  function dispatch(current: Session, response: etcdserverpb.WatchResponse): void {
    const given = toNumber(response.watchId);
    const [firstPending] = current.pending.keys();
    const id = response.created && given === -1 ? firstPending : given;
    if (id === undefined) return;
    const subscriber = current.byId.get(id);
    if (response.created) current.pending.delete(id);
    if (subscriber === undefined) return;
    if (response.canceled) canceled(current, subscriber, response);
    else if (response.created) {
      denials.delete(subscriber);
      subscriber.created(revisionOf(response.header));
    } else subscriber.received(response);
  }

  function canceled(current: Session, subscriber: Subscriber, response: etcdserverpb.WatchResponse): void {
    forget(current, subscriber);
    const compactRevision = toNumber(response.compactRevision);
    if (compactRevision > 0) {
      wanted.delete(subscriber);
      subscriber.compacted(compactRevision);
      return;
    }
    const reason = response.cancelReason.replace(/^rpc error: code = \w+ desc = /, '');
    const code = reason === '' ? 'unavailable' : codeOfStatus(grpcStatus.unknown, reason);
    const { endpoint } = current.stream;
    const error = new ClientError(code, `watch: ${reason || 'the member ended it'} (${endpoint})`, {
      endpoint,
    });
    if (passing.has(code)) current.stream.abandon(error.message);
    else if (code === 'permission-denied' || isOutdated(code)) {
      examineDenial(current, subscriber, error).catch((cause: unknown) => {
        fail(subscriber, asClientError(cause));
      });
    } else fail(subscriber, error);
  }

  /** Some members say so when the stream's token has expired: then a read of the same keys succeeds with a new one. */
  async function examineDenial(current: Session, subscriber: Subscriber, error: ClientError): Promise<void> {
    const count = (denials.get(subscriber) ?? 0) + 1;
    denials.set(subscriber, count);
    if (!connection.hasUser || count > denialsMax) {
      fail(subscriber, error);
      return;
    }
    const { key = emptyBytes, rangeEnd = emptyBytes } = subscriber.request();
    const probe = { key, rangeEnd, limit: 1, keysOnly: true, serializable: true };
    const message = etcdserverpb.RangeRequest.encode(probe).finish();
    try {
      await connection.call({ name: 'watch', path: '/etcdserverpb.KV/Range', message, kind: 'read' });
    } catch (cause) {
      if (!mayPass(asClientError(cause))) throw cause;
    }
    current.stream.abandon('the token of this stream has expired');
  }

  function forget(current: Session, subscriber: Subscriber): number | undefined {
    const id = current.idOf.get(subscriber);
    current.idOf.delete(subscriber);
    if (id !== undefined) current.byId.delete(id);
    return id;
  }

  function fail(subscriber: Subscriber, error: ClientError): void {
    denials.delete(subscriber);
    if (!wanted.delete(subscriber)) return;
    subscriber.failed(error);
    endIfIdle();
  }

  function failAll(error: ClientError): void {
    for (const subscriber of [...wanted]) fail(subscriber, error);
  }

  function endIfIdle(): void {
    if (wanted.size > 0) return;
    session = undefined;
    idle.abort();
    idle = new AbortController();
  }

  return {
    add(subscriber) {
      wanted.add(subscriber);
      if (session !== undefined) create(session, subscriber);
      if (isRunning) return;
      isRunning = true;
      failures = 0;
      run().catch((error: unknown) => failAll(asClientError(error)));
    },
    remove(subscriber) {
      denials.delete(subscriber);
      if (!wanted.delete(subscriber)) return;
      const id = session === undefined ? undefined : forget(session, subscriber);
      if (session !== undefined && id !== undefined) post(session, { cancelRequest: { watchId: id } });
      endIfIdle();
    },
  };
}

/** Whether a stream on another member, or later, may do better. */
function mayPass(error: ClientError): boolean {
  return passing.has(error.code) || isOutdated(error.code);
}

/** The token is. */
function isOutdated(code: ClientErrorCode): boolean {
  return code === 'invalid-auth-token' || code === 'auth-revision-old';
}

function asClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  return new ClientError('internal', `watch: ${messageOf(error)}`, { cause: error });
}
