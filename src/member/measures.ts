import { createHistogram } from '../base/index.js';
import type { Histogram } from '../base/index.js';
import type { PeerTraffic } from '../peer/index.js';

/** What a member counts about itself, for those who watch over it. Durations in seconds, sizes in bytes. */
export interface MemberMeasures {
  readonly logWriteSeconds: Histogram;
  readonly stateFlushSeconds: Histogram;
  /** Turns whose committed entries took longer than `slowApplyMs` to apply. */
  readonly slowAppliesTotal: number;
  readonly leaderChangesTotal: number;
  readonly proposalsPending: number;
  readonly proposalsPendingSizeBytes: number;
  readonly proposalsFailedTotal: number;
  /** Committed entries that wait to be applied. */
  readonly applyQueueLength: number;
  readonly readsWaiting: number;
  readonly unflushedSizeBytes: number;
  readonly logSizeBytes: number;
  readonly traffic: PeerTraffic;
}

/** The part of it that the driver counts. */
export interface DriverMeasures {
  readonly logWriteSeconds: Histogram;
  readonly stateFlushSeconds: Histogram;
  slowAppliesTotal: number;
  leaderChangesTotal: number;
}

/** As etcd has it. */
export const slowApplyMs = 100;

/** A millisecond to eight seconds, as etcd has them for its disk. */
const diskBoundsSeconds = Array.from({ length: 14 }, (_, power) => 0.001 * 2 ** power);

export function createDriverMeasures(): DriverMeasures {
  return {
    logWriteSeconds: createHistogram(diskBoundsSeconds),
    stateFlushSeconds: createHistogram(diskBoundsSeconds),
    slowAppliesTotal: 0,
    leaderChangesTotal: 0,
  };
}
