import * as fc from 'fast-check';
import { seededRandom } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import { simplestScenario } from './scenario.js';
import type { Scenario, Schedule } from './scenario.js';
import { shrinkSchedule } from './shrink.js';
import type { ShrinkContext } from './shrink.js';
import { newestLeader, newestSnapshot, oldestLeader, stepKinds } from './step.js';
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

  override canShrinkWithoutContext(_value: unknown): _value is Schedule {
    return false;
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
    if (random.chance(0.004)) steps.push(...drawLag(random, scenario));
    if (random.chance(0.008)) steps.push(...drawContest(random, scenario));
    if (random.chance(0.005)) steps.push(...drawSuccession(random, scenario));
    if (random.chance(0.005)) steps.push(...drawLastStand(random, scenario));
    if (partingKinds.has(kind) && random.chance(0.5)) steps.push(...drawAftermath(random, scenario));
  }
  return { scenario, steps };
}

/** What parts a leader from the others; often given the time to matter. */
const partingKinds: ReadonlySet<StepKind> = new Set(['pause', 'isolate', 'split', 'cut']);

/** The others find a new leader, and then the old one, who may not know, is asked for something. */
function drawAftermath(random: Random, scenario: Scenario): Step[] {
  const rounds = scenario.electionTicks + random.below(scenario.electionTicks * 2);
  const kind = (['read', 'propose', 'compact', 'take', 'transfer'] as const)[random.below(5)] ?? 'read';
  return [
    { kind: 'rounds', a: 0, b: rounds, then: 'work' },
    { kind, a: random.chance(0.6) ? oldestLeader : newestLeader, b: random.below(3), then: 'work' },
  ];
}

/**
 * A node is away while the others go on and forget what it lacks: it comes back to a snapshot, which may arrive twice,
 * late or never. Any part of the story may be missing.
 */
function drawLag(random: Random, scenario: Scenario): Step[] {
  const a = random.below(scenario.members);
  const step = (kind: StepKind, of: number, b = 0): Step => ({ kind, a: of, b, then: 'work' });
  const meeting = [step('tick', newestLeader), step('receive', a), step('receive', newestLeader)];
  for (let node = 0; node < scenario.members; node++) meeting.push(step('receive', node));
  const story = [
    step(random.chance(0.5) ? 'isolate' : 'crash', a),
    step('propose', newestLeader, 2),
    step('rounds', 0, 1),
    step('compact', newestLeader, random.below(2)),
    step('heal', 0),
    step('restart', a),
    ...meeting,
    ...meeting,
    step('duplicate', newestSnapshot),
    step('propose', newestLeader, random.below(3)),
    step('rounds', 0, random.below(2)),
    step('compact', a),
    step(random.chance(0.5) ? 'drop' : 'deliver', newestSnapshot),
  ];
  return story.filter(() => random.chance(0.9));
}

/** Two nodes stand for election in one term, and one that votes crashes between the two requests. */
function drawContest(random: Random, scenario: Scenario): Step[] {
  const node = (): number => random.below(scenario.members);
  const step = (kind: StepKind, a: number, b = 0): Step => ({ kind, a, b, then: 'work' });
  const [one, other, voter] = [node(), node(), node()];
  const story: Step[] = [];
  // Nobody has heard a leader for long enough to refuse a candidate.
  for (let a = 0; a < scenario.members; a++) story.push(step('elapse', a, scenario.electionTicks - 1));
  for (let a = 0; a < scenario.members; a++) story.push(step('lose', a));
  story.push(step('campaign', one), step('campaign', other));
  for (let a = 0; a < scenario.members; a++) if (a !== one && a !== other) story.push(step('receive', a));
  story.push(step('receive', one), step('receive', other));
  for (let a = 0; a < scenario.members; a++) {
    if (random.chance(0.7)) story.push(step('receive', a, random.below(4)));
  }
  story.push(step('receive', voter, 2));
  story.push(step('crash', voter, random.below(4)), step('restart', voter));
  story.push(step('receive', voter), step('receive', one), step('receive', other));
  return story.filter(() => random.chance(0.96));
}

/**
 * The leadership goes from node to node: one after the other hears nothing for long enough to stand for election, is
 * elected step by step, does something, reaches a few of the others at most, and is cut off, crashes or pauses. This is how
 * logs come to differ as in the paper's figure 8, and how changes of the membership meet that nobody has committed.
 */
