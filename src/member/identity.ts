import { createHash } from 'node:crypto';
import { compareBytes, emptyBytes, QuorateError } from '../base/index.js';
import type { MemberRecord, Membership } from '../mvcc/index.js';
import type { InitialMember, MemberConfig } from './config.js';

/**
 * Ids as etcd derives them, so that the same flags name the same cluster: a member's is the first eight bytes of
 * SHA-1 over its sorted peer URLs and the cluster token, the cluster's the same over all member ids in order.
 */
export function memberIdOf(peerUrls: readonly string[], token: string): string {
  return hexOfSha1(Buffer.from([...peerUrls].sort().join('') + token, 'utf8'));
}

/** `origin`: what the cluster began with, if not with nothing: the digest of a snapshot. Only then it counts. */
export function clusterIdOf(memberIds: readonly string[], origin: Uint8Array = emptyBytes): string {
  const ids = memberIds.map((id) => Buffer.from(id, 'hex')).sort(compareBytes);
  return hexOfSha1(Buffer.concat([...ids, origin]));
}

export interface InitialIdentity {
  readonly clusterId: string;
  readonly memberId: string;
  readonly membership: Membership;
}

/** The flags that name a new cluster. */
export type ClusterNaming = Pick<MemberConfig, 'name' | 'initialCluster' | 'initialClusterToken'>;

/** What the flags alone say about a new cluster and this member's place in it. */
export function initialIdentity(config: ClusterNaming): InitialIdentity {
  const token = config.initialClusterToken;
  const own = config.initialCluster.find((member) => member.name === config.name);
  if (own === undefined) {
    const names = config.initialCluster.map((member) => member.name).join(', ');
    throw new QuorateError(
      'invalid-configuration',
      `this member's name "${config.name}" is not in the initial cluster (${names}): ` +
        'give --name one of these, or add it to --initial-cluster',
    );
  }
  const members = config.initialCluster.map((member) => initialRecord(member, token));
  members.sort((a, b) => (a.id < b.id ? -1 : 1));
  refuseDuplicates(members);
  const ids = members.map((member) => member.id);
  return {
    clusterId: clusterIdOf(ids),
    memberId: memberIdOf(own.peerUrls, token),
    membership: {
      configuration: { voters: ids, outgoing: [], learners: [], learnersNext: [] },
      members,
      removed: [],
    },
  };
}

function initialRecord(member: InitialMember, token: string): MemberRecord {
  return {
    id: memberIdOf(member.peerUrls, token),
    name: member.name,
    peerUrls: [...member.peerUrls],
    clientUrls: [],
    isLearner: false,
  };
}

function refuseDuplicates(members: readonly MemberRecord[]): void {
  const urls = members.flatMap((member) => member.peerUrls);
  const twice = urls.find((url, index) => urls.indexOf(url) !== index);
  if (twice === undefined) return;
  throw new QuorateError('invalid-configuration', `the peer URL ${twice} stands twice in --initial-cluster`);
}

function hexOfSha1(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex').slice(0, 16);
}
