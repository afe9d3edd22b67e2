import { QuorateError } from '../base/index.js';
import type { NodeId } from '../raft/index.js';
import type { MemberContext } from './context.js';

/**
 * Hands the leadership to another voter. Resolves once that one leads. Errors: `not-leader`, `bad-leader-transferee`;
 * `timed-out` when it did not take over within two election timeouts, `leader-changed` when somebody else did.
 */
export async function moveLeadership(context: MemberContext, to: NodeId): Promise<void> {
  const { config, core, driver, env } = context;
  const leads = (): boolean => core.role === 'leader';
  if (!leads()) throw new QuorateError('not-leader');
  if (core.leader === to) return;
  if (driver.step({ type: 'transfer-leadership', to }) !== null) {
    throw new QuorateError('bad-leader-transferee');
  }
  const deadlineMs = env.monotonicMs() + 2 * config.electionTimeoutMs;
  while (core.leader !== to) {
    if (env.monotonicMs() >= deadlineMs) throw new QuorateError('timed-out');
    if (leads() && core.status().transferee === null) throw new QuorateError('timed-out');
    if (!leads() && core.leader !== null) throw new QuorateError('leader-changed');
    await new Promise<void>((resolve) => env.after(config.heartbeatIntervalMs / 4, resolve));
  }
}
