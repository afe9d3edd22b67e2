import type { Client, ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';

import type { Logger, Random } from '../base/index.js';
import { at } from '../base/index.js';
import type { Message, NodeId } from '../raft/index.js';
import { encodeBatch } from './codec.js';
import type { Dial } from './dialing.js';
import type { Caller } from './handshake.js';
import { describeCall, refusalOf } from './handshake.js';
import type { QueueBounds } from './outbox.js';
import { createOutbox } from './outbox.js';
import { createParking } from './parking.js';
import { messageSizeBytesMax, passBytes, raftPath } from './service.js';
import type { Refusal } from './types.js';

/**
 * Our Raft stream to one peer, kept up for as long as the peer is ours: connect, stream, and after a break wait and
 * connect anew. The waits double from `minMs` to `maxMs`, with jitter, and start small again once a stream has held.
 *
 * One batch is on its way to the socket at a time. What is sent meanwhile gathers and leaves as the next batch, so a
 * busy stream makes fewer and larger writes by itself, and a receiver that does not read fills our bounded queue, not
 * gRPC's. While there is no connection messages are dropped: Raft repeats itself, and what is old is worth nothing.
 */
export interface Outbound {
  readonly peer: NodeId;
  /** Queues a message; `flush` sends what is queued. */
  push(message: Message): void;
  flush(): void;
  /** The connection, for calls beside the stream; null while there is none. */
  client(): Client | null;
  /** For how long the stream has been up; null while it is down. */
  openForMs(): number | null;
  /** The address that works or is tried now. */
  url(): string;
  readdress(urls: readonly string[]): void;
  /** The peer is there, it has just connected to us: do not wait any longer. */
  wake(): void;
  close(): Promise<void>;
}

/** Called at any time but from within a call of Outbound, `onDropped` excepted. */
export interface OutboundEvents {
  onDropped(): void;
  onSent(sizeBytes: number): void;
  onLost(): void;
  onRefused(reason: string, refusal: Refusal): void;
}

export interface BackoffRange {
  readonly minMs: number;
  readonly maxMs: number;
}

export interface OutboundOptions {
  readonly peer: NodeId;
  readonly urls: readonly string[];
  readonly caller: Caller;
  readonly dial: Dial;
  readonly queue: QueueBounds;
  readonly backoff: BackoffRange;
  /** How long a peer may take to take us in. */
  readonly connectTimeoutMs: number;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: OutboundEvents;
}

/** One attempt: from the dial to the end of the stream. */
interface Link {
  readonly client: Client;
  readonly call: ClientWritableStream<Buffer>;
  readonly timer: NodeJS.Timeout;
  /** When the peer took us, by performance.now(); null before. */
  openedAtMs: number | null;
  writing: boolean;
  readonly ended: Promise<void>;
}

const batchSizeBytes = 1024 * 1024;
const closeGraceMs = 250;
/** What may wait while we dial: the latest of a fresh election, not a backlog. */
const dialingBounds: QueueBounds = { messagesMax: 64, sizeBytesMax: batchSizeBytes };

export function createOutbound(options: OutboundOptions): Outbound {
  const { peer, caller, random, events } = options;
  const route = { from: caller.memberId, to: peer };
  const outbox = createOutbox(options.queue);
  const parked = createParking();
  let urls = options.urls;
  let cursor = 0;
  let link: Link | null = null;
  let retryTimer: NodeJS.Timeout | null = null;
  let failures = 0;
  let lastProblem = '';
  let ending: Promise<void> = Promise.resolve();
  let closed = false;

  function url(): string {
    return at(urls, cursor % urls.length);
  }

  function connect(): void {
    retryTimer = null;
    const target = url();
    const { client, call, ended } = openStream(parked.take(target) ?? options.dial(target), options);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      call.cancel();
    }, options.connectTimeoutMs);
    const attempt: Link = { client, call, timer, openedAtMs: null, writing: false, ended: ended.then(onEnd) };
    link = attempt;
    call.on('metadata', () => opened(attempt));

    function onEnd(error: ServiceError | null): void {
      clearTimeout(timer);
      if (timedOut && !closed) parked.put(target, client);
      else parked.end(target, client);
      if (link === attempt) broken(attempt, error);
    }
  }

  function opened(attempt: Link): void {
    if (attempt !== link) return;
    clearTimeout(attempt.timer);
    attempt.openedAtMs = performance.now();
    options.logger.info('connected to peer', { peer, url: url() });
    lastProblem = '';
    flush();
  }

  function broken(attempt: Link, error: ServiceError | null): void {
    link = null;
    const wasOpen = attempt.openedAtMs !== null;
    if (attempt.openedAtMs !== null && performance.now() - attempt.openedAtMs > options.backoff.maxMs)
      failures = 0;
    // What was on its way may be lost with the stream.
    if (wasOpen || outbox.length > 0) events.onDropped();
    outbox.clear();
    if (!wasOpen) cursor++;
    report(error, wasOpen);
    if (!closed) retryTimer = setTimeout(connect, nextDelayMs());
  }

  function report(error: ServiceError | null, wasOpen: boolean): void {
    const problem = describeProblem(error, wasOpen);
    const isNews = problem !== lastProblem;
    lastProblem = problem;
    if (isNews) options.logger.warn('no stream to peer', { peer, url: url(), reason: problem });
    const refusal = error === null ? null : refusalOf(error.metadata);
    if (refusal !== null) {
      if (isNews) events.onRefused(problem, refusal);
    } else if (error === null || isProcessGone(error, wasOpen)) events.onLost();
  }

  function nextDelayMs(): number {
    const ceiling = Math.min(options.backoff.maxMs, options.backoff.minMs * 2 ** Math.min(failures, 30));
    failures++;
    return ceiling / 2 + random.below(Math.floor(ceiling / 2) + 1);
  }

  function push(message: Message): void {
    if (link === null) events.onDropped();
    else if (link.openedAtMs === null) {
      if (!outbox.pushLatest(message, dialingBounds)) events.onDropped();
    } else if (!outbox.push(message)) events.onDropped();
  }

  function flush(): void {
    const current = link;
    if (current === null || current.openedAtMs === null || current.writing || outbox.length === 0) return;
    const batch = encodeBatch(route, outbox.take(batchSizeBytes));
    if (batch.length > messageSizeBytesMax) {
      options.logger.error('a message is too large to be sent', { peer, sizeBytes: batch.length });
      events.onDropped();
      flush();
      return;
    }
    current.writing = true;
    events.onSent(batch.length);
    current.call.write(batch, () => {
      current.writing = false;
      if (current === link) flush();
    });
  }

  /** Ends a stream so that the peer sees an end and not a loss. */
  async function end(attempt: Link): Promise<void> {
    link = null;
    attempt.call.end();
    const timer = setTimeout(() => attempt.call.cancel(), attempt.openedAtMs === null ? 0 : closeGraceMs);
    await attempt.ended;
    clearTimeout(timer);
  }

  connect();
  return {
    peer,
    push,
    flush,
    client: () => (link === null || link.openedAtMs === null ? null : link.client),
    openForMs: () => (link === null || link.openedAtMs === null ? null : performance.now() - link.openedAtMs),
    url,
    readdress(next) {
      if (next.join() === urls.join()) return;
      const stays = next.includes(url());
      cursor = stays ? next.indexOf(url()) : 0;
      urls = next;
      if (stays) return;
      if (link !== null) ending = Promise.all([ending, end(link)]).then(() => undefined);
      outbox.clear();
      if (retryTimer !== null) clearTimeout(retryTimer);
      failures = 0;
      connect();
    },
    wake() {
      if (retryTimer === null) return;
      clearTimeout(retryTimer);
      connect();
    },
    async close() {
      closed = true;
      if (retryTimer !== null) clearTimeout(retryTimer);
      retryTimer = null;
      outbox.clear();
      parked.clear();
      await Promise.all([ending, link === null ? null : end(link)]);
    },
  };
}

