import { etcdserverpb as pb, v3electionpb, v3lockpb } from '../../../src/gen/protos.js';
import { bytes } from './key-requests.js';
import type { Case } from './key-requests.js';
import type { Need } from './rules.js';

/** What those who may are told then, where it is not done. */
interface Told {
  readonly permitted?: string;
}

const unknownId = 0x7777;
const leaseId = 81;
/** The key of that lease below the name `d`. */
const ownKey = bytes(`d/${leaseId.toString(16)}`);

/** A lease for locks, and a key that makes somebody the leader of the election `e`. */
export const stage = { leaseId: BigInt(leaseId), leaderKey: 'e/1' } as const;

function call(path: string, request: Uint8Array, needs: readonly Need[] | null, told: Told = {}): Case {
  return { name: path, path, bytes: request, needs, ...told };
}

/** What is about the cluster and its members, and not about keys. `ownUrl` is in use. */
export function clusterCases(ownUrl: string): readonly Case[] {
  const { ACTIVATE, DEACTIVATE, GET } = pb.AlarmRequest.AlarmAction;
  const alarm = pb.AlarmType.NOSPACE;
  const cluster = (method: string, request: Uint8Array, permitted: string): Case =>
    call(`/etcdserverpb.Cluster/${method}`, request, ['root'], { permitted });
  const maintenance = (
    method: string,
    request: Uint8Array,
    needs: readonly Need[] | null,
    told?: Told,
  ): Case => call(`/etcdserverpb.Maintenance/${method}`, request, needs, told);
  const id = unknownId;
  return [
    cluster('MemberAdd', pb.MemberAddRequest.encode({ peerURLs: [ownUrl] }).finish(), 'peer-urls-exist'),
    cluster('MemberRemove', pb.MemberRemoveRequest.encode({ ID: id }).finish(), 'member-not-found'),
    cluster(
      'MemberUpdate',
      pb.MemberUpdateRequest.encode({ ID: id, peerURLs: ['http://other:2380'] }).finish(),
      'member-not-found',
    ),
    cluster('MemberPromote', pb.MemberPromoteRequest.encode({ ID: id }).finish(), 'member-not-found'),
    call('/etcdserverpb.Cluster/MemberList', pb.MemberListRequest.encode({}).finish(), ['somebody']),
    maintenance('Status', pb.StatusRequest.encode({}).finish(), null),
    maintenance('Alarm', pb.AlarmRequest.encode({ action: GET }).finish(), ['somebody']),
    maintenance('Alarm', pb.AlarmRequest.encode({ action: ACTIVATE, alarm, memberID: id }).finish(), [
      'root',
    ]),
    maintenance('Alarm', pb.AlarmRequest.encode({ action: DEACTIVATE, alarm, memberID: id }).finish(), [
      'root',
    ]),
    maintenance('Defragment', pb.DefragmentRequest.encode({}).finish(), ['root']),
    maintenance('Hash', pb.HashRequest.encode({}).finish(), ['root']),
    maintenance('HashKV', pb.HashKVRequest.encode({}).finish(), ['root']),
    maintenance('Snapshot', pb.SnapshotRequest.encode({}).finish(), ['root']),
    maintenance('MoveLeader', pb.MoveLeaderRequest.encode({ targetID: id }).finish(), ['root'], {
      permitted: 'bad-leader-transferee',
    }),
    call(
      '/etcdserverpb.KV/Compact',
      pb.CompactionRequest.encode({ revision: 1_000_000 }).finish(),
      ['root'],
      {
        permitted: 'future-revision',
      },
    ),
  ];
}

/** Locks and elections are keys too: who holds one can write below its name, and who waits can read there. */
export function turnCases(): readonly Case[] {
  const read: Need = { right: 'read', keys: 'D' };
  const write: Need = { right: 'write', keys: 'D' };
  const name = bytes('d');
  const leader = { name, key: ownKey, rev: 1, lease: leaseId };
  const notLeader = { permitted: 'election: not leader' };
  return [
    call('/v3lockpb.Lock/Lock', v3lockpb.LockRequest.encode({ name, lease: leaseId }).finish(), [
      write,
      read,
    ]),
    call('/v3lockpb.Lock/Unlock', v3lockpb.UnlockRequest.encode({ key: ownKey }).finish(), [write]),
    call('/v3electionpb.Election/Leader', v3electionpb.LeaderRequest.encode({ name: bytes('e') }).finish(), [
      { right: 'read', keys: 'E' },
    ]),
    call(
      '/v3electionpb.Election/Proclaim',
      v3electionpb.ProclaimRequest.encode({ leader, value: bytes('v') }).finish(),
      [read, write],
      notLeader,
    ),
    call('/v3electionpb.Election/Resign', v3electionpb.ResignRequest.encode({ leader }).finish(), [
      read,
      write,
    ]),
  ];
}
