import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { seededRandom } from '../base/index.js';
import type { Logger } from '../base/index.js';
import { createPeerNetwork } from '../peer/index.js';
import { openLevelDisk } from '../storage/index.js';
import type { Tls } from '../tls/index.js';
import { createNodeSecrets } from './auth/index.js';
import type { MemberConfig } from './config.js';
import type { Env } from './env.js';
import { initialIdentity } from './identity.js';
import type { InitialIdentity } from './identity.js';
import { resolveIdentity } from './joining.js';

export interface NodeEnvOptions {
  /** The member's own folder; made when it is not there. */
  readonly dataFolder: string;
  readonly config: MemberConfig;
  /** Where peers reach this member: `http://host:port` or `https://host:port`. */
  readonly listenPeerUrls: readonly string[];
  /** Where the others reach it, if elsewhere. */
  readonly advertisePeerUrls: readonly string[];
  /** For `https://` peer URLs. */
  readonly peerTls?: Tls | null;
  readonly logger: Logger;
  /** Called once, when the member must not run on. A server ends its process here. */
  readonly onFatal: (reason: Error) => void;
}

/** The real world (Node's clock and timers, LevelDB, gRPC between the members), and who the member is in it. */
export async function createNodeEnv(
  options: NodeEnvOptions,
): Promise<{ readonly env: Env; readonly identity: InitialIdentity }> {
  const { dataFolder, config, listenPeerUrls, advertisePeerUrls, logger, onFatal } = options;
  const random = seededRandom(randomBytes(6).readUIntBE(0, 6));
  const disk = openLevelDisk(dataFolder);
  const identity = await resolveIdentity(config, disk, options.peerTls ?? null);
  warnOfOtherFlags(config, identity, logger);
  const env: Env = {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(delayMs, action) {
      const timer = setTimeout(action, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    soon: (action) => void setImmediate(action),
    random,
    secrets: createNodeSecrets(),
    disk,
    network: createPeerNetwork({
      identity,
      listenUrls: listenPeerUrls,
      advertiseUrls: advertisePeerUrls,
      tls: options.peerTls ?? null,
      logger,
      random,
    }),
    logger,
    fatal: onFatal,
  };
  return { env, identity };
}

/** A folder says who its member is, whatever the flags say. That may be meant (addresses change), or the wrong folder. */
function warnOfOtherFlags(
  config: MemberConfig,
  { clusterId, memberId }: InitialIdentity,
  logger: Logger,
): void {
  if (config.initialClusterState === 'existing') return;
  const named = initialIdentity(config);
  if (named.clusterId === clusterId && named.memberId === memberId) return;
  logger.warn('the data folder belongs to another member or cluster than the flags name; the folder counts', {
    member: memberId,
    cluster: clusterId,
    memberOfFlags: named.memberId,
    clusterOfFlags: named.clusterId,
  });
}
