import { parentPort } from 'node:worker_threads';
import { some } from '../../src/base/index.js';
import { planOf } from './plan-of.js';
import type { PlanChoice } from './plan-of.js';
import { runPlan } from './run.js';
import { complaintOf } from './shrink.js';

/** What a worker is asked to do. */
export interface Order extends PlanChoice {
  readonly seed: number;
  /** Runs it again, and demands that everything is the same. */
  readonly twice: boolean;
}

/** What came of it. */
export interface Report {
  readonly seed: number;
  readonly hash: string;
  readonly complaint: string | null;
  readonly simulatedMs: number;
  /** What it took one thread, checkers included. */
  readonly busyMs: number;
  readonly operations: number;
  readonly faults: readonly (readonly [string, number])[];
  readonly marks: readonly (readonly [string, number])[];
  /** Checkers that came to no end. */
  readonly unknowns: readonly string[];
}

const port = some(parentPort, 'a worker has somebody who gives it work');
port.on('message', (order: Order) => {
  perform(order).then(
    (report) => port.postMessage(report),
    (error: unknown) => {
      // The campaign ends over it.
      setImmediate(() => {
        throw error;
      });
    },
  );
});

async function perform(order: Order): Promise<Report> {
  const { seed, twice } = order;
  const beganMs = performance.now();
  const plan = planOf(seed, order);
  const result = await runPlan(plan);
  const busyMs = performance.now() - beganMs;
  const { hash, simulatedMs, history, verdicts, faults, marks } = result;
  const again = twice ? (await runPlan(plan)).hash : hash;
  const complaint = again === hash ? complaintOf(result) : `not deterministic: ${hash}, then ${again}`;
  return {
    seed,
    hash,
    complaint,
    simulatedMs,
    busyMs,
    operations: history.operations.length,
    faults: [...faults],
    marks: [...marks],
    unknowns: verdicts.filter(({ verdict }) => verdict.type === 'unknown').map(({ checker }) => checker),
  };
}
