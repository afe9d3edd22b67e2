import type { BackupOptions, MemberConfig } from '../member/index.js';
import { readAuthConfig } from './auth-options.js';
import { readBackupOptions } from './backup-options.js';
import { UsageError } from './options.js';
import { autoCompactionOf } from './retention.js';
import type { ServerOptions } from './server-options.js';
import { readServing } from './serving-options.js';
import type { ServingSettings } from './serving-options.js';
import { readTls } from './tls-options.js';
import type { ServerTlsSettings } from './tls-options.js';
import { readUpkeep } from './upkeep-options.js';
import { checkUrl, parseInitialCluster } from './urls.js';

/** All that a member is started with. */
export interface ServerSettings {
  readonly config: MemberConfig;
  readonly dataFolder: string;
  readonly listenClientUrls: readonly string[];
  readonly listenPeerUrls: readonly string[];
  readonly advertisePeerUrls: readonly string[];
  readonly serving: ServingSettings;
  readonly tls: ServerTlsSettings;
  /** Null: none. */
  readonly backups: BackupOptions | null;
}

/** Checks what single flags cannot check alone. */
export function readSettings(given: ServerOptions): ServerSettings {
  const listenClientUrls = urls('--listen-client-urls', given.listenClientUrls);
  const listenPeerUrls = urls('--listen-peer-urls', given.listenPeerUrls);
  const clientUrls = urls('--advertise-client-urls', given.advertiseClientUrls);
  const ownPeerUrls = urls('--initial-advertise-peer-urls', given.initialAdvertisePeerUrls);
  const peerUrls = ownPeerUrls.length > 0 ? ownPeerUrls : listenPeerUrls;
  if (given.electionTimeout < 5 * given.heartbeatInterval) {
    throw new UsageError(
      `--election-timeout (${given.electionTimeout} ms) must be at least five times ` +
        `--heartbeat-interval (${given.heartbeatInterval} ms), or a late heartbeat looks like a dead leader`,
    );
  }
  const initialCluster =
    given.initialCluster === undefined
      ? [{ name: given.name, peerUrls }]
      : named('--initial-cluster', () => parseInitialCluster(given.initialCluster ?? ''));
  const own = initialCluster.find((member) => member.name === given.name);
  if (own === undefined) {
    const names = initialCluster.map((member) => member.name).join(', ');
    throw new UsageError(
      `--name ${given.name} is not in --initial-cluster (${names}): add it there or change --name`,
    );
  }
  if (ownPeerUrls.length > 0 && !sameSet(ownPeerUrls, own.peerUrls)) {
    throw new UsageError(
      `--initial-advertise-peer-urls (${ownPeerUrls.join()}) and --initial-cluster ` +
        `(${own.peerUrls.join()}) name different peer URLs for ${given.name}`,
    );
  }
  return {
    dataFolder: given.dataDir ?? `${given.name}.quorate`,
    listenClientUrls,
    listenPeerUrls,
    advertisePeerUrls: own.peerUrls,
    serving: readServing(given),
    tls: readTls(given, { clients: listenClientUrls, peers: listenPeerUrls }),
    backups: readBackupOptions(given),
    config: {
      name: given.name,
      clientUrls: clientUrls.length > 0 ? clientUrls : listenClientUrls,
      initialCluster,
      initialClusterToken: given.initialClusterToken,
      initialClusterState: given.initialClusterState,
      heartbeatIntervalMs: given.heartbeatInterval,
      electionTimeoutMs: given.electionTimeout,
      snapshotCount: given.snapshotCount,
      ...readUpkeep(given),
      auth: readAuthConfig(given),
      ...autoCompactionOf(given.autoCompactionMode, given.autoCompactionRetention),
    },
  };
}

function urls(flag: string, texts: readonly string[]): readonly string[] {
  return named(flag, () => texts.map(checkUrl));
}

function named<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${flag} ${error.message}`);
    throw error;
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}
