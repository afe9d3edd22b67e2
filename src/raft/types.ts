/**
 * A member in the eyes of the core. Opaque and comparable; the members of a real cluster use their 64-bit id as 16
 * lower-case hexadecimal digits.
 */
export type NodeId = string;
export type Term = number;
export type Index = number;

/** A place in the log. Two logs that agree on one position agree on everything before it (Raft §5.3). */
export interface Position {
  readonly term: Term;
  readonly index: Index;
}

/** `configuration` entries carry a ConfigurationChange in `data`; an empty `normal` entry opens a leader's term. */
export type EntryKind = 'normal' | 'configuration';

export interface Entry extends Position {
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** What a member must not forget across a restart, besides its log. `commit` may lag: it is only a head start. */
export interface HardState {
  readonly term: Term;
  readonly vote: NodeId | null;
  readonly commit: Index;
}

/**
 * Who takes part (dissertation §4.3). Outside a change `outgoing` is empty. In a joint configuration decisions need a
 * majority of `voters` *and* of `outgoing`. `learnersNext` become learners when the joint configuration is left: they
 * are voters of `outgoing` until then. All lists are sorted and free of duplicates.
 */
export interface Configuration {
  readonly voters: readonly NodeId[];
  readonly outgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly learnersNext: readonly NodeId[];
}

export type ConfigurationStep =
  | { readonly type: 'add-voter'; readonly node: NodeId }
  | { readonly type: 'add-learner'; readonly node: NodeId }
  | { readonly type: 'remove'; readonly node: NodeId };

/**
 * The content of a configuration entry. One step that alters at most one voter takes effect directly; more steps pass
 * through a joint configuration that the leader leaves by itself once it is committed. `leave-joint` is that second
 * entry. `context` is the driver's own (names and addresses), opaque here.
 */
export type ConfigurationChange =
  | { readonly type: 'change'; readonly steps: readonly ConfigurationStep[]; readonly context: Uint8Array }
  | { readonly type: 'leave-joint' };

/** The log up to and including `index` is summed up by the state machine; `configuration` is the one in force there. */
export interface SnapshotMeta extends Position {
  readonly configuration: Configuration;
}

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's term; for `pre-vote`, and the `pre-vote-response` that grants it, the term it would campaign in. */
  readonly term: Term;
}

export interface PreVote extends Envelope {
  readonly type: 'pre-vote';
  readonly last: Position;
}

export interface PreVoteResponse extends Envelope {
  readonly type: 'pre-vote-response';
  readonly granted: boolean;
}

export interface Vote extends Envelope {
  readonly type: 'vote';
  readonly last: Position;
  /** The leader itself asked for this election (transfer): voters answer even though they hear from a leader. */
  readonly transfer: boolean;
}

export interface VoteResponse extends Envelope {
  readonly type: 'vote-response';
  readonly granted: boolean;
}

export interface Append extends Envelope {
  readonly type: 'append';
  readonly previous: Position;
  readonly entries: readonly Entry[];
  readonly commit: Index;
}

export interface AppendResponse extends Envelope {
  readonly type: 'append-response';
  /**
   * Accepted: the log matches the leader's up to here and is durable. Refused: `previous.index` of the refused append.
   * A node that knows no configuration refuses even index 0: it can start from a snapshot only.
   */
  readonly index: Index;
  /** Only in a refusal: the follower's best guess at where the logs still agree (fast backtracking). */
  readonly conflict: Position | null;
}

export interface Heartbeat extends Envelope {
  readonly type: 'heartbeat';
  /** Never above what the follower is known to hold. */
  readonly commit: Index;
  /** The newest read that waits for this round, 0 = none. Contexts of one leader only grow. */
  readonly readContext: number;
}

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeat-response';
  readonly readContext: number;
}

/** Sent by the driver's snapshot stream once the whole snapshot has arrived beside the Raft stream. */
export interface SnapshotArrived extends Envelope {
  readonly type: 'snapshot';
  readonly meta: SnapshotMeta;
}

/** A proposal on its way from a follower to the leader. */
export interface Propose extends Envelope {
  readonly type: 'propose';
  readonly entries: readonly { readonly kind: EntryKind; readonly data: Uint8Array }[];
}

/** A follower asks the leader for a read index. `context` belongs to the asking node and is never used twice. */
export interface ReadIndexRequest extends Envelope {
  readonly type: 'read-index';
  readonly context: number;
}

export interface ReadIndexResponse extends Envelope {
  readonly type: 'read-index-response';
  readonly context: number;
  readonly index: Index;
}

/** The leader tells its chosen successor to campaign at once (dissertation §3.10). */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeout-now';
}

export type Message =
  | PreVote
  | PreVoteResponse
  | Vote
  | VoteResponse
  | Append
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | SnapshotArrived
  | Propose
  | ReadIndexRequest
  | ReadIndexResponse
  | TimeoutNow;

