import type { Random } from '../../../src/base/index.js';
import { drawStep } from './draw-step.js';
import type { Scenario } from './scenario.js';
import { newestLeader, newestSnapshot, oldestLeader } from './step.js';
import type { Diligence, Step, StepKind } from './step.js';

/*
 * Situations that steps drawn one by one hardly ever come to, because they need many right ones in a row. A story is a
 * rough script for one: its parts are random, and some are left out.
 */

/** Mostly nothing; now and then a story to go on with after a step of this kind. */
export function drawStory(random: Random, scenario: Scenario, after: StepKind): Step[] {
  const draw = random.below(1000);
  if (draw < 4) return drawLag(random, scenario);
  if (draw < 12) return drawContest(random, scenario);
  if (draw < 17) return drawSuccession(random, scenario);
  if (draw < 22) return drawLastStand(random, scenario);
  return partingKinds.has(after) && random.chance(0.5) ? drawAftermath(random, scenario) : [];
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
    ...(random.chance(0.4) ? [step('joint', newestLeader, random.below(4 ** scenario.members))] : []),
    ...Array.from({ length: 1 + random.below(3) }, () => meeting).flat(),
    step(random.chance(0.3) ? 'drop' : 'duplicate', newestSnapshot),
    step('propose', newestLeader, random.below(3)),
    step('rounds', 0, random.below(3)),
    step('compact', a),
    step('echo', newestSnapshot),
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
  const acts = ['change', 'propose', 'read', 'joint', 'compact', 'transfer'] as const;
  // Often it is the same matter again and again.
  const matters = random.chance(0.5) ? 1 + random.below(2) : acts.length;
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
    for (let act = 0; act < 1 + random.below(2); act++) {
      const kind = acts[random.below(matters)] ?? 'read';
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
    ...(random.chance(0.5) ? [step('receive', newestLeader)] : []),
    step('crash', a, random.chance(0.5) ? 12 : random.below(8)),
    step('restart', a),
    step('receive', newestLeader),
    step('isolate', newestLeader),
    step('rounds', 0, scenario.electionTicks * 3),
  ];
  return story.filter(() => random.chance(0.9));
}
