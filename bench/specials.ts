import { measureLeases } from './leases.js';
import { measureRanges } from './ranges.js';
import type { RunningSystem } from './systems.js';
import { measureWatches, watchWorkloads } from './watches.js';

/** Work that h2load cannot express: each run yields several figures, in a fixed order. */
export interface Special {
  readonly name: string;
  readonly figures: readonly string[];
  run(system: RunningSystem, seconds: number): Promise<readonly number[]>;
}

const leases: Special = {
  name: 'leases: 10,000 kept alive',
  figures: ['grants/s', 'renewals/s', 'p99 of a renewal, ms'],
  async run(system, seconds) {
    const { grantsPerSecond, renewalsPerSecond, p99Ms } = await measureLeases(system, seconds);
    return [grantsPerSecond, renewalsPerSecond, p99Ms];
  },
};

const ranges: Special = {
  name: 'range of 10,000 keys, puts beside it',
  figures: ['ranges/s', 'p99 of a put, ms', 'worst put, ms'],
  async run(system, seconds) {
    const { rangesPerSecond, putP99Ms, putWorstMs } = await measureRanges(system, seconds);
    return [rangesPerSecond, putP99Ms, putWorstMs];
  },
};

const watches = watchWorkloads.map((workload): Special => ({
  name: workload.name,
  figures: ['events/s', 'median delay, ms', 'p99 delay, ms'],
  async run(system) {
    const { eventsPerSecond, medianMs, p99Ms } = await measureWatches(system, workload);
    return [eventsPerSecond, medianMs, p99Ms];
  },
}));

export const specials: readonly Special[] = [...watches, leases, ranges];
