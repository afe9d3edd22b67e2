import { messageOf } from '../base/index.js';
import type { HashAnswer } from './call-types.js';
import type { MemberContext } from './context.js';
import { valueOf } from './outcome.js';

const hashTimeoutMs = 30_000;

/**
 * Every member answers with its hash; while one leads it compares all of them now and then, at a revision that all hold,
 * and raises the alarm `corrupt` for whoever differs from it at the same compaction. With the alarm raised nobody writes.
 */
export function startCorruptionCheck(context: MemberContext): void {
  const { config, env, core, driver, state, calls } = context;
  const { id: self } = core.status();
  const intervalMs = config.corruptCheckIntervalMs ?? 0;
  let stopped = false;
  driver.observe({ stopped: () => (stopped = true) });
  calls.serve('hash-kv', async (revision) => {
    await driver.barrier();
    return hashAt(revision);
  });
  if (intervalMs > 0) scheduleNext();

  async function hashAt(revision: number): Promise<HashAnswer> {
    return valueOf(await context.read((machine) => machine.hashKv(revision)));
  }

  function scheduleNext(): void {
    env.after(intervalMs, () => {
      if (stopped) return;
      compareAll()
        .catch((error: unknown) => {
          if (!stopped) env.logger.warn('the hashes were not compared', { reason: messageOf(error) });
        })
        .finally(scheduleNext)
        .catch(() => undefined);
    });
  }

  async function compareAll(): Promise<void> {
    if (core.role !== 'leader') return;
    await driver.barrier();
    const own = await hashAt(0);
    for (const { id } of state.machine.membership.members) {
      if (id === self || stopped) continue;
      const other = await calls.ask(id, 'hash-kv', own.hashRevision, hashTimeoutMs).catch(() => null);
      const isComparable =
        other?.compactRevision === own.compactRevision && other.hashRevision === own.hashRevision;
      if (!isComparable || other.hash === own.hash) continue;
      env.logger.error('a member holds other data than the leader', {
        member: id,
        revision: own.hashRevision,
      });
      const command = { type: 'alarm', action: 'activate', memberId: id, alarm: 'corrupt' } as const;
      await context.propose(command, 'alarm', 'trusted');
    }
  }
}
