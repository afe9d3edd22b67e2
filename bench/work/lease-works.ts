import { measureLeases } from '../leases.js';
import type { RunningSystem } from '../systems.js';
import type { RoundWork, Sample } from './types.js';

export const leaseWorks: readonly RoundWork[] = [
  {
    id: 'leases',
    name: 'leases: 10,000 kept alive on 10 connections',
    figures: [
      { id: 'grants', name: 'grants/s', goal: null },
      { id: 'rate', name: 'renewals/s', goal: null },
      { id: 'p99', name: 'p99 of a renewal, µs', goal: null },
    ],
    estimateSeconds: ({ seconds }) => seconds + 3,
    measure: (system, { options }) => measure(system, options.seconds),
  },
];

async function measure(system: RunningSystem, seconds: number): Promise<Sample> {
  const { grantsPerSecond, renewalsPerSecond, p99Ms } = await measureLeases(system, seconds);
  return { figures: { grants: grantsPerSecond, rate: renewalsPerSecond, p99: p99Ms * 1000 } };
}
