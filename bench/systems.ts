import { mkdtempSync } from 'node:fs';
import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster } from '../cluster/index.js';
import type { Cluster, ClusterMember } from '../cluster/index.js';
import { builtFile } from './built.js';

export type SystemName = 'etcd' | 'quorate';

export const systemNames: readonly SystemName[] = ['etcd', 'quorate'];

export interface RunningSystem {
  readonly name: SystemName;
  readonly cluster: Cluster;
  /** As it was when the system was opened; works that change leaders ask the cluster. */
  readonly leader: ClusterMember;
  readonly follower: ClusterMember;
  /** Resident memory of each member in bytes, the leader's first. */
  residentBytes(): Promise<readonly number[]>;
  /** Processor time that its members have used since they were started, in milliseconds. */
  processorMs(): Promise<number>;
}

export interface SystemOptions {
  readonly heartbeatIntervalMs?: number;
  readonly electionTimeoutMs?: number;
  readonly snapshotCount?: number;
  /** For either system. */
  readonly extraFlags?: readonly string[];
}

/** Opens systems, all below one temporary folder, and knows which are open. */
export interface SystemDesk {
  readonly names: readonly SystemName[];
  /** Where data lies; gone when the desk closes. */
  readonly folder: string;
  /**
   * Three members each, in fresh folders, both systems with their own defaults unless told; all at once, so that they can be
   * measured in turn within seconds: the one whose turn it is not is idle. Stopped and removed afterwards.
   */
  withSystems<T>(options: SystemOptions, use: (systems: readonly RunningSystem[]) => Promise<T>): Promise<T>;
  /** The same for the same system more than once. */
  withSystem<T>(
    name: SystemName,
    options: SystemOptions,
    use: (system: RunningSystem) => Promise<T>,
  ): Promise<T>;
  /** Kills what is open, and removes all that is left. */
  close(): Promise<void>;
}

type Program = readonly [file: string, ...args: string[]];

/** What starts a member of the system; flags follow. */
export function programOf(name: SystemName): Program {
  switch (name) {
    case 'etcd':
      return ['etcd', '--log-level', 'error'];
    case 'quorate':
      return [process.execPath, builtFile('src/cli/main.js'), 'server'];
  }
}

const ticksPerSecond = 100;
const removalRetries = 50;
const idleShare = 0.1;
const idleLookMs = 250;

export function createSystemDesk(names: readonly SystemName[]): SystemDesk {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  const open = new Set<Cluster>();

  async function withSystem<T>(
    name: SystemName,
    options: SystemOptions,
    use: (system: RunningSystem) => Promise<T>,
  ): Promise<T> {
    const dataFolder = await mkdtemp(join(folder, `${name}-`));
    const cluster = await createCluster({
      ...options,
      program: programOf(name),
      dataFolder,
      size: 3,
      ports: 'free',
    });
    open.add(cluster);
    try {
      await cluster.start();
      return await use(await describe(name, cluster));
    } finally {
      // Nothing of theirs is wanted any more.
      await cluster.kill();
      open.delete(cluster);
      await rm(dataFolder, { recursive: true, force: true });
    }
  }

  function withAll<T>(
    left: readonly SystemName[],
    options: SystemOptions,
    opened: readonly RunningSystem[],
    use: (systems: readonly RunningSystem[]) => Promise<T>,
  ): Promise<T> {
    const [next, ...rest] = left;
    if (next === undefined) return use(opened);
    return withSystem(next, options, (system) => withAll(rest, options, [...opened, system], use));
  }

  return {
    names,
    folder,
    withSystem,
    withSystems: (options, use) => withAll(names, options, [], use),
    async close() {
      await Promise.all([...open].map((cluster) => cluster.kill()));
      // Again while something else, a work that was broken off, still removes or writes there.
      await rm(folder, { recursive: true, force: true, maxRetries: removalRetries, retryDelay: 100 });
    },
  };
}

async function describe(name: SystemName, cluster: Cluster): Promise<RunningSystem> {
  const leader = await cluster.waitForLeader();
  const followers = cluster.members.filter((member) => member !== leader);
  const [follower] = followers;
  if (follower === undefined) throw new Error('a cluster of three has followers');
  const inOrder = [leader, ...followers];
  return {
    name,
    cluster,
    leader,
    follower,
    residentBytes: () => Promise.all(inOrder.map(residentBytesOf)),
    async processorMs() {
      const each = await Promise.all(inOrder.map(processorMsOf));
      return each.reduce((sum, ms) => sum + ms, 0);
    },
  };
}

/**
 * Resolves when the members have little left to do of what they were asked before, or after `timeoutMs`: what one system does
 * in the background must not slow the next.
 */
export async function settle(system: RunningSystem, timeoutMs: number): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  for (let before = await system.processorMs(); performance.now() < untilMs;) {
    await new Promise((resolve) => setTimeout(resolve, idleLookMs));
    const now = await system.processorMs();
    if (now - before < idleLookMs * idleShare) return;
    before = now;
  }
}

export async function residentBytesOf(member: ClusterMember): Promise<number> {
  return memoryOf(member, 'VmRSS');
}

/** Without what is a file's, such as a mapped database: what the system could not take back. */
export async function anonymousBytesOf(member: ClusterMember): Promise<number> {
  return memoryOf(member, 'RssAnon');
}

async function memoryOf(member: ClusterMember, field: 'VmRSS' | 'RssAnon'): Promise<number> {
  const status = await readFile(`/proc/${String(member.pid)}/status`, 'utf8');
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  if (match === null) throw new Error(`no memory figure for process ${String(member.pid)}`);
  return Number(match[1]) * 1024;
}

async function processorMsOf(member: ClusterMember): Promise<number> {
  const stat = await readFile(`/proc/${String(member.pid)}/stat`, 'utf8');
  // Fields are counted from the one after the name, which is in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}
