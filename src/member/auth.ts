import { QuorateError } from '../base/index.js';
import type { Caller } from '../mvcc/index.js';
import type { MemberContext } from './context.js';
import type { MemberAuth } from './types.js';

const nobody: Caller = { user: '', authRevision: 0 };

/** Users, roles and tokens, as this member has them. */
export function createAuth(context: MemberContext): MemberAuth {
  async function notYet(): Promise<never> {
    throw new QuorateError('unavailable', `${context.config.name} has no users yet`);
  }
  return {
    get enabled() {
      return context.state.machine.auth.enabled;
    },
    get revision() {
      return context.state.machine.auth.revision;
    },
    callerOf: () => nobody,
    authenticate: notYet,
    execute: notYet,
    hashPassword: notYet,
    user: notYet,
    role: notYet,
    userNames: notYet,
    roleNames: notYet,
    requireAdmin() {},
    requireRange() {},
  };
}
