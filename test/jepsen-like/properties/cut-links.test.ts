import { describe, expect, test } from 'vitest';
import { createWorld, memberOf } from '../../../jepsen-like/simulator/index.js';
import type { World } from '../../../jepsen-like/simulator/index.js';
import { put } from '../../mvcc/requests.js';

const electionTimeoutMs = 1000;
/** How often the writer tries. */
const tryEveryUs = 20_000;

type Link = readonly [from: string, to: string];
const links: readonly Link[] = [
  ['m1', 'm2'],
  ['m2', 'm1'],
  ['m1', 'm3'],
  ['m3', 'm1'],
  ['m2', 'm3'],
  ['m3', 'm2'],
];
/** Every subset of the six directions between three members. */
const sets: readonly (readonly Link[])[] = Array.from({ length: 2 ** links.length }, (_, set) =>
  links.filter((_link, place) => ((set >> place) & 1) === 1),
);

const nameOf = (cut: readonly Link[]): string =>
  cut.map(([from, to]) => `${from}↛${to}`).join(' ') || 'nothing';

/** Two members that hear each other are a quorum of three. */
function somebodyReachesAQuorum(cut: readonly Link[]): boolean {
  const isWhole = (a: string, b: string): boolean =>
    !cut.some(([from, to]) => (from === a && to === b) || (from === b && to === a));
  return isWhole('m1', 'm2') || isWhole('m1', 'm3') || isWhole('m2', 'm3');
}

async function startCluster(seed: number): Promise<World> {
  const world = createWorld({ seed, members: 3, config: { electionTimeoutMs, heartbeatIntervalMs: 100 } });
  for (const name of world.hosts.keys()) world.start(name);
  expect(await world.run(() => world.leader !== null, 20_000)).toBe(true);
  return world;
}

/** Whoever takes itself for the leader is asked to write, again and again. Tells when the last write was acknowledged. */
function writeOn(world: World): { readonly lastMs: () => number | null } {
  let lastMs: number | null = null;
  let tries = 0;
  function attempt(): void {
    for (const { member } of world.hosts.values()) {
      if (member?.status().role !== 'leader') continue;
      member.put(put('k', String(tries++))).then(
        () => (lastMs = world.nowMs),
        () => undefined, // It may have lost its quorum, and says so.
      );
    }
    world.agenda.at(world.agenda.nowUs + tryEveryUs, attempt);
  }
  attempt();
  return { lastMs: () => lastMs };
}

describe('when links between three members are cut, each direction for itself', () => {
  test.each(sets.map((cut, set) => [nameOf(cut), cut, set] as const))('%s', async (_, cut, set) => {
    const world = await startCluster(1000 + set);
    for (const [from, to] of cut) world.links.between(from, to).cuts += 1;
    const { lastMs } = writeOn(world);
    if (!somebodyReachesAQuorum(cut)) {
      await world.run(() => false, 3 * electionTimeoutMs);
      const beforeMs = lastMs();
      await world.run(() => false, 3 * electionTimeoutMs);
      expect(lastMs(), 'nobody can commit anything').toBe(beforeMs);
      return;
    }
    const cutMs = world.nowMs;
    await world.run(() => false, 3 * electionTimeoutMs);
    expect(world.leader, 'a leader').not.toBeNull();
    expect(lastMs(), 'a write within three election timeouts').toBeGreaterThan(cutMs);

    // And it stays so: no member that hears only half of the others unseats the leader (Cloudflare, 2020).
    const term = world.leader === null ? 0 : memberOf(world.leader).status().term;
    await world.run(() => false, 10 * electionTimeoutMs);
    expect(world.leader === null ? 0 : memberOf(world.leader).status().term).toBe(term);
    expect(world.nowMs - (lastMs() ?? 0)).toBeLessThan(electionTimeoutMs);
  });
});
