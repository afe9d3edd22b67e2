import type { Call } from '../history/index.js';

/** Clocks of members may run faster than those of clients by so much of a lease's time. */
export const driftShare = 0.25;

/** Until when each lease was surely there, in microseconds, by what clients were told about it. */
export interface LeaseEnds {
  /** `-Infinity`: nothing is known of it. */
  of(lease: string): number;
}

/**
 * A lease lives for as long as it was last given, counted from when its client asked; or until somebody asks to end it, if that comes
 * first. Ids of leases are never used twice in a run.
 */
export function leaseEnds(calls: readonly Call[]): LeaseEnds {
  const aliveUntilUs = new Map<string, number>();
  const revokedUs = new Map<string, number>();
  for (const { request, invokedUs, outcome } of calls) {
    if (request.type === 'lease-revoke')
      revokedUs.set(request.id, Math.min(revokedUs.get(request.id) ?? Infinity, invokedUs));
    if (request.type !== 'lease-grant' && request.type !== 'lease-keep-alive') continue;
    if (outcome.type !== 'ok' || !('ttlSeconds' in outcome.value) || outcome.value.ttlSeconds <= 0) continue;
    const untilUs = invokedUs + outcome.value.ttlSeconds * 1e6 * (1 - driftShare);
    aliveUntilUs.set(request.id, Math.max(aliveUntilUs.get(request.id) ?? -Infinity, untilUs));
  }
  return {
    of: (lease) => Math.min(aliveUntilUs.get(lease) ?? -Infinity, revokedUs.get(lease) ?? Infinity),
  };
}
