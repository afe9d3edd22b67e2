import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

import { createCluster } from '../../cluster/index.js';
import type { Cluster, ClusterEvent, ClusterOptions } from '../../cluster/index.js';

export const waitMs = 20_000;

/** A file of this folder as it was built. */
export function built(fileName: string): string {
  return join(import.meta.dirname, '..', '..', 'dist', 'test', 'cluster', fileName);
}

export const fakeProgram: readonly string[] = [process.execPath, built('fake-member.js')];

/** An empty folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-cluster-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A cluster that is stopped when the test ends, and what happens to it. */
export async function newCluster(
  options: ClusterOptions,
): Promise<{ readonly cluster: Cluster; readonly events: ClusterEvent[] }> {
  const cluster = await createCluster(options);
  onTestFinished(() => cluster.kill());
  const events: ClusterEvent[] = [];
  cluster.subscribe((event) => events.push(event));
  return { cluster, events };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function waitUntilGone(pids: readonly number[]): Promise<void> {
  await vi.waitUntil(() => !pids.some(isAlive), { timeout: waitMs });
}

export function pidsOf(cluster: Cluster): number[] {
  return cluster.members.flatMap(({ pid }) => (pid === null ? [] : [pid]));
}
