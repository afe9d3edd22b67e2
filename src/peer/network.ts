import type { sendUnaryData, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import { Server, status } from '@grpc/grpc-js';

import type { Logger, Random } from '../base/index.js';
import { assert, QuorateError, some } from '../base/index.js';
import type { Message, NodeId, SnapshotMeta } from '../raft/index.js';
import type { StoreEntry } from '../storage/index.js';
import type { Tls } from '../tls/index.js';
import { isPeerUrl } from './address.js';
import { answerCall, createCaller } from './calls.js';
import type { CallSender } from './calls.js';
import type { ConnectionSlots } from './connection-slots.js';
import { createConnectionSlots } from './connection-slots.js';
import { createDial } from './dialing.js';
import type { Dial } from './dialing.js';
import type { CallCheck, Caller } from './handshake.js';
import { checkCall, describeRemoval, describeStranger } from './handshake.js';
import type { Inbound } from './inbound.js';
import { createInbound } from './inbound.js';
import type { Listeners } from './listen.js';
import { listen } from './listen.js';
import { encodeMembersReply } from './members.js';
import type { QueueBounds } from './outbox.js';
import type { BackoffRange, Outbound } from './outbound.js';
import { createOutbound } from './outbound.js';
import { peerService, serverOptions } from './service.js';
import type { SnapshotReceiver } from './snapshot-receiver.js';
import { createSnapshotReceiver } from './snapshot-receiver.js';
import { deliverSnapshot } from './snapshot-sender.js';
import type { PeerAddress, PeerHandlers, PeerIdentity, PeerNetwork, PeerTraffic } from './types.js';

export interface PeerNetworkOptions {
  readonly identity: PeerIdentity;
  /** `http://host:port` or `https://host:port` each; it listens there and nowhere else. */
  readonly listenUrls: readonly string[];
  /** Where other members reach this one, told to those that do not know it yet. Without it the listen URLs. */
  readonly advertiseUrls?: readonly string[];
  readonly logger: Logger;
  /** For jitter in the waits between attempts to connect. */
  readonly random: Random;
  /** What may wait for one peer that reads slowly: 4,096 messages, 64 MiB. */
  readonly queue?: QueueBounds;
  /** Waits between attempts to connect: 50 ms to 1 s. */
  readonly backoff?: BackoffRange;
  /** How long a peer may take to answer an attempt to connect: 5 s. */
  readonly connectTimeoutMs?: number;
  /** Connections to this member, by all of its addresses: 256. */
  readonly connectionsMax?: number;
  /** For `https://` addresses, one's own and those of others. */
  readonly tls?: Tls | null;
}

type StreamCall = ServerReadableStream<Buffer, Buffer>;
type Respond = sendUnaryData<Buffer>;

const defaultQueue: QueueBounds = { messagesMax: 4_096, sizeBytesMax: 64 * 1024 * 1024 };
const defaultBackoff: BackoffRange = { minMs: 50, maxMs: 1_000 };
const defaultConnectTimeoutMs = 5_000;
/** A peer has one connection, and another while it sends a snapshot. */
const defaultConnectionsMax = 256;
const closeGraceMs = 1_000;
/** Members that connect to us before our log has told us of them. */
const strangersMax = 16;

/**
 * The streams between this member and its peers, over gRPC (peer.proto).
 *
 * A caller that the log has not named yet is taken in, at the address that it tells: a member that was away may know
 * nobody of those who lead its cluster now, and would never learn of them if it refused them (dissertation §4.1). While
 * it has a leader it takes in nobody (`PeerHandlers.admits`), and never those that the log has named and removed.
 *
 * `start` rejects with `invalid-configuration` when it cannot listen.
 */
export function createPeerNetwork(options: PeerNetworkOptions): PeerNetwork {
  return new GrpcPeerNetwork(options);
}

class GrpcPeerNetwork implements PeerNetwork {
  readonly #options: PeerNetworkOptions;
  readonly #caller: Caller;
  readonly #dial: Dial;
  readonly #server = new Server(serverOptions);
  readonly #slots: ConnectionSlots;
  readonly #peers = new Map<NodeId, Outbound>();
  readonly #strangers = new Map<NodeId, Outbound>();
  readonly #removed = new Set<NodeId>();
  readonly #deliveries = new Map<AbortController, NodeId>();
  readonly #unreachable = new Set<NodeId>();
  #addresses: readonly PeerAddress[] = [];
  #running: { handlers: PeerHandlers; inbound: Inbound; snapshots: SnapshotReceiver } | null = null;
  #listeners: Listeners | null = null;
  readonly #calls: CallSender;
  #retired: Promise<void> = Promise.resolve();
  #closed = false;
  #sentBytes = 0;
  #receivedBytes = 0;
  readonly #sendFailures = new Map<NodeId, number>();

  constructor(options: PeerNetworkOptions) {
    this.#options = options;
    this.#caller = { ...options.identity, advertiseUrls: options.advertiseUrls ?? options.listenUrls };
    this.#dial = createDial(options.tls ?? null);
    this.#calls = createCaller(this.#caller);
    this.#slots = createConnectionSlots(options.connectionsMax ?? defaultConnectionsMax);
  }

  async start(handlers: PeerHandlers): Promise<void> {
    assert(this.#running === null && !this.#closed, 'a peer network starts once');
    const { logger, identity, listenUrls } = this.#options;
    const snapshots = createSnapshotReceiver(logger, handlers);
    const inbound = createInbound(logger, {
      onMessages: (messages) => handlers.onMessages(messages),
      onReceived: (sizeBytes) => {
        this.#receivedBytes += sizeBytes;
      },
      onLost: (peer) => handlers.onConnectionLost(peer),
      onEnd: (peer) => this.#forgetStranger(peer),
    });
    this.#running = { handlers, inbound, snapshots };
    this.#server.addService(peerService, {
      raft: (call: StreamCall, respond: Respond) => {
        const caller = this.#admit(call, respond);
        if (caller !== null && this.#greet(caller, respond)) {
          inbound.accept(call, respond, { from: caller.id, to: identity.memberId });
        }
      },
      snapshot: (call: StreamCall, respond: Respond) => {
        const caller = this.#admit(call, respond);
        if (caller !== null) snapshots.accept(call, respond, caller.id);
      },
      call: (call: ServerUnaryCall<Buffer, Buffer>, respond: Respond) => {
        const caller = this.#admit(call, respond);
        if (caller !== null && this.#isMember(caller, respond))
          answerCall(call.request, (request) => handlers.onCall(caller.id, request), respond);
      },
      members: (_call: ServerUnaryCall<Buffer, Buffer>, respond: Respond) => {
        respond(
          null,
          encodeMembersReply({ clusterId: identity.clusterId, members: handlers.describeMembers() }),
        );
      },
    });
    this.#listeners = await listen(this.#server, listenUrls, this.#options.tls ?? null, this.#slots);
    this.setPeers(this.#addresses);
  }

  setPeers(peers: readonly PeerAddress[], removed: readonly NodeId[] = []): void {
    if (this.#closed) return;
    const listed = new Set(peers.map(({ id }) => id));
    for (const { id } of this.#addresses) if (!listed.has(id)) this.#remove(id);
    for (const id of removed) if (!listed.has(id)) this.#remove(id);
    this.#addresses = peers.filter(({ id }) => id !== this.#caller.memberId);
    if (this.#running === null) return;
    for (const { id, urls: told } of this.#addresses) {
      this.#removed.delete(id);
      const urls = told.filter(isPeerUrl);
      if (urls.length < told.length)
        this.#options.logger.error('a peer has a malformed address', { peer: id });
      if (urls.length === 0) continue;
      const outbound = this.#peers.get(id) ?? this.#strangers.get(id);
      this.#strangers.delete(id);
      if (outbound === undefined) this.#peers.set(id, this.#connect(id, urls));
      else {
        this.#peers.set(id, outbound);
        outbound.readdress(urls);
      }
    }
  }

  send(messages: readonly Message[]): void {
    const touched = new Set<Outbound>();
    for (const message of messages) {
      const outbound = this.#peers.get(message.to) ?? this.#strangers.get(message.to);
      if (outbound === undefined) continue; // Removed, or not yet known: Raft will say it again.
      outbound.push(message);
      touched.add(outbound);
    }
    for (const outbound of touched) outbound.flush();
  }

  async sendSnapshot(
    to: NodeId,
    term: number,
    meta: SnapshotMeta,
    entries: AsyncIterable<StoreEntry>,
  ): Promise<void> {
    const outbound = this.#peers.get(to) ?? this.#strangers.get(to);
    if (outbound === undefined || this.#closed) {
      throw new QuorateError('unavailable', `snapshot to member ${to} failed: it is no peer of this member`);
    }
    const abort = new AbortController();
    this.#deliveries.set(abort, to);
    try {
      await deliverSnapshot({
        to,
        url: outbound.url(),
        caller: this.#caller,
        dial: this.#dial,
        header: { term, meta },
        entries,
        signal: abort.signal,
      });
    } finally {
      this.#deliveries.delete(abort);
    }
  }

  async call(to: NodeId, request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const client = this.#peers.get(to)?.client() ?? this.#strangers.get(to)?.client() ?? null;
    if (client === null || this.#closed) {
      throw new QuorateError('unavailable', `there is no connection to member ${to}`);
    }
    return this.#calls.call(client, to, request, timeoutMs);
  }

  connectedForMs(peer: NodeId): number | null {
    return this.#peers.get(peer)?.openForMs() ?? null;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#calls.cancelAll();
    for (const abort of this.#deliveries.keys()) abort.abort();
    for (const outbound of [...this.#peers.values(), ...this.#strangers.values()]) this.#retire(outbound);
    this.#peers.clear();
    this.#strangers.clear();
    if (this.#running !== null) {
      this.#running.inbound.close();
      await withinMs(Promise.all([this.#retired, this.#running.snapshots.close()]), closeGraceMs);
    }
    await this.#listeners?.stop(closeGraceMs);
  }

  /** Who calls, if it may; otherwise it has its answer. */
  #admit(call: StreamCall | ServerUnaryCall<Buffer, Buffer>, respond: Respond): PeerAddress | null {
    const checked = checkCall(call.metadata, this.#caller, this.#removed);
    const check = checked.ok ? this.#checkStranger(checked.caller) : checked;
    if (check.ok) {
      this.#slots.prove(call.getPeer());
      return check.caller;
    }
    this.#options.logger.warn('refused a peer', {
      from: check.from,
      at: call.getPeer(),
      reason: check.status.details,
    });
    respond(check.status);
    return null;
  }

  /** Once closed it has forgotten everybody, and whoever still calls hears of the end instead. */
  #knows(id: NodeId): boolean {
    return this.#closed || this.#peers.has(id);
  }

  #checkStranger(caller: PeerAddress): CallCheck {
    if (this.#knows(caller.id) || this.#running?.handlers.admits(caller.id) === true)
      return { ok: true, caller };
    return { ok: false, from: caller.id, status: describeStranger(caller.id) };
  }

  /** What a stranger asks need not be answered: it is no leader that we could know too little of. */
  #isMember({ id }: PeerAddress, respond: Respond): boolean {
    if (this.#knows(id)) return true;
    respond(describeStranger(id));
    return false;
  }

  /** The caller is alive: reach out to it, too. Refuses when there are too many that nobody has told us of. */
  #greet({ id, urls }: PeerAddress, respond: Respond): boolean {
    const known = this.#peers.get(id) ?? this.#strangers.get(id);
    if (known !== undefined) known.wake();
    else if (this.#closed || this.#strangers.size >= strangersMax) {
      respond({ code: status.RESOURCE_EXHAUSTED, details: 'too many callers that are no members yet' });
      return false;
    } else {
      this.#options.logger.info('a member that is new to us has connected', { peer: id });
      this.#strangers.set(id, this.#connect(id, urls));
    }
    return true;
  }

  #forgetStranger(id: NodeId): void {
    const stranger = this.#strangers.get(id);
    this.#strangers.delete(id);
    if (stranger !== undefined) this.#retire(stranger);
  }

  #remove(id: NodeId): void {
    this.#removed.add(id);
    for (const [abort, to] of this.#deliveries) if (to === id) abort.abort();
    const outbound = this.#peers.get(id);
    this.#peers.delete(id);
    if (outbound !== undefined) this.#retire(outbound);
    this.#running?.inbound.cut(id, describeRemoval(id));
    this.#forgetStranger(id);
  }

  /** Its stream ends while the rest goes on; `close` waits for it. */
  #retire(outbound: Outbound): void {
    this.#retired = Promise.all([this.#retired, outbound.close()]).then(() => undefined);
  }

  #connect(peer: NodeId, urls: readonly string[]): Outbound {
    const { handlers } = some(this.#running, 'streams open after the start');
    return createOutbound({
      peer,
      urls,
      caller: this.#caller,
      dial: this.#dial,
      queue: this.#options.queue ?? defaultQueue,
      backoff: this.#options.backoff ?? defaultBackoff,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? defaultConnectTimeoutMs,
      random: this.#options.random,
      logger: this.#options.logger,
      events: {
        onDropped: () => this.#reportUnreachable(peer),
        onSent: (sizeBytes) => {
          this.#sentBytes += sizeBytes;
        },
        onLost: () => handlers.onConnectionLost(peer),
        onRefused: (reason, refusal) => handlers.onRefused(peer, reason, refusal),
      },
    });
  }

  traffic(): PeerTraffic {
    return {
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      sendFailures: this.#sendFailures,
    };
  }

  /** Once a turn for each peer, and never from within `send`. */
  #reportUnreachable(peer: NodeId): void {
    this.#sendFailures.set(peer, (this.#sendFailures.get(peer) ?? 0) + 1);
    if (this.#unreachable.size === 0) setImmediate(() => this.#flushUnreachable());
    this.#unreachable.add(peer);
  }

  #flushUnreachable(): void {
    const peers = [...this.#unreachable];
    this.#unreachable.clear();
    for (const peer of peers) if (!this.#closed) this.#running?.handlers.onUnreachable(peer);
  }
}

async function withinMs(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
