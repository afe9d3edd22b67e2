import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import { decodeRequest } from './decode.js';
import { encodeMemberListResponse } from './encode.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { Method } from './method.js';

/** etcdserverpb.Cluster, as far as it is served. */
export function clusterMethods(member: Member, header: HeaderWriter): readonly Method[] {
  return [
    unary(member, '/etcdserverpb.Cluster/MemberList', {
      decode: (bytes) => decodeRequest(etcdserverpb.MemberListRequest, bytes),
      handle: async ({ linearizable }) =>
        encodeMemberListResponse(header, await member.cluster.members({ linearizable })),
    }),
  ];
}
