import { join, resolve } from 'node:path';

import { ClusterError } from './errors.js';
import { createGuard } from './guard.js';
import { markFormed, openLayout } from './layout.js';
import { createMember } from './member.js';
import { checkPortsAreFree } from './ports.js';
import { clientUrlOf, commandOf, peerUrlOf } from './program.js';
import { createStatusDesk, leaderAmong } from './status.js';
import { createSupervisor } from './supervisor.js';
import type { Supervisor } from './supervisor.js';
import { openCertificates } from './tls/certificates.js';
import type { Cluster, ClusterEvent, ClusterMember, ClusterOptions } from './types.js';
import { poll } from './wait.js';

const defaultStartTimeoutMs = 30_000;
const failedStartGraceMs = 2_000;
const statusTimeoutMs = 1_000;

/**
 * A cluster of processes on this machine, not started yet:
 *
 *     await using cluster = await createCluster({ dataFolder: 'quorate-data', size: 3 });
 *     await cluster.start();
 *     await cluster.member('n2').kill();
 *
 * Throws `folder-unusable` when the data folder cannot be read and written, `folder-mismatch` when it holds another
 * cluster than the options ask for, and `invalid-options` for those that no cluster can have.
 */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const dataFolder = resolve(options.dataFolder);
  const { layout, isNew } = await openLayout(dataFolder, options);
  const memberNames = layout.members.map(({ name }) => name);
  const tls = layout.tls ? await openCertificates(dataFolder, memberNames) : null;
  const listeners = new Set<(event: ClusterEvent) => void>();
  const guard = createGuard();
  let supervisor: Supervisor | null = null;

  const members = layout.members.map((memberLayout): ClusterMember => {
    const { name } = memberLayout;
    const memberFolder = join(dataFolder, name);
    const { onLogLine } = options;
    return createMember({
      layout: memberLayout,
      clientUrl: clientUrlOf(memberLayout, layout),
      peerUrl: peerUrlOf(memberLayout, layout),
      tls,
      dataFolder: memberFolder,
      logFile: join(dataFolder, `${name}.log`),
      command: commandOf(memberLayout, layout, { cluster: dataFolder, member: memberFolder }, options),
      env: { ...process.env, ...options.env },
      guard,
      onLogLine: onLogLine === undefined ? null : (line) => onLogLine(name, line),
      emit,
    });
  });

  const desk = createStatusDesk(members, tls);

  function emit(event: ClusterEvent): void {
    for (const listener of listeners) listener(event);
    if (event.type === 'exited' && !event.isExpected) {
      supervisor?.onDeath(memberNamed(event.member), event.ranForMs);
    }
  }

  function memberNamed(name: string): ClusterMember {
    const found = members.find((member) => member.name === name);
    if (found !== undefined) return found;
    throw new ClusterError(
      'invalid-options',
      `no member ${name}: there are ${members.map((member) => member.name).join(', ')}`,
    );
  }

  async function start(startOptions: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timeoutMs = startOptions.timeoutMs ?? defaultStartTimeoutMs;
    await checkPortsAreFree(layout.members.filter(({ name }) => memberNamed(name).state === 'stopped'));
    try {
      await Promise.all(
        members.map(async (member) => {
          await member.start();
          await member.waitUntilServing({ timeoutMs });
        }),
      );
      await markFormed(dataFolder, layout);
    } catch (error) {
      await stop({ graceMs: failedStartGraceMs });
      throw error;
    }
    if (options.restartDeadMembers === true) supervisor ??= createSupervisor(emit);
  }

  async function leader(): Promise<ClusterMember | null> {
    return leaderAmong(await desk.askAll(statusTimeoutMs))?.member ?? null;
  }

  async function stop(stopOptions?: { readonly graceMs?: number }): Promise<void> {
    endSupervision();
    await Promise.all([desk.close(), ...members.map((member) => member.stop(stopOptions))]);
  }

  function endSupervision(): void {
    supervisor?.close();
    supervisor = null;
  }

  return {
    dataFolder,
    members,
    endpoints: members.map((member) => member.endpoint),
    tls,
    isResumed: !isNew,
    member: memberNamed,
    start,
    stop,
    async kill() {
      endSupervision();
      await Promise.all([desk.close(), ...members.map((member) => member.kill())]);
    },
    leader,
    async waitForLeader(waitOptions = {}) {
      const timeoutMs = waitOptions.timeoutMs ?? defaultStartTimeoutMs;
      const found = await poll(async () => (await leader()) ?? undefined, timeoutMs);
      if (found !== undefined) return found;
      throw new ClusterError('timed-out', `no member led within ${timeoutMs / 1000} s`);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [Symbol.asyncDispose]: () => stop(),
  };
}
