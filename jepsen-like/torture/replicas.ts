import { memberOf, Violation } from '../simulator/index.js';
import type { Host } from '../simulator/index.js';
import type { Progress } from './progress-of-run.js';

/** All serve, and have applied the same. */
export function isLevel(hosts: readonly Host[]): boolean {
  if (hosts.some((host) => host.member === null)) return false;
  const statuses = hosts.map((host) => memberOf(host).status());
  const [first] = statuses;
  return statuses.every(
    (status) => status.appliedIndex === first?.appliedIndex && status.commitIndex === status.appliedIndex,
  );
}

/** Leases run out meanwhile: compared at equal indexes only. Throws a Violation. */
export async function compareReplicas(hosts: () => readonly Host[], progress: Progress): Promise<void> {
  const index = (): string =>
    hosts()
      .map((host) => memberOf(host).status().appliedIndex)
      .join();
  for (;;) {
    await progress.demand('members that are level', () => isLevel(hosts()));
    const before = index();
    const found = await contents(hosts(), progress);
    if (index() !== before || !isLevel(hosts())) continue;
    if (new Set(found.values()).size > 1) {
      const told = [...found].map(([host, content]) => `${host.name}: ${content}`).join('; ');
      throw new Violation('replicas agree', told);
    }
    return;
  }
}

async function contents(hosts: readonly Host[], progress: Progress): Promise<ReadonlyMap<Host, string>> {
  const found = new Map<Host, string>();
  for (const host of hosts) {
    const { maintenance, leases, cluster } = memberOf(host);
    const { hash, hashRevision, compactRevision } = await progress.complete('a hash', maintenance.hashKv(0));
    const ids = await progress.complete('a list of leases', leases.list());
    const members = await progress.complete('a list of members', cluster.members({ linearizable: false }));
    const who = members.map(({ id, isLearner }) => (isLearner ? `${id}?` : id));
    found.set(
      host,
      `${hash} at ${hashRevision}, compacted ${compactRevision}, leases ${ids.join()}, members ${who.join()}`,
    );
  }
  return found;
}
