export type {
  ChangeEvent,
  DeleteEvent,
  ProgressEvent,
  PutEvent,
  StateEvent,
  WatchBatch,
  WatchEvent,
} from './events.js';
export { createWatchHub } from './hub.js';
export type { WatchHub } from './hub.js';
export { createWatch } from './watch.js';
export type { EventOf, Watch, WatchOptions, WatchSource } from './watch.js';
