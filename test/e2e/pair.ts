import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster } from '../../cluster/index.js';
import type { Cluster, ClusterOptions } from '../../cluster/index.js';

/** What is compared with the real etcd. `CONFORMANCE_SUBJECT=etcd` compares etcd with itself: the tests are sound. */
export const subject: 'quorate' | 'etcd' = process.env['CONFORMANCE_SUBJECT'] === 'etcd' ? 'etcd' : 'quorate';

/** Two clusters that were started alike. */
export interface Pair extends AsyncDisposable {
  readonly subject: Cluster;
  readonly reference: Cluster;
  /** For files of the tests; removed at the end. */
  readonly folder: string;
}

export interface PairOptions {
  readonly size?: number;
  readonly referenceSize?: number;
  /** For the members of both. */
  readonly flags?: readonly string[];
  /** Default: short. `{}`: each system's own. */
  readonly timing?: Timing;
}

type Timing = Pick<ClusterOptions, 'heartbeatIntervalMs' | 'electionTimeoutMs'>;

/** Short, so that little time passes without a leader; then no lease lives for less than a second either. */
const shortTiming = { heartbeatIntervalMs: 50, electionTimeoutMs: 500 } as const;

const testProgram = process.env['QUORATE_TEST_PROGRAM']?.split(' ');

export const programs = {
  quorate: testProgram === undefined ? {} : { program: testProgram },
  etcd: { program: ['etcd'], extraFlags: ['--log-level', 'error'] },
} as const;

/** Why there is no etcd to compare with, or null. */
export function whyNoEtcd(): string | null {
  const { error, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return 'etcd is not installed (Debian: apt-get install etcd-server)';
  return stdout.includes('etcd Version: 3.4.') ? null : `etcd is not 3.4: ${stdout.trim()}`;
}

export async function startSystem(
  system: 'quorate' | 'etcd',
  options: Pick<ClusterOptions, 'dataFolder' | 'size' | 'tls'> & Pick<PairOptions, 'flags' | 'timing'>,
): Promise<Cluster> {
  const { flags = [], timing = shortTiming, ...others } = options;
  const program = programs[system];
  const extraFlags = 'extraFlags' in program ? [...program.extraFlags, ...flags] : flags;
  const cluster = await createCluster({
    ports: 'free',
    ...timing,
    ...others,
    ...program,
    extraFlags,
  });
  await cluster.start();
  return cluster;
}

export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const { size = 3, referenceSize = size, flags = [], timing = shortTiming } = options;
  const folder = await mkdtemp(join(tmpdir(), 'quorate-conformance-'));
  // One after the other: free ports are looked for.
  const ours = await startSystem(subject, { dataFolder: join(folder, 'subject'), size, flags, timing });
  const theirs = await startSystem('etcd', {
    dataFolder: join(folder, 'reference'),
    size: referenceSize,
    flags,
    timing,
  });
  return {
    subject: ours,
    reference: theirs,
    folder,
    async [Symbol.asyncDispose]() {
      await Promise.all([ours.kill(), theirs.kill()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
