export type { WatchLimits } from './limits.js';
export { createWatchSession } from './session.js';
