/**
 * A cluster of real processes on this machine: for `quorate cluster`, for tests and for benchmarks. Sees of its
 * members what any client can see.
 */
export { createCluster } from './cluster.js';
export { ClusterError } from './errors.js';
export type { ClusterErrorCode } from './errors.js';
export { createGuard } from './guard.js';
export type { Guard } from './guard.js';
export { createMemberProcess } from './member-process.js';
export type { MemberProcessOptions } from './member-process.js';
export { planPorts } from './ports.js';
export { describeExit } from './reports.js';
export type {
  Cluster,
  ClusterEvent,
  ClusterMember,
  ClusterOptions,
  ClusterTls,
  ExitEvent,
  MemberState,
  PortPlan,
} from './types.js';
export { watchCluster } from './view.js';
export type { ClusterView, ClusterWatcher, MemberView } from './view.js';
