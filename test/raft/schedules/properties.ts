import type {
  Configuration,
  Entry,
  HardState,
  Index,
  Message,
  NodeId,
  Position,
  Term,
} from '../../../src/raft/index.js';
import { commitOf, committedAt, isCommitted } from './history.js';
import type { History } from './history.js';
import { printPosition } from './log.js';
import type { ModelLog } from './log.js';
import type { Disk } from './disk.js';
import { ensure } from './violation.js';

/*
 * Raft's promises, one function each. Sections are those of Ongaro's dissertation, "Consensus: Bridging Theory and
 * Practice"; the first five are its figure 3.2. Each looks only at what the last step has changed: what held before
 * and has not changed still holds.
 */

/** What the checks see of a node. */
export interface Observed {
  readonly id: NodeId;
  readonly disk: Disk;
  /** The core's log, as last seen. */
  readonly view: ModelLog;
}

/** "At most one leader can be elected in a given term" (§3.4). */
export function checkElectionSafety(history: History, leader: NodeId, term: Term): void {
  const elected = history.leaders.get(term);
  const alone = elected === undefined || elected === leader;
  ensure(alone, 'election safety', () => `${String(elected)} and ${leader} both lead term ${String(term)}`);
  history.leaders.set(term, leader);
}

/** "A leader never overwrites or deletes entries in its log; it only appends" (§3.5), and only of its own term. */
export function checkLeaderAppendOnly(
  leader: NodeId,
  term: Term,
  removed: readonly Entry[],
  appended: readonly Entry[],
): void {
  const property = 'leader append-only';
  ensure(removed.length === 0, property, () => `${leader} removed ${removed.map(printPosition).join(' ')}`);
  const foreign = appended.find((entry) => entry.term !== term);
  ensure(
    foreign === undefined,
    property,
    () => `${leader} in term ${String(term)} appended an entry of another`,
  );
}

/**
 * "If two logs contain an entry with the same index and term, then the logs are identical in all entries up through the
 * given index" (§3.5). By induction: every place holds one command ever, and has one predecessor ever.
 */
export function checkLogMatching(history: History, node: NodeId, entry: Entry, previousTerm: Term): void {
  const place = entry.index * 0x10_0000 + entry.term;
  const known = history.entries.get(place);
  if (known === undefined) {
    history.entries.set(place, { entry, previousTerm });
    return;
  }
  const property = 'log matching';
  ensure(sameEntry(known.entry, entry), property, () => `${node} holds another ${printPosition(entry)}`);
  const samePrevious = known.previousTerm === previousTerm;
  ensure(samePrevious, property, () => `${node} holds another entry before ${printPosition(entry)}`);
}

/**
 * "If a log entry is committed in a given term, then that entry will be present in the logs of the leaders for all
 * higher-numbered terms" (§3.6.3). Logs match, so the newest such entry speaks for all before it.
 */
export function checkLeaderCompleteness(history: History, leader: Observed, term: Term): void {
  let count = history.committed.length;
  while (count > 0 && (history.commitTerms[count - 1] ?? 0) >= term) count--;
  const newest = history.committed[count - 1];
  if (newest === undefined) return;
  ensure(
    leader.view.covers(newest),
    'leader completeness',
    () => `${leader.id} leads term ${String(term)} without ${printPosition(newest)}, committed before`,
  );
}

/** "If a server has applied a log entry at a given index, no other server will ever apply a different one" (§3.6.3). */
export function checkStateMachineSafety(history: History, node: NodeId, entry: Entry): void {
  const committed = committedAt(history, entry.index);
  const same = committed !== null && sameEntry(committed, entry);
  ensure(same, 'state machine safety', () => {
    const other = committed === null ? 'nothing' : printPosition(committed);
    return `${node} applies ${printPosition(entry)} where ${other} is committed`;
  });
}

/** A snapshot sums up committed entries, so its place must be one of the committed sequence (§5.1). */
export function checkSnapshotSafety(history: History, node: NodeId, position: Position): void {
  ensure(
    isCommitted(history, position),
    'state machine safety',
    () => `${node} takes a snapshot at ${printPosition(position)}, which is not committed`,
  );
}

/** Terms only grow (§3.3), and a server votes at most once in each (§3.4); across crashes, too (§3.8). */
export function checkVotes(history: History, node: NodeId, before: HardState, after: HardState): void {
  const regressed = after.term < before.term || after.commit < before.commit;
  ensure(!regressed, 'terms never regress', () => `${node} goes back to ${printHardState(after)}`);
  if (after.vote !== null) {
    recordVote(history, node, after.term, after.vote);
    return;
  }
  const kept = after.term > before.term || before.vote === null;
  ensure(kept, 'one vote per term', () => `${node} forgets its vote in term ${String(after.term)}`);
}

function recordVote(history: History, node: NodeId, term: Term, candidate: NodeId): void {
  let votes = history.votes.get(node);
  if (votes === undefined) history.votes.set(node, (votes = new Map<Term, NodeId>()));
  const earlier = votes.get(term) ?? candidate;
  ensure(earlier === candidate, 'one vote per term', () => {
    return `${node} votes for ${earlier} and for ${candidate} in term ${String(term)}`;
  });
  votes.set(term, candidate);
}

/** A leader has the votes of a majority (§3.4), of both configurations while joint (§4.3), and they are durable. */
export function checkLeaderQuorum(
  history: History,
  leader: NodeId,
  term: Term,
  configuration: Configuration,
): void {
  const elected = hasQuorum(configuration, (voter) => history.votes.get(voter)?.get(term) === leader);
  ensure(elected, 'leaders have a durable quorum', () => {
    return `${leader} leads term ${String(term)} without a quorum of ${printConfiguration(configuration)}`;
  });
}

