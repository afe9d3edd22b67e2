import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from '../../src/client/index.js';
import { etcdctl } from './etcdctl.js';

/** A member that runs on a data folder that may have been restored before. */
export interface RestoredMember {
  readonly name: string;
  readonly peerUrl: string;
  /** `host:port` for clients. */
  readonly endpoint: string;
  readonly dataFolder: string;
  /** Resolves once it serves linearizable reads. */
  start(initialCluster: string, state?: 'new' | 'existing'): Promise<void>;
  kill(): Promise<void>;
}

const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
const patienceMs = 20_000;
const pauseMs = 50;

export async function prepareMember(
  system: 'quorate' | 'etcd',
  name: string,
  dataFolder: string,
): Promise<RestoredMember> {
  const [peerPort, clientPort] = await freePorts(2);
  const [peerUrl, clientUrl] = [`http://127.0.0.1:${peerPort}`, `http://127.0.0.1:${clientPort}`];
  const endpoint = `127.0.0.1:${clientPort}`;
  let child: ChildProcess | null = null;

  async function untilServing(): Promise<void> {
    await using client = connect(endpoint, { timeoutMs: 1000, roundsMax: 1 });
    for (const startMs = performance.now(); ;) {
      const isServing = await client.get('anything').then(
        () => true,
        (error: unknown) => /user name is empty|permission denied/.test(String(error)),
      );
      if (isServing) return;
      if (child?.exitCode !== null) throw new Error(`${name} ended with code ${child?.exitCode}`);
      if (performance.now() - startMs > patienceMs) throw new Error(`${name} does not serve`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  return {
    name,
    peerUrl,
    endpoint,
    dataFolder,
    start(initialCluster, state = 'new') {
      const flags = {
        name,
        'data-dir': dataFolder,
        'listen-client-urls': clientUrl,
        'advertise-client-urls': clientUrl,
        'listen-peer-urls': peerUrl,
        'initial-advertise-peer-urls': peerUrl,
        'initial-cluster': initialCluster,
        'initial-cluster-state': state,
        'heartbeat-interval': '50',
        'election-timeout': '500',
        'log-level': 'error',
        ...(system === 'etcd' ? {} : { 'strict-reconfig-check': 'false' }),
      };
      const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
      const [file, first] = system === 'etcd' ? ['etcd', []] : [process.execPath, [main, 'server']];
      child = spawn(file, [...first, ...args], { stdio: 'ignore' });
      return untilServing();
    },
    async kill() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

/** All at once, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** What etcdctl prints when it succeeds. */
export async function run(endpoint: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await etcdctl(endpoint, args);
  if (exitCode !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
