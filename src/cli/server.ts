import { createApiServer } from '../api/index.js';
import type { Logger } from '../base/index.js';
import { createNodeEnv, startBackups, startMember } from '../member/index.js';
import type { BackupOptions, MemberConfig } from '../member/index.js';
import { authOptions, readAuthConfig } from './auth-options.js';
import { backupOptions, readBackupOptions } from './backup-options.js';
import { defineCommand, exitCodes } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import { createLineLogger, logLevels } from './line-logger.js';
import {
  choiceOption,
  integerOption,
  listOption,
  switchOption,
  textOption,
  UsageError,
  withEnvironment,
} from './options.js';
import type { OptionValues } from './options.js';
import { autoCompactionOf } from './retention.js';
import { openServerTls, readTls, tlsOptions } from './tls-options.js';
import type { ServerTlsSettings } from './tls-options.js';
import { readUpkeep, upkeepOptions } from './upkeep-options.js';
import { checkUrl, parseInitialCluster } from './urls.js';

const options = withEnvironment({
  name: textOption({ description: "this member's name, one of --initial-cluster", fallback: 'default' }),
  dataDir: textOption({ description: 'folder for all that this member keeps (default: NAME.quorate)' }),
  listenClientUrls: listOption({
    description: 'where clients are served',
    placeholder: 'URL,…',
    fallback: ['http://127.0.0.1:2379'],
  }),
  advertiseClientUrls: listOption({
    description: 'where clients reach this member (default: --listen-client-urls)',
    placeholder: 'URL,…',
    fallback: [],
  }),
  listenPeerUrls: listOption({
    description: 'where the other members are served',
    placeholder: 'URL,…',
    fallback: ['http://127.0.0.1:2380'],
  }),
  initialAdvertisePeerUrls: listOption({
    description: 'where the others reach this member (default: --listen-peer-urls)',
    placeholder: 'URL,…',
    fallback: [],
  }),
  initialCluster: textOption({
    description:
      'all members of a new cluster: NAME=URL,NAME=URL,… with their peer\nURLs (default: this member alone)',
    placeholder: 'MEMBERS',
  }),
  initialClusterState: choiceOption(['new', 'existing'], {
    description: 'existing: join a cluster that runs already',
    fallback: 'new',
  }),
  initialClusterToken: textOption({
    description: 'sets apart clusters of the same members',
    fallback: 'etcd-cluster',
  }),
  heartbeatInterval: integerOption({
    description: 'milliseconds between two heartbeats of the leader',
    placeholder: 'MS',
    fallback: 100,
    min: 10,
    max: 60_000,
  }),
  electionTimeout: integerOption({
    description: 'milliseconds without a leader before an election',
    placeholder: 'MS',
    fallback: 1000,
    min: 50,
    max: 300_000,
  }),
  snapshotCount: integerOption({
    description: 'log entries after which the log is cut',
    fallback: 10_000,
    min: 1,
    max: 100_000_000,
  }),
  autoCompactionMode: choiceOption(['periodic', 'revision'], {
    description: 'what --auto-compaction-retention counts',
    fallback: 'periodic',
  }),
  autoCompactionRetention: textOption({
    description:
      'history to keep: a time (1h, 30m; a plain number is hours) or a\nnumber of revisions; 0 keeps all',
    placeholder: 'AMOUNT',
    fallback: '0',
  }),
  ...upkeepOptions,
  ...authOptions,
  ...tlsOptions,
  ...backupOptions,
  logLevel: choiceOption(logLevels, {
    description: 'what is worth a line on standard error',
    fallback: 'info',
  }),
  exitWithParent: switchOption({
    description: 'stop when standard input ends: whoever started this process is gone',
  }),
});

type ServerOptions = OptionValues<typeof options>;

export const serverCommand = defineCommand({
  name: 'server',
  summary: 'Run one member of a cluster',
  usage: ['[flags]'],
  description: `Runs one member until Ctrl-C or SIGTERM. The flags are named like etcd's; each can also be given
as a variable, --data-dir as QUORATE_DATA_DIR. Without flags it is a cluster of one member.
Nothing listens beyond this machine unless a --listen-… flag says so. After the first start the
member remembers its cluster in its data folder.`,
  options,
  examples: [
    { command: 'quorate server', meaning: 'one member, data in ./default.quorate' },
    {
      command:
        'quorate server --name a --listen-client-urls http://127.0.0.1:2379 \\\n' +
        '    --listen-peer-urls http://127.0.0.1:2380 \\\n' +
        '    --initial-cluster a=http://127.0.0.1:2380,b=http://127.0.0.1:22380,c=http://127.0.0.1:32380',
      meaning: 'one of three; `quorate cluster` starts all of them',
    },
  ],
  async run({ options: given, positionals, io }) {
    const [unexpected] = positionals;
    if (unexpected !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(unexpected)}`);
    const settings = readSettings(given);
    const logger = createLineLogger(given.logLevel, (line) => {
      io.stderr.write(line).catch(() => undefined); // Whoever read the log has gone; the member has not.
    });
    return serve(settings, logger, io, given.exitWithParent);
  },
});

interface ServerSettings {
  readonly config: MemberConfig;
  readonly dataFolder: string;
  readonly listenClientUrls: readonly string[];
  readonly listenPeerUrls: readonly string[];
  readonly advertisePeerUrls: readonly string[];
  readonly tls: ServerTlsSettings;
  /** Null: none. */
  readonly backups: BackupOptions | null;
}

/** Checks what single flags cannot check alone. */
function readSettings(given: ServerOptions): ServerSettings {
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

async function serve(
  settings: ServerSettings,
  logger: Logger,
  io: CommandIo,
  exitWithParent: boolean,
): Promise<ExitCode> {
  const { config, dataFolder, listenClientUrls, listenPeerUrls, advertisePeerUrls } = settings;
  const tls = await openServerTls(settings.tls, logger);
  const { env, identity } = await createNodeEnv({
    dataFolder,
    config,
    listenPeerUrls,
    advertisePeerUrls,
    peerTls: tls.peers,
    logger,
    onFatal: (reason) => endNow(logger, reason),
  });
  const member = await startMember(config, env, identity);
  const api = createApiServer({
    member,
    listenUrls: listenClientUrls,
    logger,
    limits: { electionTimeoutMs: config.electionTimeoutMs },
    tls: tls.clients,
    identifiesByCertificate: settings.tls.identifiesByCertificate,
  });
  try {
    await api.start();
  } catch (error) {
    await member.close();
    throw error;
  }
  logger.info('serving clients', {
    member: member.id,
    cluster: member.clusterId,
    urls: listenClientUrls.join(),
  });
  const backups =
    settings.backups === null
      ? null
      : startBackups({ member, name: config.name, env, options: settings.backups });
  await Promise.race([
    untilAborted(io.signal),
    member.stopped,
    ...(exitWithParent ? [untilEnded(io.stdin)] : []),
  ]);
  logger.info('stopping');
  await api.close();
  await Promise.all([member.close(), backups?.close()]);
  tls.close();
  return exitCodes.ok;
}

/** A member that is wrong, or whose disk fails, ends at once: any further word of it could be a lie. */
function endNow(logger: Logger, reason: Error): void {
  logger.error('this member ends itself', { reason: reason.message });
  process.exit(exitCodes.failure);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function untilEnded(stdin: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = stdin[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true) {
    // Whatever is written to the server's standard input means nothing.
  }
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
