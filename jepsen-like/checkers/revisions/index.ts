import type { History } from '../../history/index.js';
import { anomalyOf, verdictOf } from '../anomaly.js';
import { gatherChanges } from '../changes.js';
import type { Changes } from '../changes.js';
import type { Anomaly, Checker } from '../types.js';
import { checkBranches } from './branches.js';
import { checkOrigins } from './origins.js';
import { checkReads } from './reads.js';
import { checkTimes } from './times.js';
import { shown } from './words.js';

/**
 * Answers carry revisions, which claim an order; here the claim is taken at its word. What one revision did is the same to everybody; writes
 * have revisions of their own; reads and compares see the latest below theirs; each value was written by somebody, and once; versions count
 * writes; revisions never go back in real time.
 */
export const revisions: Checker = {
  name: 'revisions',
  check(history: History) {
    if (history.calls.length === 0) return { type: 'skipped' };
    const changes = gatherChanges(history);
    return verdictOf([
      ...conflictsOf(changes),
      ...checkReads(history, changes),
      ...checkBranches(history, changes),
      ...checkOrigins(history, changes),
      ...checkTimes(history),
    ]);
  },
};

function conflictsOf({ conflicts }: Changes): readonly Anomaly[] {
  return conflicts.map(({ first, second }) => {
    const { key, revision } = first;
    const what =
      first.value === second.value
        ? `revision ${revision} of ${key} has another version, beginning or lease to one than to another`
        : `revision ${revision} of ${key} is ${shown(first.value)} to one and ${shown(second.value)} to another`;
    const calls = [first.call, second.call].filter((call) => call !== null);
    return anomalyOf('two values of one revision', what, { calls });
  });
}
