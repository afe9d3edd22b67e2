/** What the order of two things is told by. `id` is a position in order of invocation. */
export interface Timed {
  readonly id: number;
  readonly process: number;
  readonly invokedUs: number;
  readonly completedUs: number | null;
}

/**
 * Whether one ended before the other began, as far as anybody can tell: strictly earlier on the clock, or at the same moment in the same
 * process, which does one thing at a time.
 */
export function precedes(first: Timed, second: Timed): boolean {
  const { completedUs } = first;
  if (completedUs === null) return false;
  if (completedUs < second.invokedUs) return true;
  return completedUs === second.invokedUs && first.process === second.process && first.id < second.id;
}
