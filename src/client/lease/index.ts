export { text as leaseText } from './lease.js';
export type { Lease, LeaseTime } from './lease.js';
export { createLeases } from './leases.js';
export type { GrantedLease, LeaseOptions, Leases } from './leases.js';
