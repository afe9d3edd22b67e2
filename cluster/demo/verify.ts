import { setTimeout as delay } from 'node:timers/promises';

import { connect } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import type { Cluster } from '../index.js';
import { probeKey } from './killer.js';

export interface MemberVerdict {
  readonly member: string;
  readonly recordCount: number;
  /** Keys that are missing, have another value, or should not be there, with which of these it is; a few of them. */
  readonly problems: readonly string[];
  readonly problemCount: number;
  readonly hash: number;
}

export interface Verdict {
  readonly revision: number;
  readonly members: readonly MemberVerdict[];
  readonly isGood: boolean;
}

const catchUpTimeoutMs = 60_000;
const pageSize = 500;
const problemsShownMax = 5;

/**
 * Compares what each member itself stores (serializable reads at one revision) with the records, byte for byte, and the
 * members' hashes with one another. Waits until all have caught up first.
 */
export async function verify(cluster: Cluster, records: ReadonlyMap<string, Buffer>): Promise<Verdict> {
  const revision = await waitUntilLevel(cluster);
  const members: MemberVerdict[] = [];
  for (const { name, endpoint } of cluster.members) {
    await using client = connect(endpoint, { timeoutMs: 20_000 });
    const differences = await compareAll(client, records, revision);
    const { hash } = await client.hashKv(endpoint, revision);
    members.push({ member: name, hash, ...differences });
  }
  const isGood = members.every(({ problemCount, hash }) => problemCount === 0 && hash === members[0]?.hash);
  return { revision, members, isGood };
}

/** Resolves with the revision that all members are at, once each has applied all that the leader has. */
async function waitUntilLevel(cluster: Cluster): Promise<number> {
  await using client = connect(cluster.endpoints);
  const deadline = performance.now() + catchUpTimeoutMs;
  for (;;) {
    const statuses = await Promise.allSettled(
      cluster.endpoints.map((endpoint) => client.status(endpoint, { timeoutMs: 2_000 })),
    );
    const known = statuses.flatMap((status) => (status.status === 'fulfilled' ? [status.value] : []));
    const leader = known.find(({ isLeader }) => isLeader);
    const isLevel =
      leader !== undefined &&
      known.length === cluster.endpoints.length &&
      known.every(
        ({ appliedIndex, revision }) => appliedIndex >= leader.index && revision === leader.revision,
      );
    if (isLevel) return leader.revision;
    if (performance.now() > deadline) {
      const states = known
        .map(({ endpoint, appliedIndex }) => `${endpoint} applied ${appliedIndex}`)
        .join(', ');
      throw new Error(`not all members caught up within ${catchUpTimeoutMs / 1000} s: ${states}`);
    }
    await delay(50);
  }
}

async function compareAll(
  client: Client,
  records: ReadonlyMap<string, Buffer>,
  revision: number,
): Promise<Pick<MemberVerdict, 'recordCount' | 'problems' | 'problemCount'>> {
  const seen = new Set<string>();
  const problems: string[] = [];
  let problemCount = 0;
  function report(key: string, what: string): void {
    problemCount++;
    if (problems.length < problemsShownMax) problems.push(`${key} ${what}`);
  }

  let from: Uint8Array = Buffer.alloc(1);
  for (;;) {
    const page = await client.page({ from }, { limit: pageSize, revision, serializable: true });
    for (const entry of page.entries) {
      const key = entry.keyText;
      if (key === probeKey) continue;
      const expected = records.get(key);
      seen.add(key);
      if (expected === undefined) report(key, 'should not be there');
      else if (Buffer.compare(expected, entry.value) !== 0) report(key, 'has another value');
    }
    const last = page.entries.at(-1);
    if (!page.more || last === undefined) break;
    from = Buffer.concat([last.key, Buffer.alloc(1)]); // The key right after it.
  }
  for (const key of records.keys()) {
    if (!seen.has(key)) report(key, 'is missing');
  }
  return { recordCount: seen.size, problems, problemCount };
}