function openStream(
  client: Client,
  { peer, caller }: OutboundOptions,
): Pick<Link, 'client' | 'call'> & { ended: Promise<ServiceError | null> } {
  let resolve: (error: ServiceError | null) => void = () => undefined;
  const ended = new Promise<ServiceError | null>((resolver) => (resolve = resolver));
  const metadata = describeCall(caller, peer);
  const call = client.makeClientStreamRequest(raftPath, passBytes, passBytes, metadata, {}, resolve);
  call.on('error', () => undefined); // The callback tells the same.
  return { client, call, ended };
}

function describeProblem(error: ServiceError | null, wasOpen: boolean): string {
  if (error === null) return 'the peer ended the stream';
  if (error.code === status.CANCELLED && !wasOpen) return 'no answer in time';
  return withoutTime(error.details);
}

/** Whether the peer's process is gone, as far as an error can tell: its kernel closed or refused the connection. */
function isProcessGone(error: ServiceError, wasOpen: boolean): boolean {
  if (error.code !== status.UNAVAILABLE) return false;
  return wasOpen || /ECONNREFUSED|ECONNRESET|EPIPE|Connection dropped|closed/.test(error.details);
}

/** grpc-js appends the time to the reason why it could not connect, which would make each one new. */
function withoutTime(details: string): string {
  return details.replace(/ \(\d{4}-\d\d-\d\dT[^)]*\)/g, '');
}
