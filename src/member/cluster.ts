import { QuorateError } from '../base/index.js';
import type { MemberContext } from './context.js';
import type { MemberCluster } from './types.js';

/** Who belongs to the cluster, and changes of it. */
export function createCluster({ config, driver, state }: MemberContext): MemberCluster {
  async function notYet(): Promise<never> {
    throw new QuorateError('unavailable', `${config.name} cannot change its cluster yet`);
  }
  return {
    async members({ linearizable }) {
      if (linearizable) await driver.barrier();
      return state.machine.membership.members;
    },
    add: notYet,
    remove: notYet,
    update: notYet,
    promote: notYet,
  };
}
