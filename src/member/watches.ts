import { QuorateError } from '../base/index.js';
import type { MemberContext } from './context.js';
import type { WatchHub } from './types.js';

/** The watchers of one member. */
export function createWatchHub(context: MemberContext): WatchHub {
  return {
    watch() {
      throw new QuorateError('unavailable', `${context.config.name} serves no watches yet`);
    },
    watcherCount: 0,
    unsyncedCount: 0,
  };
}
