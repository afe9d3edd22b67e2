import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { builtProgram } from './systems.js';

/** One member that no launcher started, with flags of the test's own. */
export interface LoneMember {
  readonly endpoint: string;
  end(): Promise<void>;
}

export async function startLoneMember(
  system: 'quorate' | 'etcd',
  dataFolder: string,
  scheme: 'http' | 'https',
  flags: readonly string[],
): Promise<LoneMember> {
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const [clientUrl, peerUrl] = [`${scheme}://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  const settings = {
    name: 'n1',
    'data-dir': join(dataFolder, 'data'),
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `n1=${peerUrl}`,
    'heartbeat-interval': '50',
    'election-timeout': '500',
  };
  const [file = '', ...first] = system === 'etcd' ? ['etcd'] : builtProgram();
  const args = [
    ...first,
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ...flags,
  ];
  const child = spawn(file, args, { stdio: 'ignore' });
  const exited = once(child, 'close');
  return {
    endpoint: `127.0.0.1:${clientPort}`,
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a server on a port');
  return address.port;
}
