import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import { decodeRequest } from './decode.js';
import { toMemberId } from './convert-id.js';
import { encodeMemberAddResponse, encodeMembersResponse } from './encode-cluster.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { Method } from './method.js';

/** etcdserverpb.Cluster, whole. */
export function clusterMethods(member: Member, header: HeaderWriter): readonly Method[] {
  const { cluster } = member;
  return [
    unary(member, '/etcdserverpb.Cluster/MemberAdd', {
      decode(bytes) {
        const { peerURLs, isLearner } = decodeRequest(etcdserverpb.MemberAddRequest, bytes);
        return { peerUrls: peerURLs, isLearner };
      },
      handle: async (request, caller) => encodeMemberAddResponse(header, await cluster.add(request, caller)),
    }),
    unary(member, '/etcdserverpb.Cluster/MemberRemove', {
      decode: (bytes) => toMemberId(decodeRequest(etcdserverpb.MemberRemoveRequest, bytes).ID),
      handle: async (id, caller) => encodeMembersResponse(header, await cluster.remove(id, caller)),
    }),
    unary(member, '/etcdserverpb.Cluster/MemberUpdate', {
      decode(bytes) {
        const { ID, peerURLs } = decodeRequest(etcdserverpb.MemberUpdateRequest, bytes);
        return { id: toMemberId(ID), peerUrls: peerURLs };
      },
      handle: async ({ id, peerUrls }, caller) =>
        encodeMembersResponse(header, await cluster.update(id, peerUrls, caller)),
    }),
    unary(member, '/etcdserverpb.Cluster/MemberList', {
      decode: (bytes) => decodeRequest(etcdserverpb.MemberListRequest, bytes),
      async handle({ linearizable }, caller) {
        member.auth.requireUser(caller);
        return encodeMembersResponse(header, await cluster.members({ linearizable }));
      },
    }),
    unary(member, '/etcdserverpb.Cluster/MemberPromote', {
      decode: (bytes) => toMemberId(decodeRequest(etcdserverpb.MemberPromoteRequest, bytes).ID),
      handle: async (id, caller) => encodeMembersResponse(header, await cluster.promote(id, caller)),
    }),
  ];
}
