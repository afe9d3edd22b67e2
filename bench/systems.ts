import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster } from '../cluster/index.js';
import type { Cluster, ClusterMember } from '../cluster/index.js';

export type SystemName = 'etcd' | 'quorate';

export const systemNames: readonly SystemName[] = ['etcd', 'quorate'];

export interface RunningSystem {
  readonly cluster: Cluster;
  readonly leader: ClusterMember;
  readonly follower: ClusterMember;
  /** Resident memory of each member in bytes, the leader's first. */
  residentBytes(): Promise<readonly number[]>;
}

export interface SystemOptions {
  readonly heartbeatIntervalMs?: number;
  readonly electionTimeoutMs?: number;
  readonly snapshotCount?: number;
}

/** Three members in a fresh folder, both systems with their own defaults unless told; stopped and removed afterwards. */
export async function withSystem<T>(
  name: SystemName,
  options: SystemOptions,
  use: (system: RunningSystem) => Promise<T>,
): Promise<T> {
  const dataFolder = await mkdtemp(join(tmpdir(), `quorate-bench-${name}-`));
  const cluster = await createCluster({
    dataFolder,
    size: 3,
    ports: 'free',
    ...(name === 'etcd' ? { program: ['etcd'], extraFlags: ['--log-level', 'error'] } : {}),
    ...options,
  });
  try {
    await cluster.start();
    const leader = await cluster.waitForLeader();
    const followers = cluster.members.filter((member) => member !== leader);
    const [follower] = followers;
    if (follower === undefined) throw new Error('a cluster of three has followers');
    const inOrder = [leader, ...followers];
    const residentBytes = (): Promise<number[]> => Promise.all(inOrder.map(residentBytesOf));
    return await use({ cluster, leader, follower, residentBytes });
  } finally {
    await cluster.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

export async function residentBytesOf(member: ClusterMember): Promise<number> {
  const status = await readFile(`/proc/${String(member.pid)}/status`, 'utf8');
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new Error(`no memory figure for process ${String(member.pid)}`);
  return Number(match[1]) * 1024;
}
