import type { Alarm, Caller } from '../mvcc/index.js';
import type { MemberContext } from './context.js';
import { startCorruptionCheck } from './corruption.js';
import { moveLeadership } from './moving.js';
import { refuse, valueOf } from './outcome.js';
import { createSnapshotFiles } from './snapshot-file.js';
import { createSpaceKeeper } from './space.js';
import type { SpaceKeeper } from './space.js';
import type { MemberMaintenance } from './types.js';

export type { SpaceKeeper } from './space.js';

/** Before and after every key that a store can hold. */
const everything = { gte: Buffer.of(0), lt: Buffer.alloc(64, 0xff) } as const;

/** What operators ask of one member. */
export function createMaintenance(context: MemberContext): MemberMaintenance & SpaceKeeper {
  const { driver, state } = context;
  const space = createSpaceKeeper(context);
  let defragmenting: Promise<void> | null = null;
  startCorruptionCheck(context);

  /** etcd's maintenance calls are for root; embedders are. */
  function requireAdmin(caller: Caller): void {
    refuse(state.machine.auth.checkAdmin(caller));
  }

  async function compactStore(): Promise<void> {
    await context.read(async (machine) => {
      await machine.flush();
      await state.store.compact(everything);
    });
    await space.remeasure();
  }

  return {
    requireSpace: () => space.requireSpace(),
    requireRoom: () => space.requireRoom(),
    databaseSize: () => context.read((machine) => machine.sizeBytes()),
    async hashKv(revision, caller = 'trusted') {
      requireAdmin(caller);
      return valueOf(await context.read((machine) => machine.hashKv(revision)));
    },
    alarms: () => state.machine.alarms,
    async activateAlarm(memberId, alarm, caller = 'trusted') {
      const command = { type: 'alarm', action: 'activate', memberId, alarm } as const;
      return (await context.propose(command, 'alarm', caller)).alarms;
    },
    async deactivateAlarm(memberId, alarm, caller = 'trusted') {
      if (memberId === null || alarm === null) await driver.barrier();
      const ended: Alarm[] = [];
      const raised = state.machine.alarms.filter(
        (each) => (memberId ?? each.memberId) === each.memberId && (alarm ?? each.alarm) === each.alarm,
      );
      if (memberId !== null && alarm !== null && raised.length === 0) raised.push({ memberId, alarm });
      for (const each of raised) {
        const command = { type: 'alarm', action: 'deactivate', ...each } as const;
        ended.push(...(await context.propose(command, 'alarm', caller)).alarms);
      }
      return ended;
    },
    async defragment(caller = 'trusted') {
      requireAdmin(caller);
      defragmenting ??= compactStore().finally(() => (defragmenting = null));
      return defragmenting;
    },
    snapshotFile: createSnapshotFiles(context),
    async moveLeader(to, caller = 'trusted') {
      requireAdmin(caller);
      return moveLeadership(context, to);
    },
  };
}