/**
 * A leader changes the configuration only after it has committed an entry of its own term, and one change at a time
 * (§4.1, and Ongaro's correction of 2015): otherwise two changes that no quorum has seen together could part the cluster.
 */
export function checkChange(leader: Observed, term: Term, commit: Index, change: Entry): void {
  const { view, id } = leader;
  const property = 'changes come one by one';
  ensure(
    view.termAt(commit) === term,
    property,
    () => `${id} changes the configuration before its term's first commit`,
  );
  const other = view.entries.find(({ kind, index }) => {
    return kind === 'configuration' && index > commit && index !== change.index;
  });
  ensure(
    other === undefined,
    property,
    () => `${id} changes the configuration while another change is uncommitted`,
  );
}

/** Only entries of the leader's own term are committed by counting (§3.6.2); those before come with them. */
export function checkCommitTerm(leader: NodeId, term: Term, position: Position): void {
  ensure(position.term === term, 'commits are of the own term', () => {
    return `${leader} commits ${printPosition(position)} by counting, in term ${String(term)}`;
  });
}

/**
 * A newly committed entry is on the disks of a quorum (§3.6.2; §4.3 while joint). The configuration in force may be
 * replaced in the very step that commits, so the one before it counts as well.
 */
export function checkCommitQuorum(
  nodes: ReadonlyMap<NodeId, Observed>,
  leader: NodeId,
  configurations: readonly [Configuration, Configuration],
  position: Position,
): void {
  const holds = (voter: NodeId): boolean => nodes.get(voter)?.disk.log.covers(position) ?? false;
  const durable = configurations.some((configuration) => hasQuorum(configuration, holds));
  ensure(durable, 'commits have a durable quorum', () => {
    const where = [...nodes.keys()].filter(holds).join(' ');
    return `${leader} commits ${printPosition(position)} held by (${where}) of ${printConfiguration(configurations[0])}`;
  });
}

/** What is committed is never taken from a log that holds it (§3.6.3), in memory or on disk. */
export function checkCommittedStays(
  history: History,
  log: Observed['view'],
  node: NodeId,
  removed: readonly Entry[],
): void {
  for (const entry of removed) {
    const lost = committedAt(history, entry.index)?.term === entry.term && !log.covers(entry);
    ensure(
      !lost,
      'committed entries stay',
      () => `${node} loses ${printPosition(entry)}, which is committed`,
    );
  }
}

/**
 * What others build on must survive a crash of the one who said it (§3.8). If a later term is on the disk, nothing that
 * was said in an earlier one can be taken back any more: one Ready may hold an acknowledgement and its replacement.
 */
export function checkPromise(history: History, sender: Observed, message: Message): void {
  const { log, hardState } = sender.disk;
  const isPast = hardState.term > message.term;
  const isPresent = hardState.term === message.term;
  let kept = true;
  if (message.type === 'vote-response' && message.granted) {
    kept = isPast || (isPresent && hardState.vote === message.to);
    if (kept) recordVote(history, sender.id, message.term, message.to);
  } else if (message.type === 'append-response' && message.conflict === null) {
    kept = isPast || (isPresent && log.last.index >= message.index);
  } else if (message.type === 'vote') {
    // The voters judge the candidate's log: after a crash it must not stand in this term again, with a shorter one.
    kept = isPast || (isPresent && hardState.vote === sender.id);
  }
  ensure(kept, 'promises are durable', () => `${sender.id} sends ${message.type} before it is on its disk`);
}

/** A read sees at least all that was committed anywhere when it was asked for (§6.4). */
export function checkReadIsFresh(node: NodeId, context: number, needed: Index, confirmed: Index): void {
  ensure(
    confirmed >= needed,
    'reads are fresh',
    () => `read ${String(context)} of ${node} sees ${String(confirmed)}, ${String(needed)} was committed`,
  );
}

/** Takes note of a newly committed entry, or holds it against what is committed there. */
export function commitEntry(history: History, node: NodeId, entry: Entry, term: Term): void {
  if (entry.index === commitOf(history) + 1) {
    history.committed.push(entry);
    history.commitTerms.push(term);
    return;
  }
  checkStateMachineSafety(history, node, entry);
}

export function hasQuorum(configuration: Configuration, agrees: (voter: NodeId) => boolean): boolean {
  return hasMajority(configuration.voters, agrees) && hasMajority(configuration.outgoing, agrees);
}

/** Nobody's majority is everybody's. */
function hasMajority(voters: readonly NodeId[], agrees: (voter: NodeId) => boolean): boolean {
  let count = 0;
  for (const voter of voters) if (agrees(voter)) count++;
  return voters.length === 0 || count * 2 > voters.length;
}

export function printConfiguration(configuration: Configuration): string {
  const { voters, outgoing, learners, learnersNext } = configuration;
  const parts = [`voters ${voters.join(' ')}`];
  if (outgoing.length > 0) parts.push(`outgoing ${outgoing.join(' ')}`);
  if (learners.length > 0) parts.push(`learners ${learners.join(' ')}`);
  if (learnersNext.length > 0) parts.push(`learners next ${learnersNext.join(' ')}`);
  return parts.join(', ');
}

function sameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true;
  if (a.term !== b.term || a.kind !== b.kind || a.data.length !== b.data.length) return false;
  return a.data === b.data || a.data.every((byte, place) => byte === b.data[place]);
}

function printHardState(hardState: HardState): string {
  return `term ${String(hardState.term)}, vote ${String(hardState.vote)}, commit ${String(hardState.commit)}`;
}
