/**
 * Rare states that a run of many schedules must have reached: a generator that cannot reach a situation proves
 * nothing about it. Each is counted where it happens, and the test fails over one that stayed at zero.
 */
export type Mark = (typeof markNames)[number];
export type Marks = Record<Mark, number>;

export const markNames = [
  // Elections
  'leader elected',
  'leader changed',
  'leader elected while an older one still leads',
  'leader stepped down in its own term',
  'election without a winner',
  'vote refused',
  'pre-vote refused',
  'higher term met',
  'transfer succeeded',
  'transfer refused',
  // Log
  'conflicting entries truncated',
  'append refused',
  'entry of an older term committed',
  'entries of several terms in one log',
  'proposal forwarded',
  'proposal refused for its size',
  'several Readies in flight',
  // Crashes
  'crash lost a Ready',
  'crash kept a Ready that nobody answered for',
  'crash lost a vote',
  'crash lost applied entries',
  'leader crashed',
  'restart with applied above commit',
  // Snapshots
  'log compacted',
  'snapshot sent',
  'snapshot lost',
  'snapshot duplicated',
  'snapshot installed',
  'snapshot replaced conflicting entries',
  'snapshot was stale',
  'snapshot installed in a joint configuration',
  // Membership
  'joint configuration entered',
  'joint configuration left',
  'leader elected in a joint configuration',
  'configuration change truncated',
  'configuration change refused',
  'learner added',
  'learner promoted',
  'voter added',
  'voter demoted',
  'voter removed',
  'leader removed itself',
  // Reads
  'read confirmed at the leader',
  'read confirmed at a follower',
  'read refused without a leader',
  'read asked of a deposed leader',
] as const;

export function createMarks(): Marks {
  const marks: Partial<Marks> = {};
  for (const name of markNames) marks[name] = 0;
  return marks as Marks;
}

/** The marks that were never reached. */
export function missingMarks(marks: Marks): Mark[] {
  return markNames.filter((name) => marks[name] === 0);
}
