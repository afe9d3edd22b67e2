export { createElection } from './election.js';
export type { CampaignOptions, Election, ElectionSource, Leadership } from './election.js';
export { createLocks } from './lock.js';
export type { HeldLock, LockedWork, LockOptions, Locks } from './lock.js';
