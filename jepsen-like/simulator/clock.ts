import type { Agenda, Due } from './agenda.js';

/** The two clocks of one host. */
export interface HostClock {
  monotonicMs(): number;
  wallMs(): number;
  /** After so long on the host's own monotonic clock. */
  after(delayMs: number, action: () => void): Due;
  /** What people and time servers do to the clock on the wall. */
  jump(ms: number): void;
  /** How much faster than real time the monotonic clock runs from now on, in parts of a thousand; negative: slower. */
  drift(permille: number): void;
}

const wallStartMs = 1_700_000_000_000;

export function createHostClock(agenda: Agenda): HostClock {
  let rate = 1;
  /** Where the clock stood when its rate last changed. */
  let baseMs = 0;
  let baseUs = agenda.nowUs;
  let wallOffsetMs = wallStartMs + agenda.nowUs / 1000;
  const monotonicMs = (): number => baseMs + ((agenda.nowUs - baseUs) / 1000) * rate;
  return {
    monotonicMs,
    wallMs: () => Math.floor(monotonicMs() + wallOffsetMs),
    after: (delayMs, action) => agenda.at(agenda.nowUs + Math.ceil((delayMs * 1000) / rate), action),
    jump: (ms) => void (wallOffsetMs += ms),
    drift(permille) {
      baseMs = monotonicMs();
      baseUs = agenda.nowUs;
      rate = 1 + permille / 1000;
    },
  };
}
