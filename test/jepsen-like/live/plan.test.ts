import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/index.js';
import { drawLivePlan, liveFaultKinds, printLivePlan } from '../../../jepsen-like/live/index.js';
import type { LivePlan } from '../../../jepsen-like/live/index.js';
import { workloads } from '../../../jepsen-like/workloads/index.js';

const options = {
  members: 3,
  durationMs: 20_000,
  actionsPerSecond: 100,
  workloads,
  nemeses: liveFaultKinds,
  isFixed: false,
};
const draw = (seed: number, change: Partial<typeof options> = {}): LivePlan =>
  drawLivePlan(seededRandom(seed), { ...options, seed, ...change });
const plans = Array.from({ length: 300 }, (_, seed) => draw(seed));

describe('plans of live runs', () => {
  test('are the same for the same seed', () => {
    expect(printLivePlan(draw(7))).toBe(printLivePlan(draw(7)));
    expect(printLivePlan(draw(7))).not.toBe(printLivePlan(draw(8)));
  });

  test('have every kind of fault and every workload in some run, and none in all of them', () => {
    for (const kind of liveFaultKinds) {
      const share = plans.filter(({ faults }) => faults.some(({ fault }) => fault.kind === kind)).length;
      expect(share, kind).toBeGreaterThan(plans.length / 10);
      expect(share, kind).toBeLessThan((plans.length * 6) / 10);
    }
    for (const { name } of workloads) {
      const share = plans.filter((plan) => plan.workloads.includes(name)).length;
      expect(share, name).toBeGreaterThan(plans.length / 30);
      expect(share, name).toBeLessThan(plans.length / 2);
    }
  });

  test('give a workload that changes everything for everybody a run of its own', () => {
    const alone = workloads.filter(({ isAlone }) => isAlone === true).map(({ name }) => name);
    expect(alone).not.toEqual([]);
    for (const plan of plans)
      if (plan.workloads.some((name) => alone.includes(name))) expect(plan.workloads).toHaveLength(1);
  });

  test('have at least two clients for each workload, and faults only while these act', () => {
    for (const { clients, workloads: names, faults, durationMs } of plans) {
      expect(clients).toBeGreaterThanOrEqual(2 * names.length);
      for (const { atMs } of faults) expect(atMs).toBeLessThan(durationMs);
    }
  });

  test('have a small disk exactly when it is to be full', () => {
    for (const { smallDisk, faults } of plans)
      if (faults.some(({ fault }) => fault.kind === 'full-disk')) expect(smallDisk).not.toBeNull();
    expect(draw(1, { nemeses: ['kill'], isFixed: true }).smallDisk).toBeNull();
  });

  test('are all of what was asked for, when it was', () => {
    const chosen = workloads.filter(({ name }) => name === 'register' || name === 'bank');
    const plan = draw(3, { workloads: chosen, nemeses: ['kill', 'cut'], isFixed: true });
    expect(plan.workloads).toEqual(['register', 'bank']);
    expect(new Set(plan.faults.map(({ fault }) => fault.kind))).toEqual(new Set(['kill', 'cut']));
    expect(draw(3, { nemeses: [], isFixed: true }).faults).toEqual([]);
  });
});
