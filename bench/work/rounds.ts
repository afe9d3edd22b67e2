import { settle } from '../systems.js';
import type { RunningSystem } from '../systems.js';
import type { Bench, RoundWork } from './types.js';
import { sideOf } from './types.js';

const settleTimeoutMs = 2000;
const failuresMax = 10;

/**
 * One round: each work on each system, one right after the other, so that what else the machine does meets both alike. Who goes
 * first changes from round to round.
 */
export async function runRound(
  bench: Bench,
  systems: readonly RunningSystem[],
  works: readonly RoundWork[],
  round: number,
): Promise<void> {
  const inTurn = round % 2 === 1 ? systems : [...systems].reverse();
  for (const work of works) {
    for (const system of inTurn) {
      const where = `round ${round}/${bench.options.rounds}, ${system.name}`;
      bench.progress.step(`${where}: ${work.name}`, work.estimateSeconds(bench.options));
      const what = `${work.name}, ${system.name}, round ${round}`;
      await attempt(bench, what, async () => {
        const leader = await system.cluster.leader();
        const sample = await work.measure(system, bench, round);
        if ((await system.cluster.leader()) !== leader)
          bench.recorder.note(`${what}: the leader changed meanwhile`);
        bench.recorder.record(work, sideOf[system.name], sample);
      });
      await settle(system, settleTimeoutMs);
    }
  }
}

export function estimateRounds(bench: Bench['options'], works: readonly RoundWork[]): number {
  const once = works.reduce((sum, work) => sum + work.estimateSeconds(bench), 0);
  return once * bench.rounds * bench.systems.length;
}

export function chosenOf<W extends { readonly id: string }>(
  works: readonly W[],
  chosen: ReadonlySet<string>,
): readonly W[] {
  return works.filter(({ id }) => chosen.has(id));
}

/** What fails is told at the end and leaves its sample out; the rest of the run is worth having. Throws when too much fails. */
export async function attempt(bench: Bench, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    bench.recorder.fail(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    if (bench.recorder.failures.length >= failuresMax) throw error;
  }
}
