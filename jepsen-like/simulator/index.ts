export type { Host } from './host.js';
export { Violation } from './invariants.js';
export { cheapSecrets } from './secrets.js';
export { createWorld, memberOf } from './world.js';
export type { World, WorldOptions } from './world.js';