/** What the driver tells the core. */
export type Event =
  /** One unit of time has passed. Timeouts are counted in ticks. */
  | { readonly type: 'tick' }
  | { readonly type: 'message'; readonly message: Message }
  /** Commands for the log, in order. A follower forwards them to its leader. */
  | { readonly type: 'propose'; readonly commands: readonly Uint8Array[] }
  | { readonly type: 'propose-configuration'; readonly change: ConfigurationChange }
  /**
   * A linearizable read wants an index. `context` grows with every read of this node and is never used twice, not even
   * after a restart. It is dropped silently when `leader` changes before it is confirmed: ask again with a new context.
   */
  | { readonly type: 'read'; readonly context: number }
  /** Every Ready up to and including this number is durable. */
  | { readonly type: 'persisted'; readonly ready: number }
  /** The state machine has applied up to here. */
  | { readonly type: 'applied'; readonly index: Index }
  /** Forget the log up to here; the state machine holds it durably. At most the applied index. */
  | { readonly type: 'compact'; readonly index: Index }
  | { readonly type: 'transfer-leadership'; readonly to: NodeId }
  /** The network lost messages to this peer, or dropped them because its queue was full. */
  | { readonly type: 'unreachable'; readonly peer: NodeId }
  /** The peer's process refused or reset the connection: if it led, it most likely leads no more. */
  | { readonly type: 'connection-lost'; readonly peer: NodeId }
  /** The stream of a snapshot to this peer ended. After a success its append-response tells the rest. */
  | { readonly type: 'snapshot-status'; readonly peer: NodeId; readonly ok: boolean }
  /** Campaign now (tests, and a cluster of one at its start). */
  | { readonly type: 'campaign' };

/** Why an event was refused at once. Null: taken. */
export type Rejection =
  | 'no-leader'
  | 'transferring-leadership'
  | 'too-many-uncommitted'
  | 'not-leader'
  | 'unknown-node'
  | 'configuration-change-in-progress'
  | 'invalid-configuration-change';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** Confirmed: once the state machine has applied `index`, the read of `context` (and every older one) is linearizable. */
export interface ConfirmedRead {
  readonly context: number;
  readonly index: Index;
}

/**
 * All that one turn asks of the driver. The duties, in order:
 *
 * 1. send `messages` at any time;
 * 2. make `installSnapshot`, `entries` and `hardState` durable in one atomic step, after every earlier Ready;
 * 3. then send `messagesAfterPersist` and step `{ type: 'persisted', ready: number }`;
 * 4. apply `committed`, in order, and step `{ type: 'applied' }`. They are durable here already.
 *
 * Several Readies may be on their way to the disk together; they become durable in the order of their numbers.
 */
export interface Ready {
  /** 1, 2, 3 … */
  readonly number: number;
  /** Changed since the last Ready, else null. */
  readonly hardState: HardState | null;
  /** To be appended. If the first is at or below the log's last index, it and all after it are replaced. */
  readonly entries: readonly Entry[];
  /** Replaces the whole log and the state machine. */
  readonly installSnapshot: SnapshotMeta | null;
  /** Term, vote, entries or a snapshot are in it: an fsync is due. A mere new commit index can wait. */
  readonly mustSync: boolean;
  readonly messages: readonly Message[];
  readonly messagesAfterPersist: readonly Message[];
  readonly committed: readonly Entry[];
  readonly confirmedReads: readonly ConfirmedRead[];
  /**
   * Peers whose log ends before ours begins, or that know no configuration yet: stream them a snapshot of the state
   * machine as applied, and step `snapshot-status` when the stream has ended, well or not. Named once until then.
   */
  readonly sendSnapshotTo: readonly NodeId[];
  /** Configuration entries that entered or left the log in this turn changed the configuration in force to this. */
  readonly configuration: Configuration | null;
}

export interface CoreOptions {
  readonly id: NodeId;
  /** Ticks without a leader before a follower stands for election: drawn anew from [n, 2n). */
  readonly electionTimeoutTicks: number;
  readonly heartbeatTicks: number;
  /** Appends on their way to one follower. */
  readonly inflightMessagesMax: number;
  readonly appendSizeBytesMax: number;
  /** Bytes of proposals that a leader holds uncommitted; more are refused. */
  readonly uncommittedSizeBytesMax: number;
}

/** What a node knows when it starts: nothing but what it had persisted. */
export interface InitialState {
  readonly hardState: HardState;
  /** Where the log begins: everything up to here is in the state machine. `{0, 0}` for a fresh log. */
  readonly snapshot: SnapshotMeta;
  /** Contiguous, from snapshot.index + 1. */
  readonly entries: readonly Entry[];
  /** What the state machine has durably applied: at least snapshot.index, at most the last entry. */
  readonly applied: Index;
}

export interface PeerProgress {
  readonly match: Index;
  readonly next: Index;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  readonly recentActive: boolean;
  readonly inflightMessages: number;
}

/** A read-only view for status, tests and the invariants. */
export interface CoreStatus {
  readonly id: NodeId;
  readonly role: Role;
  readonly leader: NodeId | null;
  readonly hardState: HardState;
  readonly applied: Index;
  readonly persisted: Index;
  readonly first: Index;
  readonly last: Position;
  readonly configuration: Configuration;
  readonly isLearner: boolean;
  readonly transferee: NodeId | null;
  /** Leader only; otherwise empty. */
  readonly progress: ReadonlyMap<NodeId, PeerProgress>;
}

/** Raft as a state machine without I/O. Implemented by `createCore`. */
export interface Core {
  /** Takes an event; effects gather until `takeReady`. */
  step(event: Event): Rejection | null;
  hasReady(): boolean;
  takeReady(): Ready;
  readonly role: Role;
  readonly term: Term;
  readonly leader: NodeId | null;
  readonly isLearner: boolean;
  readonly commit: Index;
  /** Whether a message of this node would be looked at now; see `receive`. */
  listensTo(node: NodeId): boolean;
  status(): CoreStatus;
  /** Throws an InvariantError where the core contradicts itself. Ends every step in tests; cheap parts always run. */
  assertInvariants(): void;
  /** The snapshot meta for compaction at this index (first − 1 ≤ index ≤ applied). */
  snapshotMetaAt(index: Index): SnapshotMeta;
  entriesBetween(first: Index, last: Index): readonly Entry[];
  readonly logSizeBytes: number;
}
