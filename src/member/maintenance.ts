import { QuorateError } from '../base/index.js';
import type { MemberContext } from './context.js';
import type { MemberMaintenance } from './types.js';
import { valueOf } from './outcome.js';

/** Guards the space that the store may take. */
export interface SpaceKeeper {
  /** Errors: `no-space` while that alarm is raised, or when the store has reached its quota, which raises it. */
  requireSpace(): void;
}

/** What operators ask of one member. */
export function createMaintenance(context: MemberContext): MemberMaintenance & SpaceKeeper {
  const { config, core, driver, state, read } = context;
  async function notYet(): Promise<never> {
    throw new QuorateError('unavailable', `${config.name} cannot do this yet`);
  }
  return {
    requireSpace() {},
    databaseSize: () => read((machine) => machine.sizeBytes()),
    hashKv: async (revision) => valueOf(await read((machine) => machine.hashKv(revision))),
    alarms: () => state.machine.alarms,
    activateAlarm: notYet,
    deactivateAlarm: notYet,
    defragment: notYet,
    snapshotFile: notYet,
    async moveLeader(to) {
      if (core.role !== 'leader') throw new QuorateError('not-leader');
      if (driver.step({ type: 'transfer-leadership', to }) !== null)
        throw new QuorateError('bad-leader-transferee');
      await Promise.resolve();
    },
  };
}
