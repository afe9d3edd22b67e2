import type { Random } from '../../../src/base/index.js';
import type { Scenario } from './scenario.js';
import { newestLeader, oldestLeader } from './step.js';
import type { Diligence, Step, StepKind } from './step.js';

/** A step of this kind with random arguments: now and then a leader in the place of a node. */
export function drawStep(random: Random, kind: StepKind, scenario: Scenario, then: Diligence): Step {
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
    case 'echo':
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
      return {
        kind,
        a: nodeOrLeader(0.3),
        b: random.chance(0.5) ? random.below(16) : random.below(2) * 8 + 4,
        then: 'work',
      };
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
