import type { Plan } from '../plan/index.js';
import { Violation } from '../simulator/index.js';
import type { Host, World } from '../simulator/index.js';
import type { Progress } from './progress-of-run.js';

/** Whoever led without a quorum knows it by then. */
const settleTimeouts = 3;
const stableTimeouts = 8;

/**
 * Healed, but for some links that stay cut, each in one direction: whoever reaches a quorum both ways is enough for a leader, and for
 * writes, and nobody who hears less unseats it (the six hours of Cloudflare, 2020; etcd #14893). Does nothing where the plan's cuts
 * leave no such member.
 */
export async function demandCore(
  plan: Plan,
  world: World,
  progress: Progress,
  write: () => Promise<void>,
): Promise<void> {
  const hosts = [...world.hosts.values()];
  const cuts = plan.lastCuts.flatMap(([from, to]) => {
    const pair = [hosts[from], hosts[to]] as const;
    return pair[0] === undefined || pair[1] === undefined ? [] : [[pair[0].name, pair[1].name] as const];
  });
  if (cuts.length === 0 || plan.workloads.includes('churn') || !hasCore(hosts, cuts)) return;
  for (const [from, to] of cuts) world.links.between(from, to).cuts += 1;
  await progress.demand('a leader of a quorum that hears each other', () => world.leader !== null);
  await progress.complete('a write of a quorum that hears each other', write());
  await progress.pass(settleTimeouts * plan.electionTimeoutMs);
  const before = latestTerm(world);
  await progress.pass(stableTimeouts * plan.electionTimeoutMs);
  const after = latestTerm(world);
  for (const [from, to] of cuts) world.links.between(from, to).cuts -= 1;
  if (after === before) return;
  const told = cuts.map(([from, to]) => `${from} ↛ ${to}`).join(', ');
  throw new Violation(
    'a stable leader',
    `from term ${before} to ${after} while only these were cut: ${told}`,
  );
}

function hasCore(hosts: readonly Host[], cuts: readonly (readonly [string, string])[]): boolean {
  const isWhole = (a: string, b: string): boolean =>
    !cuts.some(([from, to]) => (from === a && to === b) || (from === b && to === a));
  return hosts.some(
    ({ name }) =>
      2 * hosts.filter((other) => other.name === name || isWhole(name, other.name)).length > hosts.length,
  );
}

function latestTerm(world: World): number {
  return Math.max(...[...world.hosts.values()].map(({ member }) => member?.status().term ?? 0));
}
