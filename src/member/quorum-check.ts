import type { ErrorCode } from '../base/index.js';
import type { MemberRecord } from '../mvcc/index.js';
import type { MemberChange } from './call-types.js';

export interface QuorumView {
  readonly members: readonly MemberRecord[];
  /** This member is, and so are those that it has heard from for a while. */
  isConnected(id: string): boolean;
  isSelf(id: string): boolean;
}

/**
 * etcd's strict check: refuses a change after which the members that have started are no majority, or that comes at a
 * time when too few are connected. Null: go on.
 */
export function checkQuorum(view: QuorumView, change: MemberChange): ErrorCode | null {
  const voters = view.members.filter((member) => !member.isLearner);
  const started = voters.filter(({ name }) => name !== '').length;
  switch (change.type) {
    case 'update':
      return null;
    case 'add':
      if (!change.isLearner && !mayAddVoter(voters.length, started)) return 'not-enough-started-members';
      return voters.every(({ id }) => view.isConnected(id)) ? null : 'unhealthy';
    case 'promote':
      return started + 1 >= majorityOf(voters.length + 1) ? null : 'not-enough-started-members';
    case 'remove':
      return checkRemoval(view, voters, change.id);
    case 'replace':
      return checkRemoval(view, voters, change.leaving);
  }
}

function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** A cluster of one may grow though the newcomer has not started: that is how one is restored. */
function mayAddVoter(voters: number, started: number): boolean {
  return (started === 1 && voters === 1) || started >= majorityOf(voters + 1);
}

function checkRemoval(view: QuorumView, voters: readonly MemberRecord[], id: string): ErrorCode | null {
  if (view.members.some((member) => member.id === id && member.isLearner)) return null;
  const staying = voters.filter((voter) => voter.id !== id);
  const started = staying.filter(({ name }) => name !== '').length;
  if (started < majorityOf(staying.length)) return 'not-enough-started-members';
  // One that is down takes nothing away from those that work.
  if (!view.isSelf(id) && !view.isConnected(id)) return null;
  const connected = staying.filter((voter) => view.isConnected(voter.id)).length;
  return connected >= majorityOf(voters.length - 1) ? null : 'unhealthy';
}
