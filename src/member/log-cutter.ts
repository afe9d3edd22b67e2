import type { Core } from '../raft/index.js';
import type { Wal } from '../storage/index.js';
import type { MemberConfig } from './config.js';
import type { State } from './state.js';

/** Keeps the log short: what the state holds durably need not stay in it, but for followers that are a little behind. */
export interface LogCutter {
  /** Cuts if it is time to; to be called after a flush. */
  cut(): Promise<void>;
}

export function createLogCutter(parts: {
  readonly core: Core;
  readonly wal: Wal;
  readonly state: State;
  readonly config: MemberConfig;
}): LogCutter {
  const { core, wal, state, config } = parts;
  const { catchUpEntries, logSizeBytesMax } = config.limits;

  /** Where to cut, or null while there is no need. */
  function cutIndex(): number | null {
    const first = core.status().first;
    const flushed = state.machine.flushedIndex;
    const entries = flushed - first + 1;
    if (core.logSizeBytes > logSizeBytesMax) return flushed - Math.min(catchUpEntries, entries >> 1);
    if (entries > config.snapshotCount + catchUpEntries) return flushed - catchUpEntries;
    return null;
  }

  return {
    async cut() {
      const index = cutIndex();
      if (index === null || index < core.status().first) return;
      const meta = core.snapshotMetaAt(index);
      core.step({ type: 'compact', index });
      await wal.compact(meta);
    },
  };
}
