import type { Caller } from '../mvcc/index.js';
import { createAppliedChanges } from './applied-changes.js';
import type { MemberChange, MemberChangeAnswer } from './call-types.js';
import type { MemberContext } from './context.js';
import { checkMemberUrls } from './member-urls.js';
import { createReconfiguration } from './reconfiguration.js';
import type { MemberCluster } from './types.js';

/**
 * Who belongs to the cluster, and changes of it. The leader decides and carries out; the member that was asked answers
 * once it has applied the change itself.
 */
export function createCluster(context: MemberContext): MemberCluster {
  const { core, driver, state, calls } = context;
  const { id: self } = core.status();
  const changes = createAppliedChanges(context);
  calls.serve('change-members', createReconfiguration(context, changes));

  async function make(change: MemberChange, caller: Caller): Promise<MemberChangeAnswer> {
    const answer = await calls.askLeader('change-members', { change, caller }, { repeatable: false });
    // Nobody tells a member that was removed how the log goes on.
    if (answer.members.some(({ id }) => id === self)) await changes.reached(answer.index);
    return answer;
  }

  return {
    async members({ linearizable }) {
      if (linearizable) await driver.barrier();
      return state.machine.membership.members;
    },
    async add({ peerUrls, isLearner }, caller = 'trusted') {
      return make({ type: 'add', peerUrls: checkMemberUrls(peerUrls), isLearner }, caller);
    },
    async remove(id, caller = 'trusted') {
      try {
        return (await make({ type: 'remove', id }, caller)).members;
      } catch (error) {
        if (id !== self || !driver.wasRemoved) throw error;
        // It was told so before its answer came: the others do not talk to it any more.
        return state.machine.membership.members.filter((member) => member.id !== self);
      }
    },
    async update(id, peerUrls, caller = 'trusted') {
      return (await make({ type: 'update', id, peerUrls: checkMemberUrls(peerUrls) }, caller)).members;
    },
    async promote(id, caller = 'trusted') {
      return (await make({ type: 'promote', id }, caller)).members;
    },
    async replace({ leaving, learner }, caller = 'trusted') {
      return (await make({ type: 'replace', id: learner, leaving }, caller)).members;
    },
  };
}
