import { describe, expect, test } from 'vitest';
import { at, seededRandom } from '../../src/base/index.js';
import type { Random } from '../../src/base/index.js';
import type { Member } from '../../src/member/index.js';
import { put, range } from '../mvcc/requests.js';
import { startTeam } from './team.js';
import type { Team } from './team.js';

/** Members come, go, crash and return while somebody writes: what was acknowledged stays, and all agree on it. */
const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
const stepsPerSeed = 25;

interface Churn {
  readonly team: Team;
  readonly random: Random;
  readonly acknowledged: string[];
  /** Killed members of the cluster, by name. */
  readonly down: Set<string>;
  readonly done: Set<string>;
  writes: number;
  joined: number;
}

type Deed = (churn: Churn) => Promise<void>;

async function attempt(churn: Churn, what: string, work: Promise<unknown>): Promise<boolean> {
  try {
    await churn.team.world.settle(work, 120_000);
    churn.done.add(what);
    return true;
  } catch {
    return false; // Refused, or its outcome is unknown.
  }
}

function anyOf(churn: Churn): Member {
  const members = [...churn.team.members.values()];
  return at(members, churn.random.below(members.length));
}

const write: Deed = async (churn) => {
  const key = `key-${churn.writes++}`;
  if (await attempt(churn, 'write', anyOf(churn).put(put(key, 'value')))) churn.acknowledged.push(key);
};

const grow: Deed = async (churn) => {
  const { team, random } = churn;
  if (team.members.size + churn.down.size >= 5) return;
  const name = `j${++churn.joined}`;
  const asked = anyOf(churn);
  const request = { peerUrls: [`http://${name}:2380`], isLearner: random.chance(0.5) };
  const adding = asked.cluster.add(request);
  if (!(await attempt(churn, 'add', adding))) return;
  const { member } = await adding;
  team.members.set(name, await team.world.join(name, { memberId: member.id, via: asked }));
  await team.passMs(random.below(2_000));
  if (request.isLearner) await attempt(churn, 'promote', anyOf(churn).cluster.promote(member.id));
};

const shrink: Deed = async (churn) => {
  const { team } = churn;
  if (team.members.size + churn.down.size <= 3) return;
  const leaving = anyOf(churn);
  const name = team.nameOf(leaving);
  if (!(await attempt(churn, 'remove', anyOf(churn).cluster.remove(leaving.id)))) return;
  await team.world.settle(leaving.stopped);
  team.members.delete(name);
};

const crash: Deed = async (churn) => {
  const { team, random, down } = churn;
  if (down.size > 0 || team.members.size < 3) return;
  const name = team.nameOf(anyOf(churn));
  if (random.chance(0.5)) team.world.kill(name);
  else team.world.powerCut(name);
  team.members.delete(name);
  down.add(name);
  churn.done.add('crash');
  await team.passMs(random.below(3_000));
};

const comeBack: Deed = async (churn) => {
  for (const name of churn.down) await churn.team.restart(name);
  churn.down.clear();
};

const deeds: readonly Deed[] = [write, write, write, grow, grow, shrink, crash, comeBack];

async function run(seed: number): Promise<ReadonlySet<string>> {
  const team = await startTeam(3, { seed });
  await team.passMs(2_000);
  const random = seededRandom(seed);
  const churn: Churn = {
    team,
    random,
    acknowledged: [],
    down: new Set(),
    done: new Set(),
    writes: 0,
    joined: 0,
  };
  for (let step = 0; step < stepsPerSeed; step++) {
    await at(deeds, random.below(deeds.length))(churn);
    await team.passMs(random.below(1_500));
  }
  await comeBack(churn);
  await team.passMs(5_000);
  for (const [name, member] of team.members) {
    expect(team.world.fatalReason(name)).toBeNull();
    const { kvs } = await team.world.settle(member.range(range('\0', { rangeEnd: '\0' })));
    expect(kvs.map(({ key }) => key)).toEqual(expect.arrayContaining(churn.acknowledged));
  }
  const members = [...team.members.values()];
  const hashes = await Promise.all(members.map((member) => team.world.settle(member.maintenance.hashKv(0))));
  expect(new Set(hashes.map(({ hash, hashRevision }) => `${hashRevision} ${hash}`)).size).toBe(1);
  const known = await Promise.all(members.map((member) => member.cluster.members({ linearizable: false })));
  for (const records of known) expect(records).toEqual(known[0]);
  return churn.done;
}

describe('a cluster whose members come and go', () => {
  test('keeps what it has acknowledged', async () => {
    const done = new Set<string>();
    for (const seed of seeds) {
      try {
        for (const what of await run(seed)) done.add(what);
      } catch (error) {
        throw new Error(`with the seed ${seed}`, { cause: error });
      }
    }
    expect([...done].sort()).toEqual(['add', 'crash', 'promote', 'remove', 'write']);
  });
});
