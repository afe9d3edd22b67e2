import type { Call } from './calls.js';
import type { Operation } from './operations.js';
import type { WatchLog } from './watches.js';

/** Something that was done to the cluster, for the report; nothing is checked on it. */
export interface FaultNote {
  readonly atUs: number;
  /** E.g. `kill`, `cut`, `pause`, `clock-jump`, `heal`. */
  readonly kind: string;
  /** For people: `m2 killed`. */
  readonly text: string;
  /** Null: it has no length. Otherwise when it ended. */
  readonly endUs: number | null;
}

/** How a member was, whenever that changed: the lanes of the report. */
export interface MemberNote {
  readonly atUs: number;
  readonly member: string;
  readonly role: 'leader' | 'candidate' | 'pre-candidate' | 'follower' | 'learner' | 'down';
  readonly term: number;
  readonly commitIndex: number;
}

/**
 * All that one run saw. Times are microseconds on one monotonic clock that all clients share (simulated, or this machine's).
 * Two operations are concurrent unless one completed strictly before the other was invoked.
 */
export interface History {
  readonly format: 'quorate-history-1';
  /** E.g. `quorate (simulated)`, `etcd 3.4.23`. */
  readonly system: string;
  /** How to do it again, if that is possible: `npm run torture -- --replay 123`. */
  readonly replay: string | null;
  /** The shrunk plan as text, if there is one. */
  readonly plan: string | null;
  readonly operations: readonly Operation[];
  readonly calls: readonly Call[];
  readonly watches: readonly WatchLog[];
  readonly faults: readonly FaultNote[];
  readonly members: readonly MemberNote[];
}
