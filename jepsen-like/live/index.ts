export { liveFaultKinds } from './plan.js';
export { runLive } from './run.js';
export type { LiveOptions, LiveOutput, LiveResult } from './run.js';
