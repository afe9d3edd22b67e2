import { createCore } from '../../../src/raft/index.js';
import type { Core, CoreOptions, InitialState } from '../../../src/raft/index.js';
import type { Random } from '../../../src/base/index.js';

/** What the schedules run: the core, and how its driver keeps the Ready contract. Planted bugs replace parts of it. */
export interface Build {
  readonly createCore: (options: CoreOptions, initial: InitialState, random: Random) => Core;
  /** What a restarting node finds on its disk. */
  readonly restore: (initial: InitialState) => InitialState;
  /** Whether `messagesAfterPersist` really wait. */
  readonly sendsAfterPersist: boolean;
  /** Whether `persisted` is stepped only when it is true. */
  readonly persistsTruthfully: boolean;
}

export const soundBuild: Build = {
  createCore,
  restore: (initial) => initial,
  sendsAfterPersist: true,
  persistsTruthfully: true,
};
