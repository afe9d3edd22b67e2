// A lone member with other bounds towards clients than the defaults: what the command `quorate server` starts, but for
// those.
import { createApiServer } from '../../src/api/index.js';
import type { ApiLimits } from '../../src/api/index.js';
import type { Logger } from '../../src/base/index.js';
import { createNodeEnv, defaultLimits, startMember } from '../../src/member/index.js';
import type { MemberConfig } from '../../src/member/index.js';

interface Options {
  readonly urls: { readonly client: string; readonly peer: string };
  readonly dataFolder: string;
  readonly limits: Partial<ApiLimits>;
}

const { urls, dataFolder, limits } = JSON.parse(process.argv[2] ?? '') as Options;

function line(level: string): (message: string, fields?: object) => void {
  return (message, fields = {}) => process.stderr.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
}

const logger: Logger = {
  debug: () => undefined,
  info: line('info'),
  warn: line('warn'),
  error: line('error'),
};

const config: MemberConfig = {
  name: 'n1',
  clientUrls: [urls.client],
  initialCluster: [{ name: 'n1', peerUrls: [urls.peer] }],
  initialClusterToken: 'hostile',
  initialClusterState: 'new',
  heartbeatIntervalMs: 50,
  electionTimeoutMs: 500,
  snapshotCount: 10_000,
  limits: defaultLimits,
};

const { env, identity } = await createNodeEnv({
  ...{ dataFolder, config, logger },
  listenPeerUrls: [urls.peer],
  advertisePeerUrls: [urls.peer],
  onFatal(reason) {
    logger.error('this member ends itself', { reason: reason.message });
    process.exit(1);
  },
});
const member = await startMember(config, env, identity);
await createApiServer({ member, listenUrls: [urls.client], logger, limits }).start();

// Whoever started it is gone.
process.stdin.on('end', () => process.exit()).resume();
