import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';

import { createCluster } from '../../cluster/index.js';
import type { Cluster, ClusterEvent, ClusterOptions } from '../../cluster/index.js';

export const waitMs = 20_000;

/** A file of this folder as it was built. */
export function built(fileName: string): string {
  return join(import.meta.dirname, '..', '..', 'dist', 'test', 'cluster', fileName);
}

export const fakeProgram: readonly string[] = [process.execPath, built('fake-member.js')];

/** What the tests of whole members run: Quorate, or what this variable says, such as `etcd`, to compare with. */
export const realProgram: { readonly program?: readonly string[] } =
  process.env['QUORATE_TEST_PROGRAM'] === undefined
    ? {}
    : { program: process.env['QUORATE_TEST_PROGRAM'].split(' ') };

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

/** `expect.stringMatching` for use among other properties. */
export function textLike(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

/** Listens on a port of this machine until the test ends. Throws if it is taken. */
export async function listenOn(port: number): Promise<() => Promise<void>> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= new Promise<void>((resolve) => server.close(() => resolve())));
  onTestFinished(close);
  return close;
}

/** The first of `count` neighbouring ports that are free, below those that the system gives to connections. */
export async function freeBase(count: number): Promise<number> {
  for (;;) {
    const base = randomInt(10_240, 32_000);
    const ports = Array.from({ length: count }, (_, index) => base + index);
    const taken = await Promise.allSettled(ports.map(listenOn));
    await Promise.all(taken.map(async (one) => (one.status === 'fulfilled' ? one.value() : undefined)));
    if (taken.every(({ status }) => status === 'fulfilled')) return base;
  }
}
