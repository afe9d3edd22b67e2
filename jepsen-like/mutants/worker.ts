import { register } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { some } from '../../src/base/index.js';
import type { Mutant } from './types.js';

/** What a mutant's worker is asked: to run seeds until one is caught. */
export interface Hunt {
  readonly firstSeed: number;
  readonly seedsMax: number;
}

/** Null: not caught. */
export interface Catch {
  readonly seeds: number;
  readonly complaint: string | null;
}

const mutant = workerData as Mutant;
register('./hooks.js', import.meta.url, { data: mutant });
// Only now: whatever it brings with it comes through the hook.
const { planOf, wholeChoice } = await import('../torture/plan-of.js');
const { runPlan } = await import('../torture/run.js');
const { complaintOf } = await import('../torture/shrink.js');

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

async function perform({ firstSeed, seedsMax }: Hunt): Promise<Catch> {
  const choice = { ...wholeChoice, workloads: mutant.workloads ?? [] };
  for (let seeds = 1; seeds <= seedsMax; seeds++) {
    const complaint = complaintOf(await runPlan(planOf(firstSeed + seeds - 1, choice)));
    if (complaint !== null) return { seeds, complaint };
  }
  return { seeds: seedsMax, complaint: null };
}
