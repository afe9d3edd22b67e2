import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ApiLimits } from '../../src/api/index.js';
import { connect } from '../../src/client/index.js';
import type { ClientOptions } from '../../src/client/index.js';
import { builtProgram } from '../client/systems.js';

/** A real server process, the only member of its cluster, that a test may attack. */
export interface Target {
  readonly pid: number;
  readonly host: '127.0.0.1';
  readonly clientPort: number;
  readonly peerPort: number;
  /** `host:port` for clients. */
  readonly endpoint: string;
  readonly dataFolder: string;
  /** What it has written to standard error, as far as it is kept. */
  log(): string;
  /** Throws, with the end of its log, if the process has ended. */
  checkAlive(): void;
  /** Ends the process, if it has not ended itself, and removes its folder. */
  end(): Promise<void>;
}

export interface TargetOptions {
  /** Beside those for its name and addresses. */
  readonly flags?: readonly string[];
  readonly scheme?: 'http' | 'https';
  /** How the test's own client reaches it, over TLS say. */
  readonly client?: ClientOptions;
  /**
   * Other bounds towards clients than a member has by default, for tests of what a member waits for. The process then is
   * a small program around the same member and API, which takes no `flags`.
   */
  readonly limits?: Partial<ApiLimits>;
  /** As many files and connections may be open in it. */
  readonly openFilesMax?: number;
}

const logSizeMax = 1_000_000;

/** Resolves once it answers a client. */
export async function startTarget(options: TargetOptions = {}): Promise<Target> {
  const { scheme = 'http', openFilesMax } = options;
  const [clientPort, peerPort] = await freePorts();
  const dataFolder = await mkdtemp(join(tmpdir(), 'quorate-hostile-'));
  const urls = { client: `${scheme}://127.0.0.1:${clientPort}`, peer: `http://127.0.0.1:${peerPort}` };
  const [file = '', ...args] = [
    // Of a shell, for Node has no way to bound its children.
    ...(openFilesMax === undefined ? [] : ['sh', '-c', `ulimit -n ${openFilesMax}; exec "$@"`, 'sh']),
    ...commandOf(options, urls, dataFolder),
  ];
  // Its standard input ends with this process, and it with that: also when a test fails before it ends the server.
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const exited = once(child, 'close');
  let log = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => (log = (log + text).slice(-logSizeMax)));
  const target: Target = {
    pid: child.pid ?? 0,
    host: '127.0.0.1',
    clientPort,
    peerPort,
    endpoint: `127.0.0.1:${clientPort}`,
    dataFolder,
    log: () => log,
    checkAlive() {
      if (child.exitCode === null && child.signalCode === null) return;
      throw new Error(`the server has ended (${child.exitCode ?? child.signalCode}): ${log.slice(-2000)}`);
    },
    async end() {
      child.kill('SIGKILL');
      await exited;
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
  try {
    await untilItAnswers(target, options.client);
  } catch (error) {
    await target.end();
    throw new Error(`the server does not answer: ${log.slice(-2000)}`, { cause: error });
  }
  return target;
}

interface Urls {
  readonly client: string;
  readonly peer: string;
}

function commandOf({ flags = [], limits }: TargetOptions, urls: Urls, dataFolder: string): readonly string[] {
  const program = builtProgram();
  const data = join(dataFolder, 'data');
  if (limits !== undefined) {
    const main = program.find((part) => part.endsWith('main.js')) ?? '';
    const limited = join(dirname(main), '../../test/hostile/limited-server.js');
    return [process.execPath, limited, JSON.stringify({ urls, dataFolder: data, limits })];
  }
  const settings = {
    name: 'n1',
    'data-dir': data,
    'listen-client-urls': urls.client,
    'advertise-client-urls': urls.client,
    'listen-peer-urls': urls.peer,
    'initial-advertise-peer-urls': urls.peer,
    'initial-cluster': `n1=${urls.peer}`,
    'heartbeat-interval': '50',
    'election-timeout': '500',
  };
  const own = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return [...program, ...own, '--exit-with-parent', ...flags];
}

async function untilItAnswers(target: Target, options?: ClientOptions): Promise<void> {
  await using client = connect([target.endpoint], options);
  for (let attempt = 0; ; attempt++) {
    target.checkAlive();
    try {
      await client.get('started');
      return;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()] as const;
  await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a server on a port');
    return address.port;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [ports[0] ?? 0, ports[1] ?? 0];
}
