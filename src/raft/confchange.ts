import { unreachable } from '../base/index.js';
import { configurationProblem, isJoint, isMember, sortedUnique } from './configuration.js';
import type { Configuration, ConfigurationChange, ConfigurationStep, NodeId } from './types.js';

export type ChangeResult =
  | { readonly type: 'changed'; readonly configuration: Configuration }
  | { readonly type: 'refused'; readonly problem: string };

/**
 * The configuration that a change makes of another one (dissertation §4.3). A value in, a value out; every member
 * computes the same from the same log.
 *
 * One step takes effect directly: two configurations that differ in one voter have no disjoint majorities. More steps
 * give a joint configuration, which only `leave-joint` ends. A voter made a learner meanwhile waits in `learnersNext`.
 * Adding a node as what it already is changes nothing and is allowed: its `context` may be news to the driver.
 */
export function changeConfiguration(before: Configuration, change: ConfigurationChange): ChangeResult {
  switch (change.type) {
    case 'leave-joint':
      return leaveJoint(before);
    case 'change':
      return takeSteps(before, change.steps);
    default:
      return unreachable(change);
  }
}

function leaveJoint(before: Configuration): ChangeResult {
  if (!isJoint(before)) return refused('the configuration is not joint');
  const learners = sortedUnique([...before.learners, ...before.learnersNext]);
  return validated({ voters: before.voters, outgoing: [], learners, learnersNext: [] });
}

function takeSteps(before: Configuration, steps: readonly ConfigurationStep[]): ChangeResult {
  if (isJoint(before)) return refused('the configuration is joint already');
  if (steps.length === 0) return refused('there is no step');
  if (new Set(steps.map((step) => step.node)).size < steps.length) return refused('two steps name one node');

  const joint = steps.length > 1;
  const voters = new Set(before.voters);
  const learners = new Set(before.learners);
  const learnersNext = new Set<NodeId>();
  for (const step of steps) {
    const votedBefore = voters.delete(step.node);
    learners.delete(step.node);
    switch (step.type) {
      case 'add-voter':
        voters.add(step.node);
        break;
      case 'add-learner':
        (joint && votedBefore ? learnersNext : learners).add(step.node);
        break;
      case 'remove':
        if (!isMember(before, step.node)) return refused('a node to remove is no member');
        break;
      default:
        return unreachable(step);
    }
  }
  if (voters.size === 0) return refused('no voter would be left');
  return validated({
    voters: sortedUnique([...voters]),
    outgoing: joint ? before.voters : [],
    learners: sortedUnique([...learners]),
    learnersNext: sortedUnique([...learnersNext]),
  });
}

function validated(configuration: Configuration): ChangeResult {
  const problem = configurationProblem(configuration);
  return problem === null ? { type: 'changed', configuration } : refused(problem);
}

function refused(problem: string): ChangeResult {
  return { type: 'refused', problem };
}
