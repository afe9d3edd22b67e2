import { beforeAll, describe, expect, test } from 'vitest';
import type { History } from '../../../jepsen-like/history/index.js';
import { planOf } from '../../../jepsen-like/torture/plan-of.js';
import { complaintOf } from '../../../jepsen-like/torture/shrink.js';
import { runPlan } from '../../../jepsen-like/torture/run.js';
import type { RunResult } from '../../../jepsen-like/torture/run.js';
import { workloads } from '../../../jepsen-like/workloads/index.js';

/** How many operations of each kind have to succeed within a few seconds of peace. */
const work: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  register: { read: 60, write: 20, cas: 15 },
  set: { add: 60, elements: 20 },
  append: { append: 60 },
  bank: { transfer: 30, balances: 30 },
  'unique-ids': { 'unique-id': 100 },
  lock: { lock: 10, 'guarded-add': 10, unlock: 8, elements: 6 },
  election: { campaign: 8, resign: 8, leader: 30, observe: 5 },
  lease: { grant: 4, 'keep-alive': 30, attached: 20 },
  watch: {},
  churn: { 'member-add': 2, 'member-remove': 2, members: 50 },
  auth: { 'auth-change': 20, 'auth-request': 80 },
};

const results = new Map<string, Promise<RunResult>>();

async function runInPeace(workload: string): Promise<RunResult> {
  const known = results.get(workload);
  if (known !== undefined) return known;
  const actionsPerSecond = workload === 'churn' ? 200 : 60;
  const plan = planOf(11, { workloads: [workload], actionsPerSecond, durationMs: 4000 });
  const steps = plan.steps.filter(({ type }) => type === 'action');
  const times = { electionTimeoutMs: 500, heartbeatIntervalMs: 50 };
  const result = runPlan({ ...plan, ...times, members: 3, clients: 3, lastCuts: [], steps });
  results.set(workload, result);
  return result;
}

function succeeded(history: History, kind: string): number {
  return history.operations.filter((each) => each.kind === kind && each.outcome.type === 'ok').length;
}

test('each workload is known here', () => {
  expect(workloads.map(({ name }) => name).sort()).toEqual(Object.keys(work).sort());
});

describe.each(workloads)('the workload $name, without faults', ({ name, checkers }) => {
  let result: RunResult;
  beforeAll(async () => {
    result = await runInPeace(name);
  });

  test('finds nothing, and its checkers have an answer', () => {
    expect(result.violation).toBeNull();
    expect(complaintOf(result)).toBeNull();
    const answers = result.verdicts.filter(({ checker }) => checkers.includes(checker));
    expect(answers.map(({ checker, verdict }) => [checker, verdict.type])).toEqual(
      expect.arrayContaining(checkers.map((checker) => [checker, 'ok'])),
    );
  });

  test('does real work', () => {
    const done = Object.keys(work[name] ?? {}).map(
      (kind) => [kind, succeeded(result.history, kind)] as const,
    );
    for (const [kind, count] of done)
      expect(count, `${kind} of ${JSON.stringify(done)}`).toBeGreaterThanOrEqual(work[name]?.[kind] ?? 0);
    expect(result.history.calls.length).toBeGreaterThan(20);
  });
});

test('watches are told of what is written', async () => {
  const { history } = await runInPeace('watch');
  const events = history.watches.flatMap(({ entries }) => entries).filter(({ type }) => type === 'events');
  expect(events.length).toBeGreaterThan(50);
});

test('requests in the names of users are served and refused', async () => {
  const { history } = await runInPeace('auth');
  const answers = history.operations.flatMap((each) =>
    each.kind === 'auth-request' && each.outcome.type === 'ok' ? [each.outcome.value.allowed] : [],
  );
  expect(answers.filter((allowed) => allowed).length).toBeGreaterThan(30);
  expect(answers.filter((allowed) => !allowed).length).toBeGreaterThan(30);
});
