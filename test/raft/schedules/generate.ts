import * as fc from 'fast-check';
import { seededRandom } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import { drawStep } from './draw-step.js';
import { simplestScenario } from './scenario.js';
import type { Scenario, Schedule } from './scenario.js';
import { shrinkSchedule } from './shrink.js';
import type { ShrinkContext } from './shrink.js';
import { stepKinds } from './step.js';
import { drawStory } from './stories.js';
import type { Diligence, Step, StepKind } from './step.js';

/**
 * Random schedules, by swarm testing: each draws its own weights, and does without some kinds of step altogether, so that
 * the rest is free to go far. (With all kinds on, every schedule looks alike: a bit of everything, nothing long.)
 *
 * A class of its own and not a composition of fast-check's arbitraries: the kinds of the steps depend on the weights,
 * and shrinking must drop steps first, whatever they are.
 */
export class ScheduleArbitrary extends fc.Arbitrary<Schedule> {
  override generate(mrng: fc.Random): fc.Value<Schedule> {
    const random = seededRandom(mrng.nextInt(0, 0x7fff_ffff));
    return new fc.Value(drawSchedule(random), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is Schedule {
    return typeof value === 'object' && value !== null && 'scenario' in value && 'steps' in value;
  }

  override shrink(schedule: Schedule, context: unknown): fc.Stream<fc.Value<Schedule>> {
    return new fc.Stream(valuesOf(shrinkSchedule(schedule, isShrinkContext(context) ? context : null)));
  }
}

function* valuesOf(
  shrunk: Iterable<readonly [Schedule, ShrinkContext]>,
): IterableIterator<fc.Value<Schedule>> {
  for (const [schedule, context] of shrunk) yield new fc.Value(schedule, context);
}

function isShrinkContext(context: unknown): context is ShrinkContext {
  return typeof context === 'object' && context !== null && 'chunk' in context;
}

function drawSchedule(random: Random): Schedule {
  const scenario = drawScenario(random);
  const weights = drawWeights(random);
  const diligence = drawDiligence(random);
  const steps: Step[] = [];
  // Most schedules begin with a cluster that has found its leader: the rest is about what happens then.
  if (random.chance(0.75))
    steps.push({ kind: 'rounds', a: 0, b: scenario.electionTicks * 2 + 2, then: 'work' });
  const length = 10 + random.below(random.chance(0.5) ? 180 : 60);
  while (steps.length < length) {
    const kind = pickKind(random, weights);
    steps.push(drawStep(random, kind, scenario, diligence(random)));
    steps.push(...drawStory(random, scenario, kind));
  }
  return { scenario, steps };
}

function drawScenario(random: Random): Scenario {
  const members = 3 + random.below(5);
  const voters = random.chance(0.75) ? 3 + random.below(members - 2) : 1 + random.below(members);
  return {
    ...simplestScenario,
    seed: random.nextUint32(),
    members,
    voters,
    learners: random.chance(0.3) ? random.below(members - voters + 1) : 0,
    genesis: random.chance(0.5) ? 0 : 3,
    electionTicks: 3 + random.below(6),
    heartbeatTicks: 1 + random.below(2),
    inflightMessages: 1 + random.below(4),
    appendBytes: random.chance(0.5) ? 1 + random.below(64) : 4096,
    uncommittedBytes: random.chance(0.2) ? 64 : 65_536,
  };
}

type Weights = readonly { readonly kind: StepKind; readonly upTo: number }[];

function drawWeights(random: Random): Weights {
  let upTo = 0;
  const factors = [0, 0, 0.5, 1, 1, 3];
  const weights = Object.entries(stepKinds).map(([kind, { weight }]) => {
    upTo += weight * (factors[random.below(factors.length)] ?? 1);
    return { kind: kind as StepKind, upTo };
  });
  // Without any way for messages to arrive nothing would ever happen.
  return [...weights, { kind: 'receive', upTo: upTo + stepKinds.receive.weight / 4 }];
}

function pickKind(random: Random, weights: Weights): StepKind {
  const place = (random.nextUint32() / 0x1_0000_0000) * (weights.at(-1)?.upTo ?? 0);
  return weights.find(({ upTo }) => place < upTo)?.kind ?? 'tick';
}

function drawDiligence(random: Random): (random: Random) => Diligence {
  const diligent = [1, 0.8, 0.4, 0.1][random.below(4)] ?? 1;
  const taking = (random.below(3) + 1) / 3;
  return (draw) => (draw.chance(diligent) ? 'work' : draw.chance(taking) ? 'take' : 'wait');
}
