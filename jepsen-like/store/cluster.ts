import { etcdserverpb } from '../../src/gen/protos.js';
import { int64 } from './int64.js';
import type { Session } from './session.js';

/** A member as the cluster lists it. */
export interface ListedMember {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** Empty until it has started once. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface AddedMember {
  readonly member: ListedMember;
  /** All that belong to the cluster then. */
  readonly members: readonly ListedMember[];
}

/** etcdserverpb.Cluster, asked by a session; each rejects with a CallError. */
export const cluster = {
  /** Not linearizable: as the asked member knows it. etcd 3.4 knows nothing else. */
  async list(session: Session, linearizable: boolean): Promise<readonly ListedMember[]> {
    const request = etcdserverpb.MemberListRequest.encode({ linearizable }).finish();
    const answer = await session.admin('/etcdserverpb.Cluster/MemberList', request);
    return etcdserverpb.MemberListResponse.decode(answer).members.map(toListed);
  },
  async add(session: Session, peerUrls: readonly string[], isLearner: boolean): Promise<AddedMember> {
    const message = { peerURLs: [...peerUrls], isLearner };
    const request = etcdserverpb.MemberAddRequest.encode(message).finish();
    const answer = await session.admin('/etcdserverpb.Cluster/MemberAdd', request);
    const { member, members } = etcdserverpb.MemberAddResponse.decode(answer);
    return { member: toListed(member ?? {}), members: members.map(toListed) };
  },
  async remove(session: Session, id: string): Promise<void> {
    const request = etcdserverpb.MemberRemoveRequest.encode({ ID: toWireId(id) }).finish();
    await session.admin('/etcdserverpb.Cluster/MemberRemove', request);
  },
  async update(session: Session, id: string, peerUrls: readonly string[]): Promise<void> {
    const message = { ID: toWireId(id), peerURLs: [...peerUrls] };
    const request = etcdserverpb.MemberUpdateRequest.encode(message).finish();
    await session.admin('/etcdserverpb.Cluster/MemberUpdate', request);
  },
  async promote(session: Session, id: string): Promise<void> {
    const request = etcdserverpb.MemberPromoteRequest.encode({ ID: toWireId(id) }).finish();
    await session.admin('/etcdserverpb.Cluster/MemberPromote', request);
  },
} as const;

function toListed(member: etcdserverpb.Member.$Properties): ListedMember {
  const { ID, name, peerURLs, isLearner } = member;
  return {
    id: BigInt.asUintN(64, BigInt(String(ID ?? 0)))
      .toString(16)
      .padStart(16, '0'),
    name: name ?? '',
    peerUrls: peerURLs ?? [],
    isLearner: isLearner ?? false,
  };
}

function toWireId(id: string): number {
  return int64(BigInt.asIntN(64, BigInt(`0x${id}`)).toString());
}
