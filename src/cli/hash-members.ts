import { messageOf } from '../base/index.js';
import type { CallOptions, Client, ClusterMember, HashResult } from '../client/index.js';

export interface HashReport {
  readonly member: ClusterMember;
  /** Empty: it has not started. */
  readonly endpoint: string;
  readonly outcome:
    | { readonly type: 'hashed'; readonly result: HashResult }
    | { readonly type: 'refused' | 'unreachable'; readonly error: string };
}

/**
 * `unknown`: not all answered, and those that did are equal. `apart`: some have given up more of their history than others,
 * so that their checksums are of different things.
 */
export type HashVerdict = 'equal' | 'different' | 'unknown' | 'apart';

/** Asks all these members at one revision; 0 is the latest that each of them has. The client must know their endpoints. */
export async function hashMembers(
  client: Client,
  members: readonly ClusterMember[],
  revision: number,
  call: CallOptions,
): Promise<readonly HashReport[]> {
  const asked = members.map((member) => ({ member, endpoint: member.clientUrls[0] ?? '' }));
  const statuses = await Promise.allSettled(asked.map(({ endpoint }) => client.status(endpoint, call)));
  const reached = statuses.flatMap((status) =>
    status.status === 'fulfilled' ? [status.value.revision] : [],
  );
  const common = revision === 0 ? Math.min(...reached) : revision;
  return Promise.all(
    asked.map(async ({ member, endpoint }, index) => {
      const status = statuses[index];
      if (status?.status !== 'fulfilled') {
        const error = endpoint === '' ? 'has not started' : messageOf(status?.reason);
        return { member, endpoint, outcome: { type: 'unreachable', error } };
      }
      try {
        const result = await client.hashKv(endpoint, common, call);
        return { member, endpoint, outcome: { type: 'hashed', result } };
      } catch (error) {
        return { member, endpoint, outcome: { type: 'refused', error: messageOf(error) } };
      }
    }),
  );
}

export function judgeHashes(reports: readonly HashReport[]): HashVerdict {
  const results = hashedOf(reports).map(({ result }) => result);
  if (new Set(results.map(({ compactRevision }) => compactRevision)).size > 1) return 'apart';
  if (new Set(results.map(({ hash }) => hash)).size > 1) return 'different';
  return results.length === reports.length ? 'equal' : 'unknown';
}

export function hashedOf(
  reports: readonly HashReport[],
): readonly { readonly member: ClusterMember; readonly result: HashResult }[] {
  return reports.flatMap(({ member, outcome }) =>
    outcome.type === 'hashed' ? [{ member, result: outcome.result }] : [],
  );
}
