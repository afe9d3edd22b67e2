import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { seededRandom } from '../base/index.js';
import type { Logger } from '../base/index.js';
import { createPeerNetwork } from '../peer/index.js';
import { openLevelDisk } from '../storage/index.js';
import type { Env } from './env.js';

export interface NodeEnvOptions {
  /** The member's own folder; made when it is not there. */
  readonly dataFolder: string;
  readonly identity: { readonly clusterId: string; readonly memberId: string };
  /** Where peers reach this member: `http://host:port`. */
  readonly listenPeerUrls: readonly string[];
  /** Where the others reach it, if elsewhere. */
  readonly advertisePeerUrls: readonly string[];
  readonly logger: Logger;
  /** Called once, when the member must not run on. A server ends its process here. */
  readonly onFatal: (reason: Error) => void;
}

/** The real world: Node's clock and timers, LevelDB, gRPC between the members. */
export function createNodeEnv(options: NodeEnvOptions): Env {
  const { dataFolder, identity, listenPeerUrls, advertisePeerUrls, logger, onFatal } = options;
  const random = seededRandom(randomBytes(6).readUIntBE(0, 6));
  return {
    monotonicMs: () => performance.now(),
    after(delayMs, action) {
      const timer = setTimeout(action, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    soon: (action) => void setImmediate(action),
    random,
    disk: openLevelDisk(dataFolder),
    network: createPeerNetwork({
      identity,
      listenUrls: listenPeerUrls,
      advertiseUrls: advertisePeerUrls,
      logger,
      random,
    }),
    logger,
    fatal: onFatal,
  };
}
