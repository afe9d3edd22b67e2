import fc from 'fast-check';
import { PlanArbitrary } from '../plan/index.js';
import type { Plan } from '../plan/index.js';
import { runPlan } from './run.js';
import type { RunResult } from './run.js';

/** What is wrong with a run, in a few words that stay the same while its plan shrinks; null: nothing. */
export function complaintOf({
  violation,
  verdicts,
}: Pick<RunResult, 'violation' | 'verdicts'>): string | null {
  if (violation !== null) return violation.invariant;
  for (const { checker, verdict } of verdicts) {
    if (verdict.type === 'violated') return `${checker}: ${verdict.anomalies[0]?.name ?? 'violated'}`;
  }
  return null;
}

export interface ShrinkOptions {
  readonly limitMs: number;
  /** After each run: how large the smallest failing plan is, and how many were tried. */
  readonly onProgress?: (steps: number, tried: number) => void;
}

/** The smallest plan found in that time that still leads to the same complaint. */
export async function shrinkPlan(plan: Plan, complaint: string, options: ShrinkOptions): Promise<Plan> {
  let smallest = plan;
  let tried = 0;
  const property = fc.asyncProperty(new Fixed(plan), async (candidate) => {
    tried += 1;
    const fails = complaintOf(await runPlan(candidate)) === complaint;
    if (fails && candidate.steps.length <= smallest.steps.length) smallest = candidate;
    options.onProgress?.(smallest.steps.length, tried);
    return !fails;
  });
  await fc.check(property, { numRuns: 1, interruptAfterTimeLimit: options.limitMs, endOnFailure: false });
  return smallest;
}

/** Begins with the plan that failed. */
class Fixed extends PlanArbitrary {
  readonly #plan: Plan;

  constructor(plan: Plan) {
    super({ workloads: [] });
    this.#plan = plan;
  }

  override generate(): fc.Value<Plan> {
    return new fc.Value(this.#plan, undefined);
  }
}
