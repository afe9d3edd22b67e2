import type { Message, NodeId, SnapshotMeta } from '../raft/index.js';
import type { StoreEntry } from '../storage/index.js';

/** Who a member is to its peers. Both ids are 16 hexadecimal digits. */
export interface PeerIdentity {
  readonly clusterId: string;
  readonly memberId: NodeId;
}

export interface PeerAddress {
  readonly id: NodeId;
  /** `http://host:port`, tried in turn. */
  readonly urls: readonly string[];
}

/** Where a snapshot from a peer lands: a fresh store that becomes the state only once the core has taken it. */
export interface SnapshotSink {
  write(entries: readonly StoreEntry[]): Promise<void>;
  /** All has arrived and its checksum is right: make it durable. The driver is told by `onSnapshot`. */
  finish(): Promise<void>;
  /** The stream broke or lied: throw away what came. */
  abort(): Promise<void>;
}

/** Why a call is refused for good: trying again helps only once somebody has changed something. */
export type Refusal = 'other-protocol' | 'other-cluster' | 'other-member' | 'removed';

/** What the network tells the member. Calls come from the event loop, never from within a call of PeerNetwork. */
export interface PeerHandlers {
  /** Whether one of this cluster that `setPeers` has not named may speak to this member now. */
  admits(stranger: NodeId): boolean;
  onMessages(messages: readonly Message[]): void;
  /** Messages to this peer were dropped. */
  onUnreachable(peer: NodeId): void;
  /** The peer's process ended, refused or reset a connection of ours or to us. May come more than once. */
  onConnectionLost(peer: NodeId): void;
  /** A peer begins to stream a snapshot. Throws to refuse (one at a time). */
  openSnapshot(from: NodeId, meta: SnapshotMeta): Promise<SnapshotSink>;
  /** The sink of this stream has finished: step a `snapshot` message. */
  onSnapshot(from: NodeId, term: number, meta: SnapshotMeta): void;
  /**
   * A peer proved that we are misplaced: another cluster, another member id, or removed. Told once for each new reason.
   */
  onRefused(peer: NodeId, reason: string, refusal: Refusal): void;
  /** A peer asks something. What this throws goes back to it: a QuorateError as it is, anything else as `internal`. */
  onCall(from: NodeId, request: Uint8Array): Promise<Uint8Array>;
  /** The members as this member knows them, JSON-free records for a newcomer that asks. */
  describeMembers(): readonly PeerMember[];
}

export interface PeerMember {
  readonly id: NodeId;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** Streams between this member and its peers. The simulator has another one. */
export interface PeerNetwork {
  /** Starts to listen and to connect. */
  start(handlers: PeerHandlers): Promise<void>;
  /**
   * Adds or readdresses peers. Those no longer listed, and `removed` (known from before a restart), have left the
   * cluster: their streams end and they are refused from now on, unless they are listed again.
   */
  setPeers(peers: readonly PeerAddress[], removed?: readonly NodeId[]): void;
  /** Queues; what one call brings for one peer leaves as one batch. Drops (and says so) when a peer's queue is full. */
  send(messages: readonly Message[]): void;
  /** Streams a snapshot beside the Raft stream. Resolves when the receiver has stored it whole, rejects otherwise. */
  sendSnapshot(
    to: NodeId,
    term: number,
    meta: SnapshotMeta,
    entries: AsyncIterable<StoreEntry>,
  ): Promise<void>;
  /**
   * Asks a peer and waits for its answer; request and answer are of at most 1 MiB. Errors: what the peer refused it with;
   * `unavailable` when it was not reached; `canceled` when the connection broke and `timed-out` when it did not answer in
   * time: it may have done what was asked all the same; `too-many-requests` when too many calls to it wait.
   */
  call(to: NodeId, request: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** For how long our stream to the peer has been up, in ms; null while it is down. */
  connectedForMs(peer: NodeId): number | null;
  /** Since the start. */
  traffic(): PeerTraffic;
  close(): Promise<void>;
}

/** What went over the streams of Raft messages. */
export interface PeerTraffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** By peer: times that messages to it were dropped. */
  readonly sendFailures: ReadonlyMap<NodeId, number>;
}
