import type { ClusterEvent, ClusterMember } from './types.js';

const firstDelayMs = 200;
const delayMsMax = 10_000;
/** A member that lived this long was well: the next pause is the first again. */
const settledAfterMs = 10_000;

/** Starts members again that died without having been asked to, with pauses that double. */
export interface Supervisor {
  onDeath(member: ClusterMember, ranForMs: number): void;
  /** Forgets all pending restarts. */
  close(): void;
}

export function createSupervisor(emit: (event: ClusterEvent) => void): Supervisor {
  const attempts = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  let isClosed = false;

  function onDeath(member: ClusterMember, ranForMs: number): void {
    if (isClosed) return;
    const attempt = ranForMs >= settledAfterMs ? 1 : (attempts.get(member.name) ?? 0) + 1;
    attempts.set(member.name, attempt);
    const delayMs = Math.min(firstDelayMs * 2 ** (attempt - 1), delayMsMax);
    emit({ type: 'restarting', member: member.name, delayMs, attempt });
    const timer = setTimeout(() => {
      timers.delete(timer);
      member.start().catch((error: unknown) => {
        emit({
          type: 'start-failed',
          member: member.name,
          message: error instanceof Error ? error.message : String(error),
        });
        onDeath(member, 0);
      });
    }, delayMs);
    timers.add(timer);
  }

  return {
    onDeath,
    close() {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
