import { Violation } from '../simulator/index.js';
import type { Host, World } from '../simulator/index.js';
import type { ChurnControl } from '../workloads/index.js';
import type { Nemesis } from './faults.js';
import type { Progress } from './progress-of-run.js';

/** Machines for members that come, and none for those that go. One client at a time changes the membership. */
export function createChurnControl(world: World, voterCount: number): ChurnControl {
  let isTaken = false;
  const first = [...world.hosts.keys()];
  return {
    voterCount,
    begin() {
      if (isTaken) return null;
      isTaken = true;
      return () => (isTaken = false);
    },
    peerUrlsOf: (name) => [`http://${name}:2380`, `http://${name}:2381`],
    nameOf(peerUrls) {
      const [url = ''] = peerUrls;
      return /^http:\/\/(\w+):/.exec(url)?.[1] ?? null;
    },
    machines: () =>
      new Map(belonging(world).map(({ name }) => [name, world.identityOf(name).memberId] as const)),
    async startMember({ name, id, members }) {
      const configuration = { voters: [], outgoing: [], learners: [], learnersNext: [] };
      const records = members.map((member) => ({ ...member, clientUrls: [] }));
      const { clusterId } = world.identityOf(first[0] ?? name);
      world.addHost(name, {
        clusterId,
        memberId: id,
        membership: { configuration, members: records, removed: [] },
      });
      world.start(name);
      return Promise.resolve();
    },
    async stopMember(name) {
      const host = world.hosts.get(name);
      if (host !== undefined) host.isRetired = true;
      return Promise.resolve();
    },
  };
}

/** Those whose members were not removed, as far as anybody was told. */
export function belonging(world: World): readonly Host[] {
  return [...world.hosts.values()].filter(({ isRetired }) => !isRetired);
}

/** Those that belong, and whose disks were never damaged. */
export function soundOnes(world: World, nemesis: Nemesis): readonly Host[] {
  return belonging(world).filter((host) => !nemesis.damaged.has(host));
}

/** Whether sound members are a majority of every configuration that some sound member takes for the one in force. */
export function haveQuorum(world: World, sound: readonly Host[]): boolean {
  const ids = new Set(sound.map(({ name }) => world.identityOf(name).memberId));
  const isQuorum = (voters: readonly string[]): boolean =>
    voters.length === 0 || 2 * voters.filter((id) => ids.has(id)).length > voters.length;
  const known = sound
    .flatMap((host) => world.configurationOf(host) ?? [])
    .filter(({ voters }) => voters.length > 0);
  return known.length > 0 && known.every(({ voters, outgoing }) => isQuorum(voters) && isQuorum(outgoing));
}

/** It has ended because it was removed: perhaps before anybody who asked for it was told. */
export function saysRemoved({ isUp, fatal, lastWords }: Host): boolean {
  return !isUp && (fatal?.message ?? lastWords ?? '').includes('removed from its cluster');
}

/** A member that was removed ends itself, and says why; also when somebody starts it once more. */
export async function demandFarewells(world: World, nemesis: Nemesis, progress: Progress): Promise<void> {
  const retired = [...world.hosts.values()].filter((host) => host.isRetired && !nemesis.damaged.has(host));
  const present = new Set(belonging(world).map(({ name }) => world.identityOf(name).memberId));
  const areDown = (): boolean =>
    retired.every((host) => !host.isUp || !knownTo(world, host).some((id) => present.has(id)));
  await progress.demand('removed members that end', areDown);
  for (const host of retired) {
    host.isRetired = false;
    world.start(host.name);
    host.isRetired = true;
  }
  await progress.demand('removed members that end again', areDown);
  for (const host of retired) {
    const { name, lastWords, fatal } = host;
    if (!host.isUp && !saysRemoved(host))
      throw new Violation('removed members say why', `${name}: ${fatal?.message ?? lastWords ?? 'nothing'}`);
  }
}

/** Nobody else can tell it that it was removed. */
function knownTo(world: World, host: Host): readonly string[] {
  const { voters = [], outgoing = [], learners = [] } = world.configurationOf(host) ?? {};
  const known = [...voters, ...outgoing, ...learners];
  return known.length > 0 ? known : world.identityOf(host.name).membership.members.map(({ id }) => id);
}
