import { assert } from '../base/index.js';
import type { Random } from '../base/index.js';
import { configurationProblem, isMember, isVoter } from './configuration.js';
import { DiskQueue } from './disk.js';
import { ConfigurationHistory } from './history.js';
import { Log } from './log.js';
import type { Progress } from './progress.js';
import type { LeaderReads } from './reads.js';
import type {
  AppendResponse,
  Configuration,
  ConfirmedRead,
  CoreOptions,
  HardState,
  Index,
  InitialState,
  Message,
  NodeId,
  Propose,
  Role,
  Term,
} from './types.js';

/** What gathers for the next Ready. */
export interface Outbox {
  messages: Message[];
  afterPersist: Message[];
  /** The newest of this turn's acknowledgements: an acknowledgement covers all before it. */
  acknowledgement: AppendResponse | null;
  confirmedReads: ConfirmedRead[];
  sendSnapshotTo: NodeId[];
  /** Commands on their way to the leader, in one message a turn. */
  forwards: Propose['entries'][number][];
  /** The newest read that the leader is to be asked about, 0 = none. It speaks for all before it. */
  readToRequest: number;
}

/** What only a leader has. It ends with the leadership. */
export interface Leading {
  /** Of every member but this one. */
  readonly progress: Map<NodeId, Progress>;
  /** The empty entry that opened the term. Once it is committed, all that was committed before is known. */
  readonly termStart: Index;
  readonly reads: LeaderReads;
  uncommittedBytes: number;
  heartbeatTicks: number;
  heartbeatDue: boolean;
  /** Since it leads. */
  ticks: number;
  transferee: NodeId | null;
  transferTicks: number;
}

/** All that the core knows. One owner (core.ts); the other files are its hands. */
export interface CoreState {
  readonly id: NodeId;
  readonly options: CoreOptions;
  readonly random: Random;
  readonly log: Log;
  readonly history: ConfigurationHistory;
  readonly disk: DiskQueue;
  readonly outbox: Outbox;

  term: Term;
  vote: NodeId | null;
  commit: Index;
  applied: Index;
  /** Committed entries up to here are with the driver. */
  handedOut: Index;

  role: Role;
  leader: NodeId | null;
  /** Since this role began, or since the leader was heard. */
  electionTicks: number;
  /** When to stand for election, in [n, 2n) (sooner where asking for pre-votes costs nobody anything). */
  electionDeadlineTicks: number;
  /** Has given way to another pre-candidate since it last knew a leader. */
  hasYielded: boolean;
  /** Of a (pre-)candidate. */
  readonly votes: Map<NodeId, boolean>;
  /** Of a follower: reads that the leader has not answered, ascending. */
  pendingReads: number[];
  /** Of a follower: how far it has said to the leader of a term that its log matches. */
  acknowledged: { readonly leader: NodeId; readonly term: Term; readonly index: Index } | null;
  /** Not null exactly for a leader. */
  leading: Leading | null;

  readyNumber: number;
  /** As the last Ready left them. */
  hardStateTaken: HardState;
  configurationTaken: Configuration;
}

export function createState(options: CoreOptions, initial: InitialState, random: Random): CoreState {
  const { hardState, snapshot, entries, applied } = initial;
  assert(options.electionTimeoutTicks >= 1 && options.heartbeatTicks >= 1, 'timeouts are a tick at least');
  assert(options.inflightMessagesMax >= 1 && options.appendSizeBytesMax >= 1, 'an append can be on its way');
  assert(configurationProblem(snapshot.configuration) === null, 'the first configuration is valid');
  const log = new Log(snapshot, entries);
  const history = new ConfigurationHistory(snapshot);
  const planned = history.plan(entries);
  assert(planned !== null, 'the configuration entries of our own log make sense');
  history.append(planned);
  assert(hardState.term >= log.lastTerm, 'no entry of our own log is newer than our term');
  assert(hardState.commit <= log.lastIndex, 'all that we knew to be committed is in our log');
  assert(applied >= snapshot.index && applied <= log.lastIndex, 'what is applied is in our log');
  // The commit index is only hinted at on disk; whatever was applied or compacted was committed as well.
  const commit = Math.max(hardState.commit, applied);
  return {
    id: options.id,
    options,
    random,
    log,
    history,
    disk: new DiskQueue(log.lastIndex),
    outbox: createOutbox(),
    term: hardState.term,
    vote: hardState.vote,
    commit,
    applied,
    handedOut: applied,
    role: 'follower',
    leader: null,
    electionTicks: 0,
    electionDeadlineTicks: options.electionTimeoutTicks + random.below(options.electionTimeoutTicks),
    hasYielded: false,
    votes: new Map(),
    pendingReads: [],
    acknowledged: null,
    leading: null,
    readyNumber: 0,
    hardStateTaken: { term: hardState.term, vote: hardState.vote, commit },
    configurationTaken: history.latest,
  };
}

export function createOutbox(): Outbox {
  return {
    messages: [],
    afterPersist: [],
    acknowledgement: null,
    confirmedReads: [],
    sendSnapshotTo: [],
    forwards: [],
    readToRequest: 0,
  };
}

/**
 * May this node stand for election? A voter may, and also one whose removal (or demotion) is not committed yet: the
 * others may not have heard of it, and may need the entries that only this node holds (dissertation §4.2.2).
 */
export function isPromotable(state: CoreState): boolean {
  const { history, id } = state;
  if (isVoter(history.latest, id)) return true;
  return history.latestIndex > state.commit && isVoter(history.at(history.latestIndex - 1), id);
}

export function advanceCommit(state: CoreState, index: Index): void {
  if (index <= state.commit) return;
  assert(index <= state.log.lastIndex, 'what is committed is in the log');
  state.commit = index;
}

export function isMemberItself(state: CoreState): boolean {
  return isMember(state.history.latest, state.id);
}
