import { register } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { some } from '../../src/base/index.js';
import type { Mutant } from './types.js';

/** What a mutant's worker is asked: to run seeds until one is caught. */
export interface Hunt {
  readonly firstSeed: number;
  readonly seedsMax: number;
  /** How long to shrink what was caught; 0: not at all. */
  readonly shrinkMs: number;
}

/** Null: not caught. */
export interface Catch {
  readonly seeds: number;
  readonly complaint: string | null;
  /** What it was caught with, shrunk, and how many steps it had before. */
  readonly shrunk: { readonly plan: string; readonly steps: number; readonly stepsBefore: number } | null;
}

const mutant = workerData as Mutant;
register('./hooks.js', import.meta.url, { data: mutant });
// Only now: whatever it brings with it comes through the hook.
const { planOf, wholeChoice } = await import('../torture/plan-of.js');
const { runPlan } = await import('../torture/run.js');
const { complaintOf, shrinkPlan } = await import('../torture/shrink.js');
const { printPlan } = await import('../plan/index.js');

const port = some(parentPort, 'a worker has somebody who gives it work');
port.on('message', (hunt: Hunt) => {
  perform(hunt).then(
    (caught) => port.postMessage(caught),
    (error: unknown) => {
      setImmediate(() => {
        throw error;
      });
    },
  );
});

async function perform({ firstSeed, seedsMax, shrinkMs }: Hunt): Promise<Catch> {
  const choice = { ...wholeChoice, workloads: mutant.workloads ?? [] };
  for (let seeds = 1; seeds <= seedsMax; seeds++) {
    const plan = planOf(firstSeed + seeds - 1, choice);
    const complaint = complaintOf(await runPlan(plan));
    if (complaint === null) continue;
    if (shrinkMs === 0) return { seeds, complaint, shrunk: null };
    const smallest = await shrinkPlan(plan, complaint, { limitMs: shrinkMs });
    const [steps, stepsBefore] = [smallest.steps.length, plan.steps.length];
    return { seeds, complaint, shrunk: { plan: printPlan(smallest), steps, stepsBefore } };
  }
  return { seeds: seedsMax, complaint: null, shrunk: null };
}
