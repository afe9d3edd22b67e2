import { simplestScenario } from './scenario.js';
import type { Scenario, Schedule } from './scenario.js';
import { stepKinds } from './step.js';
import type { Step } from './step.js';

/** How far shrinking has come: chunks of this many steps are being left out. */
export interface ShrinkContext {
  readonly chunk: number;
}

/**
 * Simpler schedules, the boldest attempts first: without half of the steps, a quarter, … one; then with a simpler
 * cluster; then with simpler steps. A failing one is shrunk further, from the chunk size that it was found with.
 */
export function* shrinkSchedule(
  schedule: Schedule,
  context: ShrinkContext | null,
): Generator<readonly [Schedule, ShrinkContext]> {
  const { steps, scenario } = schedule;
  for (
    let chunk = Math.min(context?.chunk ?? steps.length, steps.length);
    chunk >= 1;
    chunk = Math.floor(chunk / 2)
  ) {
    // From the end: what follows the failure is of no use, and what is early is what the rest builds on.
    for (let end = steps.length; end > 0; end -= chunk) {
      const rest = [...steps.slice(0, Math.max(0, end - chunk)), ...steps.slice(end)];
      yield [{ scenario, steps: rest }, { chunk }];
    }
  }
  const done = { chunk: 1 };
  for (const simpler of simplerScenarios(scenario)) yield [{ scenario: simpler, steps }, done];
  for (const [place, step] of steps.entries()) {
    for (const simpler of simplerSteps(step)) yield [{ scenario, steps: steps.with(place, simpler) }, done];
  }
}

function* simplerScenarios(scenario: Scenario): Generator<Scenario> {
  const { members, voters, learners } = scenario;
  if (members > 3) {
    const fewer = { ...scenario, members: members - 1 };
    if (voters + learners < members) yield fewer;
    if (learners > 0) yield { ...fewer, learners: learners - 1 };
    if (voters > 1) yield { ...fewer, voters: voters - 1 };
  }
  if (learners > 0) yield { ...scenario, learners: learners - 1 };
  const names = [
    'seed',
    'genesis',
    'electionTicks',
    'heartbeatTicks',
    'inflightMessages',
    'appendBytes',
  ] as const;
  for (const name of [...names, 'uncommittedBytes'] as const) {
    const generous = name === 'appendBytes' || name === 'uncommittedBytes' || name === 'inflightMessages';
    const simplest = generous ? 4096 : simplestScenario[name];
    if (scenario[name] !== simplest) yield { ...scenario, [name]: simplest };
  }
  // Each attempt is simpler than what it came from: shrinking must end.
  if (scenario.seed >= 16) yield { ...scenario, seed: scenario.seed % 16 };
  if (scenario.seed > 1) yield { ...scenario, seed: Math.floor(scenario.seed / 2) };
}

function* simplerSteps(step: Step): Generator<Step> {
  if (step.then !== 'work') yield { ...step, then: 'work' };
  if (step.then === 'wait') yield { ...step, then: 'take' };
  if (step.kind === 'joint') {
    for (let bits = 3; bits <= step.b; bits *= 4)
      if ((step.b & bits) > 0) yield { ...step, b: step.b & ~bits };
    return;
  }
  const names = stepKinds[step.kind].arguments;
  if (/[ap]/.test(names) && step.a > 0) {
    yield { ...step, a: 0 };
    if (step.a > 1) yield { ...step, a: Math.floor(step.a / 2) };
    if (step.a > 2) yield { ...step, a: step.a - 1 };
  }
  if (names.includes('b') && step.b > 0) {
    yield { ...step, b: 0 };
    if (step.b > 1) yield { ...step, b: Math.floor(step.b / 2) };
    if (step.b > 2) yield { ...step, b: step.b - 1 };
  }
}
