import { etcdserverpb } from '../gen/protos.js';
import type { CallOptions, Connection } from './connection.js';
import { toBigInt, toNumber } from './entry.js';
import type { WireInteger } from './entry.js';

/** What one member says about itself. Ids are 16 hexadecimal digits, as in logs and tables. */
export interface MemberStatus {
  readonly endpoint: string;
  readonly id: string;
  readonly clusterId: string;
  /** Of the API that it speaks. */
  readonly version: string;
  /** Undefined while it knows none. */
  readonly leader: string | undefined;
  readonly isLeader: boolean;
  readonly isLearner: boolean;
  readonly term: number;
  /** The last log index known to be committed, and the last one applied. */
  readonly index: number;
  readonly appliedIndex: number;
  readonly revision: number;
  readonly databaseSizeBytes: number;
  readonly databaseUsedBytes: number;
  /** What is wrong in its own words; empty when nothing is. */
  readonly errors: readonly string[];
}

export interface ClusterMember {
  readonly id: string;
  /** Empty until the member has started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface HashResult {
  readonly endpoint: string;
  readonly id: string;
  /** Over the history from compactRevision to hashRevision: equal on all members where both revisions are. */
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
  /** Of the store when it was asked. */
  readonly revision: number;
}

/** Questions for operators. */
export interface Maintenance {
  /** Asks this one endpoint, once: a failure tells about it and not about the others. */
  status(endpoint: string, options?: CallOptions): Promise<MemberStatus>;
  /** Of all members, confirmed with the leader unless `serializable` is set. */
  members(options?: CallOptions & { readonly serializable?: boolean }): Promise<readonly ClusterMember[]>;
  /** A checksum of what this one endpoint stores. `revision` 0 is the latest. */
  hashKv(endpoint: string, revision: number, options?: CallOptions): Promise<HashResult>;
}

export function createMaintenance(connection: Connection): Maintenance {
  return {
    async status(endpoint, options) {
      const message = etcdserverpb.StatusRequest.encode({}).finish();
      const path = '/etcdserverpb.Maintenance/Status';
      const request = { name: 'status', path, message, kind: 'read' } as const;
      const answer = await connection.callOne(endpoint, request, options);
      return statusOf(endpoint, etcdserverpb.StatusResponse.decode(answer));
    },
    async members(options = {}) {
      const linearizable = options.serializable !== true;
      const message = etcdserverpb.MemberListRequest.encode({ linearizable }).finish();
      const path = '/etcdserverpb.Cluster/MemberList';
      const request = { name: 'members', path, message, kind: 'read' } as const;
      const response = etcdserverpb.MemberListResponse.decode(await connection.call(request, options));
      return response.members.map((member) => ({
        id: idText(member.ID),
        name: member.name ?? '',
        peerUrls: member.peerURLs ?? [],
        clientUrls: member.clientURLs ?? [],
        isLearner: member.isLearner ?? false,
      }));
    },
    async hashKv(endpoint, revision, options) {
      const message = etcdserverpb.HashKVRequest.encode({ revision }).finish();
      const path = '/etcdserverpb.Maintenance/HashKV';
      const request = { name: 'hashKv', path, message, kind: 'read' } as const;
      const response = etcdserverpb.HashKVResponse.decode(
        await connection.callOne(endpoint, request, options),
      );
      return {
        endpoint,
        id: idText(response.header?.memberId),
        hash: response.hash,
        hashRevision: toNumber(response.hashRevision) || revision || toNumber(response.header?.revision),
        compactRevision: toNumber(response.compactRevision),
        revision: toNumber(response.header?.revision),
      };
    },
  };
}

function statusOf(endpoint: string, response: etcdserverpb.StatusResponse): MemberStatus {
  const id = idText(response.header?.memberId);
  const leader = toBigInt(response.leader) === 0n ? undefined : idText(response.leader);
  return {
    endpoint,
    id,
    clusterId: idText(response.header?.clusterId),
    version: response.version,
    leader,
    isLeader: leader === id,
    isLearner: response.isLearner,
    term: toNumber(response.raftTerm),
    index: toNumber(response.raftIndex),
    appliedIndex: toNumber(response.raftAppliedIndex),
    revision: toNumber(response.header?.revision),
    databaseSizeBytes: toNumber(response.dbSize),
    databaseUsedBytes: toNumber(response.dbSizeInUse),
    errors: response.errors,
  };
}

function idText(id: WireInteger): string {
  return BigInt.asUintN(64, toBigInt(id)).toString(16).padStart(16, '0');
}
