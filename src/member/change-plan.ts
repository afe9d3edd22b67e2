import type { ErrorCode, Random } from '../base/index.js';
import type { MemberRecord, Membership } from '../mvcc/index.js';
import type { ConfigurationStep, NodeId } from '../raft/index.js';
import type { MemberChange } from './call-types.js';

/** What a change comes to: the steps for the core, and what its entry says of the member that is new or altered. */
export type ChangePlan =
  | {
      readonly ok: true;
      readonly steps: readonly ConfigurationStep[];
      readonly member: MemberRecord;
      /** Null where the entry need not say anything. */
      readonly announced: MemberRecord | null;
    }
  | { readonly ok: false; readonly error: ErrorCode };

export interface PlanOptions {
  readonly learnersMax: number;
  readonly random: Random;
}

/** Refuses what contradicts the membership, in the order in which etcd looks. */
export function planChange(membership: Membership, change: MemberChange, options: PlanOptions): ChangePlan {
  if (change.type === 'add') return planAddition(membership, change, options);
  const member = membership.members.find(({ id }) => id === change.id);
  if (member === undefined) return refused('member-not-found');
  switch (change.type) {
    case 'remove':
      return { ok: true, steps: [{ type: 'remove', node: member.id }], member, announced: null };
    case 'update':
      return planUpdate(membership, member, change.peerUrls);
    case 'promote':
      return planPromotion(member, []);
    case 'replace': {
      const leaving = membership.members.find(({ id }) => id === change.leaving);
      if (leaving === undefined) return refused('member-not-found');
      return planPromotion(member, [{ type: 'remove', node: leaving.id }]);
    }
  }
}

function planAddition(
  { members, removed }: Membership,
  { peerUrls, isLearner }: Extract<MemberChange, { type: 'add' }>,
  { learnersMax, random }: PlanOptions,
): ChangePlan {
  if (members.some((member) => sharesUrl(member, peerUrls))) return refused('peer-urls-exist');
  const learnerCount = members.filter((member) => member.isLearner).length;
  if (isLearner && learnerCount >= learnersMax) return refused('too-many-learners');
  const taken = new Set([...members.map(({ id }) => id), ...removed]);
  const id = chooseId(random, taken);
  const member = { id, name: '', peerUrls, clientUrls: [], isLearner };
  return {
    ok: true,
    steps: [{ type: 'add-learner', node: id }], // One that is to vote is promoted once it holds the log.
    member,
    announced: member,
  };
}

function planUpdate(
  { members, configuration }: Membership,
  member: MemberRecord,
  peerUrls: readonly string[],
): ChangePlan {
  const isTaken = members.some((other) => other.id !== member.id && sharesUrl(other, peerUrls));
  if (isTaken) return refused('peer-urls-exist');
  const updated = { ...member, peerUrls };
  return {
    ok: true,
    steps: [
      { type: configuration.learners.includes(member.id) ? 'add-learner' : 'add-voter', node: member.id },
    ],
    member: updated,
    announced: updated,
  };
}

/** A newcomer that is there now gets the vote that it was added for. */
export function planAdmission(member: MemberRecord): Extract<ChangePlan, { ok: true }> {
  return { ok: true, steps: [{ type: 'add-voter', node: member.id }], member, announced: member };
}

/** With something beside it that alters a voter, it goes through joint consensus. */
function planPromotion(member: MemberRecord, beside: readonly ConfigurationStep[]): ChangePlan {
  if (!member.isLearner) return refused('not-a-learner');
  const promoted = { ...member, isLearner: false };
  return {
    ok: true,
    steps: [{ type: 'add-voter', node: member.id }, ...beside],
    member: promoted,
    announced: promoted,
  };
}

function sharesUrl(member: MemberRecord, urls: readonly string[]): boolean {
  return member.peerUrls.some((url) => urls.includes(url));
}

/** An id is never used twice: a member that was removed stays so. */
function chooseId(random: Random, taken: ReadonlySet<NodeId>): NodeId {
  for (;;) {
    const halves = [random.nextUint32(), random.nextUint32()];
    const id = halves.map((half) => half.toString(16).padStart(8, '0')).join('');
    if (!taken.has(id) && !/^0+$/.test(id)) return id;
  }
}

function refused(error: ErrorCode): ChangePlan {
  return { ok: false, error };
}
