import { anomalyOf } from './anomaly.js';
import type { Anomaly } from './types.js';

/**
 * Somebody's turn: at a lock, or as the leader of an election. Turns come in the order of their fences, the revisions at which their keys
 * were created.
 */
export interface Turn {
  readonly operation: number;
  readonly fence: number;
  readonly invokedUs: number;
  /** When its owner was told. */
  readonly completedUs: number;
  /** It was surely not over before; `-Infinity`: it may have been over at once. */
  readonly heldUntilUs: number;
}

/** Words of what the turns are about. */
export interface TurnNames {
  /** `lock "a"`. */
  readonly what: string;
  /** Two had it at a time. */
  readonly shared: string;
}

/** A later one begins after all before it are over, and later ones ask later. */
export function checkTurns(turns: readonly Turn[], names: TurnNames, anomalies: Anomaly[]): void {
  const byFence = [...turns].sort((a, b) => a.fence - b.fence);
  const { what, shared } = names;
  let last: Turn | null = null;
  /** Of all before: the one that is surely held longest. */
  let longest: Turn | null = null;
  for (const turn of byFence) {
    if (last !== null && last.fence === turn.fence) {
      const told = `${what} was given to two with the same fence, ${turn.fence}`;
      anomalies.push(anomalyOf('a fence twice', told, { operations: [last.operation, turn.operation] }));
    }
    if (longest !== null && turn.completedUs < longest.heldUntilUs) {
      const told =
        `${what} was given with fence ${turn.fence}, though whoever had it with fence ${longest.fence} had not ` +
        'let go of it, and had a lease with time left';
      anomalies.push(anomalyOf(shared, told, { operations: [longest.operation, turn.operation] }));
    }
    if (longest === null || turn.heldUntilUs > longest.heldUntilUs) longest = turn;
    last = turn;
  }
  checkOrder(turns, what, anomalies);
}

/** Who asks after another was answered gets a higher fence. */
function checkOrder(turns: readonly Turn[], what: string, anomalies: Anomaly[]): void {
  const byInvocation = [...turns].sort((a, b) => a.invokedUs - b.invokedUs);
  const byCompletion = [...turns].sort((a, b) => a.completedUs - b.completedUs);
  let next = 0;
  let highest: Turn | null = null;
  for (const turn of byInvocation) {
    for (
      let ended = byCompletion[next];
      ended !== undefined && ended.completedUs < turn.invokedUs;
      ended = byCompletion[++next]
    ) {
      if (highest === null || ended.fence > highest.fence) highest = ended;
    }
    if (highest === null || turn.fence > highest.fence) continue;
    const told = `${what} was asked for after fence ${highest.fence} was known, and given with fence ${turn.fence}`;
    anomalies.push(anomalyOf('fences go back', told, { operations: [highest.operation, turn.operation] }));
  }
}
