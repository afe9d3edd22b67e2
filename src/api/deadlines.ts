/** Ends what takes too long. Adding and removing cost next to nothing, so that every call may have a deadline. */
export interface Deadlines {
  /** Calls `onExpired` after `timeoutMs`, never earlier and up to two ticks later, unless removed before. */
  add(timeoutMs: number, onExpired: () => void): Deadline;
  remove(deadline: Deadline): void;
  /** Those that have neither passed nor been removed. */
  readonly count: number;
}

export interface Deadline {
  readonly tick: number;
  readonly onExpired: () => void;
}

export interface DeadlineOptions {
  readonly tickMs: number;
  /** More make a look at those of one tick rarer to meet others that are rounds away. */
  readonly slotCount: number;
}

/**
 * A wheel: time is cut into ticks, and all deadlines of one tick lie in the slot of its number modulo the number of slots.
 * One timer walks from slot to slot, and only while there is something in them.
 */
export function createDeadlines({ tickMs, slotCount }: DeadlineOptions): Deadlines {
  const slots: (Set<Deadline> | undefined)[] = new Array<Set<Deadline> | undefined>(slotCount).fill(
    undefined,
  );
  let count = 0;
  let timer: NodeJS.Timeout | null = null;
  let lastTick = 0;

  const currentTick = (): number => Math.floor(performance.now() / tickMs);

  function turn(): void {
    const now = currentTick();
    // After a long pause each slot needs one look, however many ticks have gone by.
    for (let tick = Math.max(lastTick + 1, now - slotCount + 1); tick <= now; tick += 1) {
      for (const deadline of slots[tick % slotCount] ?? []) {
        if (deadline.tick > now) continue;
        remove(deadline);
        deadline.onExpired();
      }
    }
    lastTick = now;
    if (count > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  function remove(deadline: Deadline): void {
    if (slots[deadline.tick % slotCount]?.delete(deadline) === true) count -= 1;
  }

  return {
    add(timeoutMs, onExpired) {
      const deadline = { tick: Math.floor((performance.now() + timeoutMs) / tickMs) + 1, onExpired };
      (slots[deadline.tick % slotCount] ??= new Set()).add(deadline);
      count += 1;
      if (timer === null) {
        lastTick = currentTick();
        timer = setInterval(turn, tickMs);
      }
      return deadline;
    },
    remove,
    get count() {
      return count;
    },
  };
}

const unitsMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** The header `grpc-timeout` in milliseconds: up to eight digits and a unit. Null when it is something else. */
export function parseGrpcTimeout(text: string): number | null {
  if (text.length < 2 || text.length > 9) return null;
  const unitMs = unitsMs[text.charAt(text.length - 1)];
  if (unitMs === undefined) return null;
  let value = 0;
  for (let at = 0; at < text.length - 1; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value * unitMs;
}
