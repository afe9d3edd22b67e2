import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGuard } from '../../cluster/index.js';
import type { ClusterEvent, Guard } from '../../cluster/index.js';
import { some } from '../../src/base/index.js';
import { createMachine, openDisk } from './machines/index.js';
import type { Disk, Machine, System } from './machines/index.js';
import { createLinks, createNamespaceNetwork, createProxiedNetwork } from './network/index.js';
import type { Links, Network, Place } from './network/index.js';
import type { LivePlan } from './plan.js';

/** Machines, their network and their disks: all that is there before anything runs. */
export interface Stage {
  /** Of this run: data, logs, histories. */
  readonly folder: string;
  /** Those whose members belong to the cluster, as far as anybody was told. */
  readonly machines: readonly Machine[];
  /** Places of machines that wait for a member, by their names. */
  readonly spares: ReadonlyMap<string, Place>;
  readonly links: Links;
  readonly network: Network;
  readonly guard: Guard;
  /** A machine in one of the spare places; not started yet. */
  join(name: string, initialCluster: string): Machine;
  /** It is never started again, and ends with the stage. Nothing happens when there is none of this name. */
  retire(name: string): void;
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

/** Machines that may come during a run whose membership changes. */
const sparesMax = 16;

export async function openStage(options: StageOptions): Promise<Stage> {
  const { plan, system, usesNamespaces, onEvent, tell } = options;
  const folder = await mkdtemp(join(tmpdir(), `quorate-torture-${system.name}-`));
  const guard = createGuard();
  const links = createLinks();
  const machines: Machine[] = [];
  const retired: Machine[] = [];
  const spares = new Map<string, Place>();
  const network = usesNamespaces
    ? await createNamespaceNetwork(links, tell)
    : createProxiedNetwork(links, () => pidsOf([...machines, ...retired]));

  interface Building {
    readonly name: string;
    readonly place: Place;
    readonly disk: Disk | null;
    readonly initialCluster: string;
    readonly isNewCluster: boolean;
  }

  function build(building: Building): Machine {
    const { snapshotCount } = plan;
    const machine = createMachine({
      ...building,
      system,
      folder,
      token: folder,
      snapshotCount,
      guard,
      onEvent,
    });
    machines.push(machine);
    return machine;
  }

  async function openSmallDisk(place: number, name: string): Promise<Disk | null> {
    if (place !== plan.smallDisk) return null;
    const disk = await openDisk(join(folder, name), system.diskSizeMib);
    return typeof disk === 'string' ? null : disk; // It has been told that there can be none.
  }

  async function buildAll(): Promise<void> {
    const places = new Map<string, Place>();
    for (let number = 1; number <= plan.members; number++)
      places.set(`n${number}`, await network.place(`n${number}`));
    const initialCluster = [...places]
      .map(([name, { advertisedPeerUrls }]) => `${name}=${advertisedPeerUrls[0] ?? ''}`)
      .join(',');
    for (const [name, place] of places) {
      const disk = await openSmallDisk(machines.length, name);
      build({ name, place, disk, initialCluster, isNewCluster: true });
    }
    if (!plan.workloads.includes('churn')) return;
    for (let number = 1; number <= sparesMax; number++)
      spares.set(`x${number}`, await network.place(`x${number}`));
  }

  const stage: Stage = {
    folder,
    machines,
    spares,
    links,
    network,
    guard,
    join(name, initialCluster) {
      const place = some(spares.get(name), 'one of the spare places');
      return build({ name, place, disk: null, initialCluster, isNewCluster: false });
    },
    retire(name) {
      const place = machines.findIndex((machine) => machine.name === name);
      if (place >= 0) retired.push(...machines.splice(place, 1));
    },
    async close() {
      const all = [...machines, ...retired];
      await Promise.all(all.map(({ member }) => member.kill()));
      await network.close();
      for (const { disk } of all) await disk?.close();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    await buildAll();
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
