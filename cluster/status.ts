import { setTimeout as delay } from 'node:timers/promises';

import { QuorateError } from '../src/base/index.js';
import { openStatusReader } from './status-reader.js';
import type { StatusAnswer } from './status-reader.js';
import type { ClusterMember } from './types.js';

const statusTimeoutMs = 1_000;
const compareEveryMs = 500;

/** What each running member says of itself; null for those that do not answer in time. */
export async function askAll(
  members: readonly ClusterMember[],
): Promise<{ readonly member: ClusterMember; readonly answer: StatusAnswer | null }[]> {
  return Promise.all(
    members.map(async (member) => {
      if (member.state !== 'running') return { member, answer: null };
      const reader = openStatusReader(member.endpoint);
      try {
        return { member, answer: await reader.read(statusTimeoutMs) };
      } finally {
        await reader.close();
      }
    }),
  );
}

/** A deposed leader that has not heard of it still says that it leads: the highest term counts. */
export async function findLeader(members: readonly ClusterMember[]): Promise<ClusterMember | null> {
  const leaders = (await askAll(members)).flatMap(({ member, answer }) =>
    answer !== null && answer.isLeader ? [{ member, term: answer.term }] : [],
  );
  leaders.sort((a, b) => b.term - a.term);
  return leaders[0]?.member ?? null;
}

/** Never resolves while `signal` has not fired; throws `wrong-cluster` as soon as two members name different clusters. */
export async function failIfClustersDiffer(
  members: readonly ClusterMember[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const known = (await askAll(members)).flatMap(({ member, answer }) =>
      answer === null ? [] : [{ name: member.name, folder: member.dataFolder, clusterId: answer.clusterId }],
    );
    const odd = known.find(({ clusterId }) => clusterId !== known[0]?.clusterId);
    if (odd !== undefined) {
      throw new QuorateError(
        'wrong-cluster',
        `the members have data of different clusters: ${known.map((one) => `${one.name} of ${one.clusterId}`).join(', ')}. ` +
          'One of their folders comes from elsewhere: put the right one back, or choose another --data-dir for a new cluster.',
      );
    }
    await delay(compareEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
