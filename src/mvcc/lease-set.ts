import type { LeaseId } from './types.js';

/** Which leases exist. A put may only bind a key to one that does. */
export interface LeaseSet {
  has(id: LeaseId): boolean;
}

/** No lease can be granted, so none exists. */
export const noLeases: LeaseSet = { has: () => false };
