/** What a member's process is made to believe. */
export interface Injection {
  /** Its clock on the wall is ahead by so much. */
  readonly wallOffsetMs: number;
  /** Its monotonic clock goes so many times as fast. Timers keep to the real one. */
  readonly clockRate: number;
  /** Every write to disk takes so much longer. */
  readonly diskDelayMs: number;
}

export const noInjection: Injection = { wallOffsetMs: 0, clockRate: 1, diskDelayMs: 0 };
