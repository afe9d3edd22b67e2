import type { Configuration, Core, Entry, Event, NodeId, Position } from '../../../src/raft/index.js';
import { commitOf } from './history.js';
import type { Member } from './member.js';
import {
  checkChange,
  checkCommitQuorum,
  checkCommitTerm,
  checkCommittedStays,
  checkElectionSafety,
  checkLeaderAppendOnly,
  checkLeaderCompleteness,
  checkLeaderQuorum,
  checkLogMatching,
  checkSnapshotSafety,
  commitEntry,
} from './properties.js';
import { ensure } from './violation.js';
import type { World } from './world.js';

const noEntries: readonly Entry[] = [];

/** Looks at what a step has changed in a core, brings the member's view up to date and checks every property. */
export function observe(world: World, member: Member, core: Core, event: Event): void {
  const { marks } = world;
  const { role: roleBefore, term: termBefore, configuration: configurationBefore } = member;
  const status = core.status();
  const { configuration } = status;
  const { role, term, commit } = core;
  ensure(term >= termBefore, 'terms never regress', () => `${member.id} goes back to term ${String(term)}`);
  member.role = role;
  member.term = term;
  if (configuration !== configurationBefore) {
    member.configuration = configuration;
    markConfiguration(world, member.id, configurationBefore, configuration);
  }
  if (status.first - 1 > member.view.base.index) moveBase(world, member, status.first - 1, event);
  if (status.last.index !== member.view.last.index || status.last.term !== member.view.last.term) {
    followLog(world, member, core, status.last);
  }
  if (role === 'leader' && (roleBefore !== 'leader' || term !== termBefore)) {
    becameLeader(world, member, [configurationBefore, configuration]);
  }
  if (commit !== member.commit) followCommit(world, member, commit, [configurationBefore, configuration]);
  if (term > termBefore) {
    if (role === 'follower') marks['higher term met']++;
  } else if (roleBefore === 'leader' && role !== 'leader') {
    marks['leader stepped down in its own term']++;
  } else if (roleBefore === 'candidate' && role === 'pre-candidate') {
    marks['election without a winner']++;
  }
}

/** The log begins later than before: it was compacted, or a snapshot took its place. */
function moveBase(world: World, member: Member, index: number, event: Event): void {
  const { view, id } = member;
  if (event.type === 'compact') {
    const term = view.termAt(index);
    ensure(
      event.index === index && term !== null,
      'the Ready contract',
      () => `${id} compacts something else`,
    );
    view.compact({ index, term });
    return;
  }
  const installs =
    event.type === 'message' && event.message.type === 'snapshot' && event.message.meta.index === index;
  ensure(installs, 'the Ready contract', () => `the log of ${id} begins later without a reason`);
  checkSnapshotSafety(world.history, id, event.message.meta);
  const removed = view.entries;
  view.reset(event.message.meta);
  checkCommittedStays(world.history, view, id, removed);
  if (removed.length > 0) world.marks['snapshot replaced conflicting entries']++;
}

/** Finds where the log and the view part, and follows the log from there. */
function followLog(world: World, member: Member, core: Core, last: Position): void {
  const { view, id, role, term } = member;
  const { marks, history } = world;
  let common = Math.min(view.last.index, last.index);
  while (common > view.base.index && core.entriesBetween(common, common)[0]?.term !== view.termAt(common))
    common--;
  const removed = common < view.last.index ? view.truncate(common) : noEntries;
  const appended = last.index > common ? core.entriesBetween(common + 1, last.index) : noEntries;
  let previous = view.last;
  for (const entry of appended) {
    ensure(entry.index === previous.index + 1, 'log matching', () => `the log of ${id} has a gap`);
    checkLogMatching(history, id, entry, previous.term);
    view.entries.push(entry);
    if (previous.term !== entry.term && previous.term !== 0) marks['entries of several terms in one log']++;
    previous = entry;
  }
  if (role === 'leader') {
    checkLeaderAppendOnly(id, term, removed, appended);
    for (const entry of appended) {
      if (entry.kind === 'configuration') checkChange(member, term, core.commit, entry);
    }
  }
  if (removed.length === 0) return;
  checkCommittedStays(history, view, id, removed);
  marks['conflicting entries truncated']++;
  if (removed.some((entry) => entry.kind === 'configuration')) marks['configuration change truncated']++;
}

function becameLeader(
  world: World,
  member: Member,
  configurations: readonly [Configuration, Configuration],
): void {
  const { history, marks, members } = world;
  const { id, term } = member;
  if (history.leaders.size > 0) marks['leader changed']++;
  marks['leader elected']++;
  if (members.some((other) => other.role === 'leader' && other !== member)) {
    marks['leader elected while an older one still leads']++;
  }
  if (member.toldToCampaignIn === term - 1 && term > 1) marks['transfer succeeded']++;
  const [, configuration] = configurations;
  if (configuration.outgoing.length > 0) marks['leader elected in a joint configuration']++;
  checkElectionSafety(history, id, term);
  checkLeaderQuorum(history, id, term, configuration);
  checkLeaderCompleteness(history, member, term);
}

function followCommit(
  world: World,
  member: Member,
  commit: number,
  configurations: readonly [Configuration, Configuration],
): void {
  const { history, marks } = world;
  const { view, id, term } = member;
  ensure(commit > member.commit, 'terms never regress', () => `${id} takes its commit index back`);
  ensure(commit <= view.last.index, 'the Ready contract', () => `${id} commits what it does not hold`);
  const known = commitOf(history);
  if (member.commit < view.base.index) checkSnapshotSafety(history, id, view.base);
  for (let index = Math.max(member.commit, view.base.index) + 1; index <= commit; index++) {
    const entry = view.entryAt(index);
    ensure(entry !== null, 'the Ready contract', () => `${id} commits what it does not hold`);
    commitEntry(history, id, entry, term);
  }
  member.commit = commit;
  if (commit <= known) return;
  const newest = { index: commit, term: view.termAt(commit) ?? 0 };
  checkCommitTerm(id, term, newest);
  checkCommitQuorum(world.byId, id, configurations, newest);
  if ((view.termAt(known + 1) ?? term) < term) marks['entry of an older term committed']++;
  for (const other of world.members) {
    if (other.role === 'leader' && other.term > term) checkLeaderCompleteness(history, other, other.term);
  }
}

function markConfiguration(world: World, node: NodeId, before: Configuration, after: Configuration): void {
  const { marks } = world;
  const wasJoint = before.outgoing.length > 0;
  const isJoint = after.outgoing.length > 0;
  if (!wasJoint && isJoint) marks['joint configuration entered']++;
  if (wasJoint && !isJoint) marks['joint configuration left']++;
  const voters = (configuration: Configuration): readonly NodeId[] => [
    ...configuration.voters,
    ...configuration.outgoing,
  ];
  for (const voter of after.voters) {
    if (before.learners.includes(voter)) marks['learner promoted']++;
    else if (!voters(before).includes(voter)) marks['voter added']++;
  }
  for (const learner of after.learners) {
    if (voters(before).includes(learner)) marks['voter demoted']++;
    else if (!before.learners.includes(learner)) marks['learner added']++;
  }
  for (const voter of voters(before)) {
    if (voters(after).includes(voter) || after.learners.includes(voter)) continue;
    marks['voter removed']++;
    if (voter === node && world.byId.get(node)?.role === 'leader') marks['leader removed itself']++;
  }
}
