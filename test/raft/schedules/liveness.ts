import type { Cluster } from './cluster.js';
import { commitOf } from './history.js';
import type { Member } from './member.js';
import { printConfiguration } from './properties.js';
import { ensure } from './violation.js';

/** Election timeouts that a healed cluster may need: splits of the vote can repeat. */
const electionTimeoutsMax = 40;
/** Rounds that the confirmation of a read may take. */
const readRoundsMax = 10;

/**
 * The network heals, everybody is up, nothing is lost any more: within a bounded time there is a leader, a new command is
 * committed and applied by every member of the configuration, logs and disks are equal, no configuration is left joint,
 * and everybody's read is confirmed.
 */
export function checkLiveness(cluster: Cluster): void {
  const { electionTicks } = cluster.world.scenario;
  cluster.world.tell?.('> heal, restart all, and wait for progress');
  cluster.heal();
  for (const member of cluster.members) if (member.core === null) member.start();
  const roundsMax = electionTimeoutsMax * electionTicks;
  let goal = Infinity;
  let proposedAt = 0;
  for (let round = 0; round < roundsMax; round++) {
    cluster.round();
    const leader = cluster.leader();
    if (leader === null) continue;
    if (leader.commit >= goal && hasConverged(cluster, leader)) {
      checkLogsAreEqual(cluster, leader);
      checkReads(cluster, leader);
      return;
    }
    const isOverdue = round - proposedAt > electionTicks * 4;
    if ((goal === Infinity || isOverdue) && cluster.propose(leader, 1) === null) {
      goal = leader.view.last.index;
      proposedAt = round;
    }
  }
  ensure(false, 'liveness', () => `no progress in ${String(roundsMax)} rounds: ${describe(cluster)}`);
}

function membersOf(cluster: Cluster, leader: Member): Member[] {
  const { voters, outgoing, learners } = leader.configuration;
  const ids = new Set([...voters, ...outgoing, ...learners]);
  return cluster.members.filter((member) => ids.has(member.id));
}

function hasConverged(cluster: Cluster, leader: Member): boolean {
  if (leader.configuration.outgoing.length > 0) return false;
  const { index } = leader.view.last;
  if (leader.commit !== index || commitOf(cluster.world.history) !== index) return false;
  return membersOf(cluster, leader).every((member) => member.applied === index && member.commit === index);
}

/** Logs match, so equal ends are equal logs; and at rest memory and disk are the same. */
function checkLogsAreEqual(cluster: Cluster, leader: Member): void {
  for (const member of membersOf(cluster, leader)) {
    const { view, disk, id } = member;
    const { last } = leader.view;
    const same = view.last.index === last.index && view.last.term === last.term && view.covers(last);
    ensure(same, 'log matching', () => `${id} and ${leader.id} converged on different logs`);
    const stored =
      disk.log.entries.length === view.entries.length &&
      disk.log.entries.every((entry) => view.covers(entry));
    ensure(stored, 'the Ready contract', () => `the disk of ${id} holds another log than its memory`);
  }
}

function checkReads(cluster: Cluster, leader: Member): void {
  const waiting = membersOf(cluster, leader).map((member) => {
    const goal = member.readsConfirmed + 1;
    const rejection = member.read();
    ensure(rejection === null, 'liveness', () => `${member.id} refuses a read: ${String(rejection)}`);
    return { member, goal };
  });
  for (let round = 0; round < readRoundsMax; round++) {
    cluster.settle();
    if (waiting.every(({ member, goal }) => member.readsConfirmed >= goal)) return;
    cluster.round();
  }
  ensure(false, 'liveness', () => `reads are not confirmed: ${describe(cluster)}`);
}

function describe(cluster: Cluster): string {
  return cluster.members
    .map(({ id, role, term, commit, applied, view, configuration }) => {
      const { index } = view.last;
      const numbers = `term ${String(term)} last ${String(index)} commit ${String(commit)} applied ${String(applied)}`;
      return `\n  ${id} ${role} ${numbers} (${printConfiguration(configuration)})`;
    })
    .join('');
}
