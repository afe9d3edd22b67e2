import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import type { Alarm, AlarmType, Caller } from '../mvcc/index.js';
import { toMemberId } from './convert-id.js';
import { toNumber } from './convert.js';
import { decodeRequest } from './decode.js';
import { encodeAlarmResponse, encodeHashResponse } from './encode-maintenance.js';
import { encodeHashKvResponse, encodeStatusResponse } from './encode.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { Method } from './method.js';
import { apiVersion } from './version.js';

const empty = Buffer.alloc(0);
const { AlarmAction } = etcdserverpb.AlarmRequest;
const alarmTypes: readonly (AlarmType | undefined)[] = [undefined, 'no-space', 'corrupt'];

/** etcdserverpb.Maintenance, but for Snapshot (snapshot.ts) and Downgrade, which etcd 3.4 does not have either. */
export function maintenanceMethods(member: Member, header: HeaderWriter): readonly Method[] {
  const { maintenance } = member;
  return [
    unary(member, '/etcdserverpb.Maintenance/Alarm', {
      decode(bytes) {
        const { action, memberID, alarm } = decodeRequest(etcdserverpb.AlarmRequest, bytes);
        return { action, memberId: toMemberId(memberID), alarm: alarmTypes[alarm] };
      },
      async handle(request, caller) {
        return encodeAlarmResponse(await alarm(member, request, caller));
      },
    }),
    unary(member, '/etcdserverpb.Maintenance/Status', {
      decode: (bytes) => decodeRequest(etcdserverpb.StatusRequest, bytes),
      servedByLearner: () => true,
      servedToAnyone: true,
      handle: async () => encodeStatusResponse(header, await readStatus(member)),
    }),
    unary(member, '/etcdserverpb.Maintenance/Defragment', {
      decode: (bytes) => decodeRequest(etcdserverpb.DefragmentRequest, bytes),
      async handle(_request, caller) {
        await maintenance.defragment(caller);
        return empty; // Without a header, as etcd.
      },
    }),
    unary(member, '/etcdserverpb.Maintenance/Hash', {
      decode: (bytes) => decodeRequest(etcdserverpb.HashRequest, bytes),
      async handle(_request, caller) {
        const { hash, revision } = await maintenance.hashKv(0, caller);
        return encodeHashResponse(header, revision, hash);
      },
    }),
    unary(member, '/etcdserverpb.Maintenance/HashKV', {
      decode: (bytes) => toNumber(decodeRequest(etcdserverpb.HashKVRequest, bytes).revision),
      handle: async (revision, caller) =>
        encodeHashKvResponse(header, await maintenance.hashKv(revision, caller)),
    }),
    unary(member, '/etcdserverpb.Maintenance/MoveLeader', {
      decode: (bytes) => toMemberId(decodeRequest(etcdserverpb.MoveLeaderRequest, bytes).targetID),
      async handle(target, caller) {
        await maintenance.moveLeader(target, caller);
        return empty; // Without a header, as etcd.
      },
    }),
  ];
}

/** Raising or ending an alarm of no kind changes nothing; asking for it asks for all. */
async function alarm(
  member: Member,
  request: {
    readonly action: etcdserverpb.AlarmRequest.AlarmAction;
    readonly memberId: string;
    readonly alarm: AlarmType | undefined;
  },
  caller: Caller,
): Promise<readonly Alarm[]> {
  const { maintenance } = member;
  const { action, memberId, alarm: kind } = request;
  if (action === AlarmAction.GET) {
    await member.linearizableBarrier();
    member.auth.requireUser(caller);
    return maintenance.alarms().filter((each) => kind === undefined || each.alarm === kind);
  }
  if (kind === undefined) return [];
  switch (action) {
    case AlarmAction.ACTIVATE:
      return maintenance.activateAlarm(memberId, kind, caller);
    case AlarmAction.DEACTIVATE:
      return maintenance.deactivateAlarm(memberId, kind, caller);
    default:
      return []; // A client of the future.
  }
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
    dbSizeQuotaBytes: status.quotaSizeBytes,
  };
}
