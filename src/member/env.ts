import type { Logger, Random } from '../base/index.js';
import type { StateMachine } from '../mvcc/index.js';
import type { PeerNetwork } from '../peer/index.js';
import type { Core } from '../raft/index.js';
import type { Disk } from '../storage/index.js';
import type { Secrets } from './auth/index.js';
import type { Observer } from './observer.js';

export interface Timer {
  cancel(): void;
}

/**
 * All that a member takes from the world: time, chance, disk, network and its own end. A real member gets the real ones
 * (node-env.ts), the simulator gets simulated ones; everything else it runs is the same code.
 */
export interface Env {
  /** Milliseconds that never go back; only differences mean something. */
  monotonicMs(): number;
  /** Milliseconds since 1970, as the clock on the wall has it: it may jump. For what people read and tokens say. */
  wallMs(): number;
  after(delayMs: number, action: () => void): Timer;
  /** Runs `action` once the events that are at hand have been taken in: the end of the driver's turn. */
  soon(action: () => void): void;
  readonly random: Random;
  readonly secrets: Secrets;
  readonly disk: Disk;
  readonly network: PeerNetwork;
  readonly logger: Logger;
  /** The member found itself wrong, or its disk failed. It must not run on: a process ends here. */
  fatal(reason: Error): void;
  /** Shown the member from inside once it runs: the simulator checks invariants there. Real members have nobody who looks. */
  readonly inspect?: (inside: Inside) => void;
}

export interface Inside {
  readonly core: Core;
  /** A snapshot replaces it. */
  machine(): StateMachine;
  observe(observer: Observer): void;
}
