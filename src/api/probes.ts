import { messageOf, QuorateError } from '../base/index.js';
import type { Member } from '../member/index.js';
import { plainRange } from './turn.js';

/** What `/health`, `/livez` and `/readyz` find out about a member, for load balancers and supervisors. */

export interface Probes {
  /**
   * Null when all is well: a leader is known, no alarm is raised but the excluded, and this member can read: from the
   * cluster or, if so asked, from itself.
   */
  whyUnhealthy(options: {
    readonly serializable: boolean;
    readonly excludedAlarms: ReadonlySet<string>;
  }): Promise<string | null>;
  /** Each check by name, with what is wrong, or null. */
  check(names: readonly CheckName[]): Promise<ReadonlyMap<CheckName, string | null>>;
}

export type CheckName = 'data_corruption' | 'serializable_read' | 'linearizable_read' | 'non_learner';

/** Restarting helps against what fails here; a member that is only waiting for the others is alive. */
export const livezChecks: readonly CheckName[] = ['serializable_read'];
/** Whoever passes these can be sent requests. */
export const readyzChecks: readonly CheckName[] = [
  'data_corruption',
  'serializable_read',
  'linearizable_read',
  'non_learner',
];

/** Any key will do. */
const probe = { ...plainRange, key: 'a', rangeEnd: null, keysOnly: true, limit: 1 };

export function createProbes(member: Member, timeoutMs: number): Probes {
  async function whyUnreadable(serializable: boolean): Promise<string | null> {
    try {
      await within(timeoutMs, member.range({ ...probe, serializable }));
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  async function whyFailed(name: CheckName): Promise<string | null> {
    switch (name) {
      case 'data_corruption': {
        const corrupt = member.maintenance.alarms().find(({ alarm }) => alarm === 'corrupt');
        return corrupt === undefined ? null : `alarm CORRUPT of member ${corrupt.memberId}`;
      }
      case 'serializable_read':
        return whyUnreadable(true);
      case 'linearizable_read':
        return whyUnreadable(false);
      case 'non_learner':
        return member.isLearner ? 'a learner serves few requests' : null;
      default:
        return name satisfies never;
    }
  }

  return {
    async whyUnhealthy({ serializable, excludedAlarms }) {
      for (const { alarm } of member.maintenance.alarms()) {
        const name = alarm === 'no-space' ? 'NOSPACE' : 'CORRUPT';
        if (!excludedAlarms.has(name)) return `ALARM ${name}`;
      }
      if (member.leader === null) return 'RAFT NO LEADER';
      const reason = await whyUnreadable(serializable);
      return reason === null ? null : `RANGE ERROR:${reason}`;
    },
    async check(names) {
      const results = await Promise.all(names.map(async (name) => [name, await whyFailed(name)] as const));
      return new Map(results);
    },
  };
}

async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new QuorateError('timed-out', 'context deadline exceeded')), timeoutMs);
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
