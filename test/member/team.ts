import { at } from '../../src/base/index.js';
import type { Member } from '../../src/member/index.js';
import type { MemberRecord } from '../../src/mvcc/index.js';
import { createWorld } from './world.js';
import type { World, WorldOptions } from './world.js';

/** A cluster in a world of its own, with a leader. */
export interface Team {
  readonly world: World;
  /** Those that run, by name. */
  readonly members: Map<string, Member>;
  leader(): Member;
  /** In the order of their names. */
  followers(): readonly Member[];
  follower(): Member;
  nameOf(member: Member): string;
  /** Lets time pass until another than this one leads. */
  successorOf(member: Member): Promise<Member>;
  /** Cuts a member off from all the others. */
  isolate(member: Member): void;
  kill(member: Member): void;
  restart(name: string): Promise<Member>;
  passMs(ms: number): Promise<void>;
  /** The members as the leader knew them when it was last asked: each call asks again, for the next. */
  records(): readonly MemberRecord[];
}

export async function startTeam(size: number, options: Partial<WorldOptions> = {}): Promise<Team> {
  const world = createWorld({ members: size, ...options });
  const members = new Map<string, Member>();
  for (const name of world.names) members.set(name, await world.start(name));

  /** A leader that was cut off may not know yet: the latest term counts. */
  function findLeader(except?: Member): Member | undefined {
    return [...members.values()]
      .filter((member) => member !== except && member.status().role === 'leader')
      .sort((a, b) => b.status().term - a.status().term)[0];
  }

  function nameOf(member: Member): string {
    const name = [...members].find(([, each]) => each === member)?.[0];
    if (name === undefined) throw new Error('a member that runs');
    return name;
  }

  let records: readonly MemberRecord[] = [];

  const team: Team = {
    world,
    members,
    leader() {
      const leader = findLeader();
      if (leader === undefined) throw new Error('a team with a leader');
      return leader;
    },
    followers: () => [...members.values()].filter((member) => member !== team.leader()),
    follower: () => at(team.followers(), 0),
    nameOf,
    async successorOf(member) {
      await world.run(() => findLeader(member) !== undefined);
      const successor = findLeader(member);
      if (successor === undefined) throw new Error('a successor');
      return successor;
    },
    isolate(member) {
      const self = nameOf(member);
      for (const other of members.keys()) if (other !== self) world.cut(self, other);
    },
    kill(member) {
      const name = nameOf(member);
      world.kill(name);
      members.delete(name);
    },
    async restart(name) {
      const member = await world.start(name);
      members.set(name, member);
      return member;
    },
    async passMs(ms) {
      const until = world.nowMs + ms;
      await world.run(() => world.nowMs >= until, ms + 60_000);
    },
    records() {
      const asked = findLeader()?.cluster.members({ linearizable: false });
      asked?.then(
        (found) => (records = found),
        () => undefined,
      );
      return records;
    },
  };
  await world.run(() => findLeader() !== undefined);
  return team;
}
