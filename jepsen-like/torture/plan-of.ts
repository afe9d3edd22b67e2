import { QuorateError, seededRandom } from '../../src/base/index.js';
import { drawPlan } from '../plan/index.js';
import type { Plan } from '../plan/index.js';
import { workloads } from '../workloads/index.js';

/** What of all that can be is drawn from. */
export interface PlanChoice {
  /** Empty: all. */
  readonly workloads: readonly string[];
  readonly actionsPerSecond: number;
  readonly durationMs: number;
}

export const wholeChoice: PlanChoice = { workloads: [], actionsPerSecond: 100, durationMs: 20_000 };

/** The plan of a seed. Errors: `invalid-configuration` when there is no such workload. */
export function planOf(seed: number, { workloads: names, ...rates }: PlanChoice): Plan {
  const known = workloads.map(({ name }) => name);
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined) {
    throw new QuorateError(
      'invalid-configuration',
      `no workload is called ${strange}: there are ${known.join(', ')}`,
    );
  }
  const chosen = names.length === 0 ? workloads : workloads.filter(({ name }) => names.includes(name));
  return drawPlan(seededRandom(seed), { workloads: chosen, seed, ...rates });
}
