/**
 * Quorate within a process of your own: the client, and a member with its servers.
 *
 *     const { env, identity } = await createNodeEnv({ dataFolder, config, listenPeerUrls, advertisePeerUrls, logger, onFatal });
 *     const member = await startMember(config, env, identity);
 *     const api = createApiServer({ member, listenUrls: config.clientUrls, logger });
 *     await api.start();
 */
export { createApiServer } from './api/index.js';
export type { ApiServer } from './api/index.js';
export { QuorateError, silentLogger } from './base/index.js';
export type { ErrorCode, Logger } from './base/index.js';
export { ClientError, compare, connect, op } from './client/index.js';
export type { Client, ClientOptions, Entry } from './client/index.js';
export {
  createNodeEnv,
  defaultLimits,
  inspectSnapshot,
  restoreSnapshot,
  startBackups,
  startMember,
} from './member/index.js';
export type { Env, Member, MemberConfig, MemberLimits, MemberStatus } from './member/index.js';
export type { BackupOptions, Backups, Restored, RestoreOptions, SnapshotSummary } from './member/index.js';
