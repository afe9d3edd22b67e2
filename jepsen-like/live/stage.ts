import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGuard } from '../../cluster/index.js';
import type { ClusterEvent, Guard } from '../../cluster/index.js';
import { createMachine, openDisk } from './machines/index.js';
import type { Machine, System } from './machines/index.js';
import { createLinks, createNamespaceNetwork, createProxiedNetwork } from './network/index.js';
import type { Links, Network, Place } from './network/index.js';
import type { LivePlan } from './plan.js';

/** Machines, their network and their disks: all that is there before anything runs. */
export interface Stage {
  /** Of this run: data, logs, histories. */
  readonly folder: string;
  readonly machines: readonly Machine[];
  readonly links: Links;
  readonly network: Network;
  readonly guard: Guard;
  /** Ends every process. What they wrote stays until `remove`. */
  close(): Promise<void>;
  remove(): Promise<void>;
}

export interface StageOptions {
  readonly plan: LivePlan;
  readonly system: System;
  readonly usesNamespaces: boolean;
  readonly onEvent: (event: ClusterEvent) => void;
  readonly tell: (line: string) => void;
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { plan, system, usesNamespaces, onEvent, tell } = options;
  const folder = await mkdtemp(join(tmpdir(), `quorate-torture-${system.name}-`));
  const guard = createGuard();
  const links = createLinks();
  const machines: Machine[] = [];
  const network = usesNamespaces
    ? await createNamespaceNetwork(links, tell)
    : createProxiedNetwork(links, () => pidsOf(machines));

  const stage: Stage = {
    folder,
    machines,
    links,
    network,
    guard,
    async close() {
      await Promise.all(machines.map(({ member }) => member.kill()));
      await network.close();
      for (const { disk } of machines) await disk?.close();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    const places = new Map<string, Place>();
    for (let number = 1; number <= plan.members; number++)
      places.set(`n${number}`, await network.place(`n${number}`));
    const initialCluster = [...places]
      .map(([name, { advertisedPeerUrl }]) => `${name}=${advertisedPeerUrl}`)
      .join(',');
    for (const [name, place] of places) {
      const hasSmallDisk = machines.length === plan.smallDisk;
      const disk = hasSmallDisk ? await openDisk(join(folder, name), system.diskSizeMib) : null;
      machines.push(
        createMachine({
          name,
          system,
          place,
          folder,
          disk: typeof disk === 'string' ? null : disk,
          initialCluster,
          isNewCluster: true,
          token: folder,
          snapshotCount: plan.snapshotCount,
          guard,
          onEvent,
        }),
      );
    }
  } catch (error) {
    await stage.close();
    await stage.remove();
    throw error;
  }
  return stage;
}

function pidsOf(machines: readonly Machine[]): ReadonlyMap<string, number> {
  return new Map(
    machines.flatMap(({ name, member }) => (member.pid === null ? [] : [[name, member.pid] as const])),
  );
}
