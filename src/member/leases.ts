import { QuorateError } from '../base/index.js';
import type { MemberContext } from './context.js';
import type { SpaceKeeper } from './maintenance.js';
import type { MemberLeases } from './types.js';

/** Leases: granted through the log, kept alive and ended by the leader. */
export function createLeases({ config }: MemberContext, space: SpaceKeeper): MemberLeases {
  async function notYet(): Promise<never> {
    space.requireSpace();
    throw new QuorateError('unavailable', `${config.name} grants no leases yet`);
  }
  return { grant: notYet, revoke: notYet, keepAlive: notYet, timeToLive: notYet, list: notYet };
}
