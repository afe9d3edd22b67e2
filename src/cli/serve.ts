import { createApiServer } from '../api/index.js';
import type { Logger } from '../base/index.js';
import { createNodeEnv, startBackups, startMember } from '../member/index.js';
import { exitCodes } from './command.js';
import type { CommandIo, ExitCode } from './command.js';
import type { ServerSettings } from './server-settings.js';
import { openServerTls } from './tls-options.js';

/** Runs a member until the command's signal aborts, or the member ends itself. */
export async function serve(
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
    limits: { electionTimeoutMs: config.electionTimeoutMs, ...settings.serving.limits },
    allowedOrigins: settings.serving.allowedOrigins,
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
