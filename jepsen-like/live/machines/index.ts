export { openDisk } from './disks.js';
export type { Disk } from './disks.js';
export type { Injection } from './injection.js';
export { createMachine } from './machine.js';
export type { Machine } from './machine.js';
export { findSystem } from './systems.js';
export type { System, SystemName } from './systems.js';