function drawSuccession(random: Random, scenario: Scenario): Step[] {
  const { members, electionTicks } = scenario;
  const then: Diligence = random.chance(0.7) ? 'work' : 'take';
  const step = (kind: StepKind, a: number, b = 0): Step => ({ kind, a, b, then: 'work' });
  const story: Step[] = [];
  const everyone = Array.from({ length: members }, (_, index) => index);
  for (let reign = 0; reign < 2 + random.below(3); reign++) {
    const a = random.below(members);
    const others = everyone.filter((node) => node !== a && random.chance(0.8));
    if (random.chance(0.8)) story.push(step('heal', 0), step('restart', a));
    for (const node of everyone) story.push(step('lose', node), step('elapse', node, electionTicks - 1));
    story.push(step('elapse', a, electionTicks), step('lose', a));
    for (let exchange = 0; exchange < 2; exchange++) {
      for (const node of others) story.push(step('receive', node));
      story.push(step('receive', a));
    }
    const acts = ['propose', 'change', 'read', 'joint', 'compact', 'transfer'] as const;
    for (let act = 0; act < 1 + random.below(2); act++) {
      const kind = acts[random.below(acts.length)] ?? 'read';
      story.push({ ...drawStep(random, kind, scenario, 'work'), a });
    }
    for (const node of others) if (random.chance(0.5)) story.push({ ...step('receive', node), then });
    if (random.chance(0.5)) story.push(step('tick', a), step('receive', a));
    story.push(step((['isolate', 'crash', 'pause'] as const)[random.below(3)] ?? 'isolate', a));
  }
  return story.filter(() => random.chance(0.95));
}

/** A follower crashes right after it has acknowledged, and then the leader is gone: what it said must still hold. */
function drawLastStand(random: Random, scenario: Scenario): Step[] {
  const a = random.below(scenario.members);
  const step = (kind: StepKind, of: number, b = 0): Step => ({ kind, a: of, b, then: 'work' });
  const story = [
    step('propose', newestLeader, random.below(3)),
    step('receive', a),
    step('crash', a, random.below(8)),
    step('restart', a),
    step('receive', newestLeader),
    step('isolate', newestLeader),
    step('rounds', 0, scenario.electionTicks * 3),
  ];
  return story.filter(() => random.chance(0.9));
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

function drawStep(random: Random, kind: StepKind, scenario: Scenario, then: Diligence): Step {
  const node = (): number => random.below(scenario.members);
  const leader = (): number => (random.chance(0.7) ? newestLeader : oldestLeader);
  const nodeOrLeader = (chance: number): number => (random.chance(chance) ? leader() : node());
  const parcel = (): number => {
    if (random.chance(0.35)) return 0;
    return random.chance(0.4) ? -1 - random.below(2) : random.below(60);
  };
  switch (kind) {
    case 'rounds':
      return {
        kind,
        a: 0,
        b: 1 + random.below(random.chance(0.3) ? scenario.electionTicks * 3 : 3),
        then: 'work',
      };
    case 'deliver':
    case 'drop':
    case 'duplicate':
      return { kind, a: parcel(), b: 0, then: kind === 'deliver' ? then : 'work' };
    case 'propose':
      return { kind, a: nodeOrLeader(0.7), b: random.below(3), then };
    case 'split':
      return { kind, a: 0, b: 1 + random.below(2 ** scenario.members - 2), then: 'work' };
    case 'heal':
      return { kind, a: 0, b: 0, then: 'work' };
    case 'change':
      return { kind, a: nodeOrLeader(0.9), b: random.below(3 * scenario.members), then };
    case 'joint':
      return { kind, a: nodeOrLeader(0.9), b: random.below(4 ** scenario.members), then };
    case 'transfer':
      return { kind, a: nodeOrLeader(0.9), b: node(), then };
    case 'take':
    case 'work':
    case 'flush':
      return { kind, a: nodeOrLeader(0.2), b: 0, then: 'work' };
    case 'persist':
    case 'apply':
      return { kind, a: nodeOrLeader(0.3), b: random.below(4), then: 'work' };
    case 'crash':
      return { kind, a: nodeOrLeader(0.3), b: random.below(16), then: 'work' };
    case 'compact':
      return { kind, a: nodeOrLeader(0.5), b: random.below(4), then };
    case 'elapse':
      return { kind, a: node(), b: random.below(scenario.electionTicks * 2), then };
    case 'cut':
      return { kind, a: nodeOrLeader(0.3), b: node(), then: 'work' };
    case 'isolate':
    case 'lose':
      return { kind, a: nodeOrLeader(0.4), b: 0, then: 'work' };
    case 'pause':
      return { kind, a: nodeOrLeader(0.6), b: 0, then: 'work' };
    case 'tick':
    case 'read':
      return { kind, a: nodeOrLeader(0.4), b: 0, then };
    case 'receive':
      return { kind, a: node(), b: random.chance(0.6) ? 0 : random.below(4), then };
    case 'campaign':
    case 'restart':
      return { kind, a: node(), b: 0, then };
    case 'connection-lost':
    case 'unreachable':
      return { kind, a: node(), b: nodeOrLeader(0.5), then };
  }
}
