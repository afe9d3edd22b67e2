import { emptyBytes, messageOf } from '../../base/index.js';
import { etcdserverpb } from '../../gen/protos.js';
import type { Connection } from '../connection.js';
import { toNumber } from '../entry.js';
import { ClientError, codeOfStatus, grpcStatus, passing } from '../errors.js';
import type { ClientErrorCode } from '../errors.js';
import { backoffMs, pause } from '../pause.js';
import { createWatchSession } from './session.js';
import type { Subscriber, WatchSession } from './session.js';

/** Carries all watches of a client over one stream, and to another member when that ends. */
export interface WatchHub {
  /** Asks for it as soon as there is a stream. */
  add(subscriber: Subscriber): void;
  /** Nothing of what still comes for it is passed on. */
  remove(subscriber: Subscriber): void;
}

/** So often in a row may a watch be denied and the same read be granted. */
const denialsMax = 3;

export function createWatchHub(connection: Connection): WatchHub {
  const wanted = new Set<Subscriber>();
  const denials = new Map<Subscriber, number>();
  let session: WatchSession | undefined;
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
    const current = createWatchSession(stream, {
      heard: () => (failures = 0),
      created: (subscriber) => denials.delete(subscriber),
      canceled: (subscriber, response) => canceled(current, subscriber, response),
    });
    session = current;
    for (const subscriber of wanted) current.create(subscriber);
    try {
      await current.run();
    } finally {
      if (session === current) session = undefined;
    }
  }

  function canceled(
    current: WatchSession,
    subscriber: Subscriber,
    response: etcdserverpb.WatchResponse,
  ): void {
    const compactRevision = toNumber(response.compactRevision);
    if (compactRevision > 0) {
      wanted.delete(subscriber);
      subscriber.compacted(compactRevision);
      endIfIdle();
      return;
    }
    const reason = response.cancelReason.replace(/^rpc error: code = \w+ desc = /, '');
    const code = reason === '' ? 'unavailable' : codeOfStatus(grpcStatus.unknown, reason);
    const { endpoint } = current;
    const error = new ClientError(code, `watch: ${reason || 'the member ended it'} (${endpoint})`, {
      endpoint,
    });
    if (passing.has(code)) current.abandon(error.message);
    else if (code === 'permission-denied' || isOutdated(code)) {
      examineDenial(current, subscriber, error).catch((cause: unknown) => {
        fail(subscriber, asClientError(cause));
      });
    } else fail(subscriber, error);
  }

  /** Some members say so when the stream's token has expired: then a read of the same keys succeeds with a new one. */
  async function examineDenial(
    current: WatchSession,
    subscriber: Subscriber,
    error: ClientError,
  ): Promise<void> {
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
    current.abandon('the token of this stream has expired');
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
      session?.create(subscriber);
      if (isRunning) return;
      isRunning = true;
      failures = 0;
      run().catch((error: unknown) => failAll(asClientError(error)));
    },
    remove(subscriber) {
      denials.delete(subscriber);
      if (!wanted.delete(subscriber)) return;
      session?.cancel(subscriber);
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
