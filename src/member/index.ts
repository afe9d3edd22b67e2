export { createJwtSettings, defaultAuthConfig } from './auth/index.js';
export type { AuthConfig, JwtSettings, Secrets } from './auth/index.js';
export type { AutoCompaction } from './auto-compaction.js';
export { startBackups } from './backup/index.js';
export type { BackupOptions, Backups } from './backup/index.js';
export { defaultLimits, requestTimeoutMs } from './config.js';
export type { InitialMember, MemberConfig, MemberLimits } from './config.js';
export type { Env, Inside, Timer } from './env.js';
export { clusterIdOf, initialIdentity, memberIdOf } from './identity.js';
export type { InitialIdentity } from './identity.js';
export type { MemberMeasures } from './measures.js';
export { startMember } from './member.js';
export type { Observer } from './observer.js';
export { createNodeEnv } from './node-env.js';
export { inspectSnapshot, restoreSnapshot } from './restore/index.js';
export type { Restored, RestoreOptions, SnapshotSummary } from './restore/index.js';
export type {
  Credentials,
  LeaseTimeToLive,
  Member,
  MemberAuth,
  MemberCluster,
  MemberLeases,
  MemberMaintenance,
  MemberStatus,
  SnapshotFile,
  Watcher,
  WatchEvent,
  WatchHub,
  WatchRequest,
  WatchSink,
} from './types.js';
