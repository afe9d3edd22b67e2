import { describe, expect, test } from 'vitest';
import type { Fault, Plan, Step } from '../../../jepsen-like/plan/index.js';
import { planOf } from '../../../jepsen-like/torture/plan-of.js';
import { runPlan } from '../../../jepsen-like/torture/run.js';
import { complaintOf } from '../../../jepsen-like/torture/shrink.js';

/** Three members and a few seconds of the workloads, with these faults and no others. */
function planWith(
  workloads: readonly string[],
  faults: readonly (readonly [atMs: number, fault: Fault])[],
): Plan {
  const plan = planOf(5, { workloads, actionsPerSecond: 60, durationMs: 6000 });
  const steps: Step[] = plan.steps.filter(({ type }) => type === 'action');
  for (const [atMs, fault] of faults) steps.push({ type: 'fault', atMs, fault });
  steps.sort((a, b) => a.atMs - b.atMs);
  const times = { electionTimeoutMs: 500, heartbeatIntervalMs: 50 };
  return { ...plan, ...times, members: 3, clients: 3, lastCuts: [], steps };
}

describe('an old disk', () => {
  const oldDisk = (target: number): Fault => ({ kind: 'old-disk', target, afterMs: 1500, forMs: 2000 });

  test('is put back, and nobody lies', async () => {
    const result = await runPlan(planWith(['register'], [[500, oldDisk(1)]]));
    expect(complaintOf(result)).toBeNull();
    expect(result.faults.get('old-disk')).toBe(1);
  });

  test('is not put back while another member, which may have to remember what it forgets, is away', async () => {
    const faults = [
      [500, oldDisk(1)],
      [1000, { kind: 'kill', target: 2, forMs: 4500 }],
    ] as const;
    const result = await runPlan(planWith(['register'], faults));
    expect(complaintOf(result)).toBeNull();
    expect(result.faults.get('kill')).toBe(1);
    expect(result.faults.get('old-disk')).toBeUndefined();
  });

  test('is put back to one member alone', async () => {
    const faults = [
      [200, oldDisk(0)],
      [2500, oldDisk(1)],
    ] as const;
    const result = await runPlan(planWith(['register'], faults));
    expect(complaintOf(result)).toBeNull();
    expect(result.faults.get('old-disk')).toBe(1);
  });
});

test('members come and go while members die and cannot be reached', async () => {
  const plan = planWith(
    ['churn'],
    [
      [1000, { kind: 'kill', target: 'leader', forMs: 800 }],
      [2500, { kind: 'isolate', target: 'leader', direction: 'both', clients: false, forMs: 1500 }],
      [4200, { kind: 'power-cut-all', forMs: 300 }],
    ],
  );
  const result = await runPlan(plan);
  expect(complaintOf(result)).toBeNull();
  expect(result.marks.get('the cluster changed')).toBeGreaterThan(0);
});
