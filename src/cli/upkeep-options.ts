import { defaultLimits } from '../member/index.js';
import type { MemberConfig } from '../member/index.js';
import { durationOption, integerOption, switchOption } from './options.js';
import type { OptionValues } from './options.js';

/** How a member looks after its space, its cluster and its leases. Names and defaults are etcd's where it has them. */
export const upkeepOptions = {
  quotaBackendBytes: integerOption({
    description:
      'bytes on disk at which writes are refused and an alarm is\nraised (0: 2 GiB; negative: no limit)',
    placeholder: 'BYTES',
    fallback: 0,
    min: Number.MIN_SAFE_INTEGER,
  }),
  strictReconfigCheck: {
    ...switchOption({ description: 'refuse changes of the cluster that could cost it its majority' }),
    fallback: true,
    fallbackText: 'true',
  },
  experimentalMaxLearners: integerOption({
    description: 'members at a time that do not vote yet',
    fallback: 1,
    min: 0,
    max: 100,
  }),
  leaseCheckpointInterval: durationOption({
    description: 'how often the log is told what is left of long leases',
    fallbackMs: 5 * 60_000,
  }),
  experimentalCorruptCheckTime: durationOption({
    description: 'how often the leader compares what the members hold (0s: never)',
    fallbackMs: 0,
  }),
};

/** The part of a member's configuration that these flags are. */
export function readUpkeep(
  given: OptionValues<typeof upkeepOptions>,
): Pick<
  MemberConfig,
  'limits' | 'strictReconfigCheck' | 'learnersMax' | 'leaseCheckpointIntervalMs' | 'corruptCheckIntervalMs'
> {
  const { quotaBackendBytes: quota } = given;
  const quotaSizeBytes = quota === 0 ? defaultLimits.quotaSizeBytes : Math.max(0, quota);
  return {
    limits: { ...defaultLimits, quotaSizeBytes },
    strictReconfigCheck: given.strictReconfigCheck,
    learnersMax: given.experimentalMaxLearners,
    leaseCheckpointIntervalMs: given.leaseCheckpointInterval,
    corruptCheckIntervalMs: given.experimentalCorruptCheckTime,
  };
}
