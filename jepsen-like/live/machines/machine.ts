import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMemberProcess } from '../../../cluster/index.js';
import type { ClusterEvent, ClusterMember, Guard } from '../../../cluster/index.js';
import type { Place } from '../network/index.js';
import type { Disk } from './disks.js';
import { noInjection } from './injection.js';
import type { Injection } from './injection.js';
import type { System } from './systems.js';

export interface MachineOptions {
  readonly name: string;
  readonly system: System;
  readonly place: Place;
  /** Of the run: data, logs and faults go there. */
  readonly folder: string;
  /** Null: on the disk of `folder`. */
  readonly disk: Disk | null;
  /** `n1=http://…,n2=…`: all that belong to the cluster when this one starts. */
  readonly initialCluster: string;
  readonly isNewCluster: boolean;
  readonly token: string;
  readonly snapshotCount: number;
  readonly guard: Guard;
  readonly onEvent: (event: ClusterEvent) => void;
}

/** A machine with one member: its process, clocks and disk. */
export interface Machine {
  readonly name: string;
  readonly member: ClusterMember;
  /** `127.0.0.1:2379`. */
  readonly endpoint: string;
  readonly place: Place;
  readonly disk: Disk | null;
  /** One thing after the other: nothing is started while it is being stopped. */
  inTurn(work: (member: ClusterMember) => Promise<void>): Promise<void>;
  /** On top of what is injected already. */
  inject(change: Partial<Injection>): void;
}

export function createMachine(options: MachineOptions): Machine {
  const { name, system, place, folder, disk, guard, onEvent } = options;
  const { host, clientPort, peerPort } = place;
  const dataFolder = disk?.folder ?? join(folder, name);
  const faultFile = join(folder, `${name}.faults`);
  const endpoint = `${host}:${clientPort}`;
  let injected = noInjection;
  let tail: Promise<void> = Promise.resolve();

  const [program, ...rest] = [...place.commandPrefix, ...system.command];
  const member = createMemberProcess({
    name,
    clientUrl: `http://${endpoint}`,
    peerUrl: `http://${host}:${peerPort}`,
    ports: { client: clientPort, peer: peerPort },
    dataFolder,
    logFile: join(folder, `${name}.log`),
    command: [program ?? '', ...rest, ...flagsOf(options, dataFolder)],
    env: { TORTURE_FAULTS: faultFile },
    guard,
    onEvent,
  });

  return {
    name,
    member,
    endpoint,
    place,
    disk,
    inTurn(work) {
      const done = tail.then(() => work(member));
      tail = done.catch(() => undefined); // Its caller is told.
      return done;
    },
    inject(change) {
      injected = { ...injected, ...change };
      writeFileSync(`${faultFile}.new`, JSON.stringify(injected));
      renameSync(`${faultFile}.new`, faultFile);
    },
  };
}

/** Those that etcd and Quorate share. */
function flagsOf(options: MachineOptions, dataFolder: string): readonly string[] {
  const { name, place, initialCluster, isNewCluster, token, snapshotCount, system } = options;
  const clientUrl = `http://${place.host}:${place.clientPort}`;
  const flags: Readonly<Record<string, string>> = {
    name,
    'data-dir': dataFolder,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': `http://${place.host}:${place.peerPort}`,
    'initial-advertise-peer-urls': place.advertisedPeerUrls[0] ?? '',
    'initial-cluster': initialCluster,
    'initial-cluster-state': isNewCluster ? 'new' : 'existing',
    'initial-cluster-token': token,
    'snapshot-count': String(snapshotCount),
  };
  const given = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  return [...given, ...system.extraFlags];
}
