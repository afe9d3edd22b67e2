import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { driftShare } from './lease-ends.js';
import type { Anomaly, Checker } from './types.js';

/**
 * A lease lives for as long as it was last given, counted from when its client asked: until then its key is there. Once somebody was
 * told that it is gone, it and its key never come back.
 */
export const leases: Checker = {
  name: 'leases',
  check({ operations }: History) {
    const byLease = new Map<string, Operation[]>();
    for (const operation of operations) {
      if (!('lease' in operation) || operation.kind === 'lock' || operation.kind === 'campaign') continue;
      const known = byLease.get(operation.lease);
      if (known === undefined) byLease.set(operation.lease, [operation]);
      else known.push(operation);
    }
    if (byLease.size === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    for (const [lease, its] of byLease) checkLease(lease, its, anomalies);
    return verdictOf(anomalies);
  },
};

function checkLease(lease: string, operations: readonly Operation[], anomalies: Anomaly[]): void {
  /** Surely alive until then. */
  let aliveUntilUs = -Infinity;
  let attachedUs = Infinity;
  /** Somebody may have ended it from here on. */
  let revokedUs = Infinity;
  let gone: { readonly atUs: number; readonly by: number } | null = null;
  let ttlSeconds = 0;
  for (const operation of operations) {
    const { id, kind, invokedUs, completedUs, outcome } = operation;
    if (kind === 'revoke') revokedUs = Math.min(revokedUs, invokedUs);
    if (outcome.type !== 'ok' || completedUs === null) continue;
    if (kind === 'grant') {
      ttlSeconds = operation.outcome.type === 'ok' ? operation.outcome.value.ttlSeconds : 0;
      aliveUntilUs = invokedUs + ttlSeconds * 1e6 * (1 - driftShare);
    } else if (kind === 'attach') attachedUs = completedUs;
    else if (kind === 'revoke') gone ??= { atUs: completedUs, by: id };
    else if (kind === 'keep-alive' && operation.outcome.type === 'ok') {
      const left = operation.outcome.value.ttlSeconds;
      if (left > 0 && gone !== null && invokedUs > gone.atUs)
        anomalies.push(
          anomalyOf('a lease came back', `lease ${lease} was gone and is kept alive`, {
            operations: [gone.by, id],
          }),
        );
      if (left <= 0) gone ??= { atUs: completedUs, by: id };
      else aliveUntilUs = Math.max(aliveUntilUs, invokedUs + left * 1e6 * (1 - driftShare));
    } else if (kind === 'attached' && operation.outcome.type === 'ok') {
      const { present } = operation.outcome.value;
      const ids = { operations: gone === null ? [id] : [gone.by, id] };
      if (present && gone !== null && invokedUs > gone.atUs && attachedUs < gone.atUs)
        anomalies.push(
          anomalyOf('a key outlived its lease', `lease ${lease} is gone and its key is there`, ids),
        );
      const mustBeThere = invokedUs > attachedUs && completedUs < Math.min(aliveUntilUs, revokedUs);
      if (!present && mustBeThere)
        anomalies.push(
          anomalyOf('a lease ended early', `lease ${lease} has time left and its key is gone`, ids),
        );
    }
  }
}
