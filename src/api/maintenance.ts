import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import { toNumber } from './convert.js';
import { decodeRequest } from './decode.js';
import { encodeHashKvResponse, encodeStatusResponse } from './encode.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { Method } from './method.js';
import { apiVersion } from './version.js';

/** etcdserverpb.Maintenance, as far as it is served. */
export function maintenanceMethods(member: Member, header: HeaderWriter): readonly Method[] {
  return [
    unary(member, '/etcdserverpb.Maintenance/Status', {
      decode: (bytes) => decodeRequest(etcdserverpb.StatusRequest, bytes),
      servedByLearner: () => true,
      handle: async () => encodeStatusResponse(header, await readStatus(member)),
    }),
    unary(member, '/etcdserverpb.Maintenance/HashKV', {
      decode: (bytes) => toNumber(decodeRequest(etcdserverpb.HashKVRequest, bytes).revision),
      handle: async (revision, caller) =>
        encodeHashKvResponse(header, await member.maintenance.hashKv(revision, caller)),
    }),
  ];
}

async function readStatus(member: Member): Promise<Parameters<typeof encodeStatusResponse>[1]> {
  const size = await member.maintenance.databaseSize();
  const status = member.status();
  return {
    version: apiVersion,
    dbSizeBytes: size.total,
    dbSizeInUseBytes: size.inUse,
    leader: status.leader,
    raftIndex: status.commitIndex,
    raftTerm: status.term,
    raftAppliedIndex: status.appliedIndex,
    errors: status.errors,
    isLearner: status.isLearner,
    revision: status.revision,
  };
}
