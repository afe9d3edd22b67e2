/**
 * How often a client may do what costs it nothing and us something. It fills up with time; an honest client never comes near its end.
 */
export interface Budget {
  /** False: it is used up. */
  spend(): boolean;
}

export function createBudget(countMax: number, perSecond: number): Budget {
  let left = countMax;
  let filledMs = performance.now();
  return {
    spend() {
      if (left < 1) {
        const nowMs = performance.now();
        left = Math.min(countMax, left + ((nowMs - filledMs) / 1000) * perSecond);
        filledMs = nowMs;
      }
      left -= 1;
      return left >= 0;
    },
  };
}
