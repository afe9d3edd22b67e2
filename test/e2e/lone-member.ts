import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A member that no launcher started: one that joins a running cluster, or that runs on restored data. */
export interface LoneMember {
  readonly name: string;
  readonly peerUrl: string;
  readonly endpoint: string;
  start(): void;
  end(): Promise<void>;
}

const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
const commands = {
  etcd: ['etcd'],
  quorate: process.env['QUORATE_TEST_PROGRAM']?.split(' ') ?? [process.execPath, main, 'server'],
} as const;

/** Flags go to it as they are, besides its name and addresses. */
export async function createLoneMember(options: {
  readonly system: 'quorate' | 'etcd';
  readonly name: string;
  readonly dataFolder: string;
  /** Those of its cluster, if it is not the only one: it joins them. */
  readonly others?: readonly { readonly name: string; readonly peerUrl: string }[];
}): Promise<LoneMember> {
  const { name, dataFolder, system, others = [] } = options;
  const [peerPort, clientPort] = await Promise.all([freePort(), freePort()]);
  const [peerUrl, clientUrl] = [`http://127.0.0.1:${peerPort}`, `http://127.0.0.1:${clientPort}`];
  const flags = {
    name,
    'data-dir': dataFolder,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': [...others, { name, peerUrl }].map((each) => `${each.name}=${each.peerUrl}`).join(','),
    'initial-cluster-state': others.length > 0 ? 'existing' : 'new',
    'heartbeat-interval': '50',
    'election-timeout': '500',
    'log-level': 'error',
  };
  const [file = 'none', ...first] = commands[system];
  const args = [...first, ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])];
  let child: ReturnType<typeof spawn> | null = null;
  return {
    name,
    peerUrl,
    endpoint: `127.0.0.1:${clientPort}`,
    start() {
      child = spawn(file, args, { stdio: 'ignore' });
    },
    async end() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
