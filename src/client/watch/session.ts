import { messageOf } from '../../base/index.js';
import { etcdserverpb } from '../../gen/protos.js';
import { toNumber } from '../entry.js';
import { ClientError } from '../errors.js';
import { revisionOf } from '../operations.js';
import type { WireStream } from '../stream.js';

/** One watch, as the stream that carries it sees it. Each call to it may end in its being added or removed. */
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

/** Many watches on one stream. Ids are used once, so that nothing that comes late is taken for another watch's. */
export interface WatchSession {
  readonly endpoint: string;
  create(subscriber: Subscriber): void;
  /** Nothing of what still comes for it is passed on. */
  cancel(subscriber: Subscriber): void;
  /** Passes on what comes until the stream ends, which throws. */
  run(): Promise<never>;
  abandon(reason: string): void;
}

export interface WatchSessionEvents {
  /** Something came. */
  heard(): void;
  created(subscriber: Subscriber): void;
  /** The member has ended this watch, or never began it. */
  canceled(subscriber: Subscriber, response: etcdserverpb.WatchResponse): void;
}

/** How long a member may take to begin a watch before another one is asked. */
const creationMs = 5000;

export function createWatchSession(stream: WireStream, events: WatchSessionEvents): WatchSession {
  const byId = new Map<number, Subscriber>();
  const idOf = new Map<Subscriber, number>();
  /** When those without an answer were asked for, by id, in order: a refusal bears no id. */
  const pending = new Map<number, number>();
  /** Bounded by two requests a watch. */
  const outbox: etcdserverpb.WatchRequest.$Properties[] = [];
  let lastId = 0;
  let isSending = false;

  function post(request: etcdserverpb.WatchRequest.$Properties): void {
    outbox.push(request);
    if (isSending) return;
    isSending = true;
    sendAll().catch((error: unknown) => stream.abandon(messageOf(error)));
  }

  async function sendAll(): Promise<void> {
    for (let request = outbox.shift(); request !== undefined; request = outbox.shift()) {
      if (!stream.send(etcdserverpb.WatchRequest.encode(request).finish())) await stream.drained();
    }
    isSending = false;
  }

  function dispatch(response: etcdserverpb.WatchResponse): void {
    const given = toNumber(response.watchId);
    const [firstPending] = pending.keys();
    const id = response.created && given === -1 ? firstPending : given;
    if (id === undefined) return;
    const subscriber = byId.get(id);
    if (response.created) pending.delete(id);
    if (subscriber === undefined) return;
    if (response.canceled) {
      forget(subscriber);
      events.canceled(subscriber, response);
    } else if (response.created) {
      events.created(subscriber);
      subscriber.created(revisionOf(response.header));
    } else subscriber.received(response);
  }

  function forget(subscriber: Subscriber): number | undefined {
    const id = idOf.get(subscriber);
    idOf.delete(subscriber);
    if (id !== undefined) byId.delete(id);
    return id;
  }

  function abandonIfSilent(): void {
    const [oldestAtMs] = pending.values();
    const isSilent = oldestAtMs !== undefined && performance.now() - oldestAtMs > creationMs;
    if (isSilent) stream.abandon('no answer to a watch in time');
  }

  return {
    endpoint: stream.endpoint,
    create(subscriber) {
      const watchId = ++lastId;
      byId.set(watchId, subscriber);
      idOf.set(subscriber, watchId);
      pending.set(watchId, performance.now());
      post({ createRequest: { ...subscriber.request(), watchId, fragment: true, progressNotify: true } });
    },
    cancel(subscriber) {
      const id = forget(subscriber);
      if (id !== undefined) post({ cancelRequest: { watchId: id } });
    },
    async run() {
      const timer = setInterval(abandonIfSilent, creationMs / 4);
      try {
        for await (const message of stream.messages) {
          events.heard();
          dispatch(etcdserverpb.WatchResponse.decode(message));
        }
      } finally {
        clearInterval(timer);
      }
      const { endpoint } = stream;
      throw new ClientError('unavailable', 'watch: the member ended the stream', { endpoint });
    },
    abandon: (reason) => stream.abandon(reason),
  };
}
