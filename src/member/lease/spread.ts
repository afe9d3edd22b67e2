import type { LeaseId } from '../../mvcc/index.js';

interface Expiry {
  readonly id: LeaseId;
  readonly atMs: number;
}

/**
 * A new leader begins all leases anew at one moment, so those of one TTL would also end at one moment. Puts the later
 * ones of such a pile off, until no more than `perSecondMax` end within any second.
 */
export function spread(expiries: readonly Expiry[], perSecondMax: number): readonly Expiry[] {
  if (expiries.length <= perSecondMax) return expiries;
  const sorted = expiries.toSorted((a, b) => a.atMs - b.atMs);
  const times: number[] = [];
  return sorted.map(({ id, atMs }, place) => {
    const spreadAtMs = Math.max(atMs, (times[place - perSecondMax] ?? -Infinity) + 1000);
    times.push(spreadAtMs);
    return { id, atMs: spreadAtMs };
  });
}
