import { etcdserverpb } from '../gen/protos.js';
import type { CallOptions, Connection } from './connection.js';
import { idText, wireId } from './member-id.js';

export interface ClusterMember {
  /** 16 hexadecimal digits, as in logs and tables. */
  readonly id: string;
  /** Empty until the member has started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** Who belongs to the cluster. Each change answers with all members as they are afterwards. */
export interface Members {
  /** Of all members, confirmed with the leader unless `serializable` is set. */
  members(options?: CallOptions & { readonly serializable?: boolean }): Promise<readonly ClusterMember[]>;
  /**
   * Lets a new member in, which then has to be started with `--initial-cluster-state existing`. A learner has no vote until
   * it is promoted: add one to a cluster that is in use.
   */
  addMember(
    peerUrls: string | readonly string[],
    options?: CallOptions & { readonly isLearner?: boolean },
  ): Promise<{ readonly member: ClusterMember; readonly members: readonly ClusterMember[] }>;
  /** Throws `not-enough-started-members` where the rest could not decide any more. */
  removeMember(id: string, options?: CallOptions): Promise<readonly ClusterMember[]>;
  /** Gives a member other peer addresses. */
  updateMember(
    id: string,
    peerUrls: string | readonly string[],
    options?: CallOptions,
  ): Promise<readonly ClusterMember[]>;
  /** Gives a learner its vote. Throws `learner-not-ready` until it has caught up. */
  promoteMember(id: string, options?: CallOptions): Promise<readonly ClusterMember[]>;
}

const service = '/etcdserverpb.Cluster';

export function createMembers(connection: Connection): Members {
  return {
    async members(options = {}) {
      const linearizable = options.serializable !== true;
      const message = etcdserverpb.MemberListRequest.encode({ linearizable }).finish();
      const request = { name: 'members', path: `${service}/MemberList`, message, kind: 'read' } as const;
      return etcdserverpb.MemberListResponse.decode(await connection.call(request, options)).members.map(
        memberOf,
      );
    },
    async addMember(peerUrls, options = {}) {
      const asked = { peerURLs: listOf(peerUrls), isLearner: options.isLearner ?? false };
      const message = etcdserverpb.MemberAddRequest.encode(asked).finish();
      const request = { name: 'addMember', path: `${service}/MemberAdd`, message, kind: 'write' } as const;
      const response = etcdserverpb.MemberAddResponse.decode(await connection.call(request, options));
      return { member: memberOf(response.member ?? {}), members: response.members.map(memberOf) };
    },
    async removeMember(id, options) {
      const message = etcdserverpb.MemberRemoveRequest.encode({ ID: wireId(id) }).finish();
      const request = {
        name: 'removeMember',
        path: `${service}/MemberRemove`,
        message,
        kind: 'write',
      } as const;
      return etcdserverpb.MemberRemoveResponse.decode(await connection.call(request, options)).members.map(
        memberOf,
      );
    },
    async updateMember(id, peerUrls, options) {
      const asked = { ID: wireId(id), peerURLs: listOf(peerUrls) };
      const message = etcdserverpb.MemberUpdateRequest.encode(asked).finish();
      const request = {
        name: 'updateMember',
        path: `${service}/MemberUpdate`,
        message,
        kind: 'repeatable',
      } as const;
      return etcdserverpb.MemberUpdateResponse.decode(await connection.call(request, options)).members.map(
        memberOf,
      );
    },
    async promoteMember(id, options) {
      const message = etcdserverpb.MemberPromoteRequest.encode({ ID: wireId(id) }).finish();
      const request = {
        name: 'promoteMember',
        path: `${service}/MemberPromote`,
        message,
        kind: 'write',
      } as const;
      return etcdserverpb.MemberPromoteResponse.decode(await connection.call(request, options)).members.map(
        memberOf,
      );
    },
  };
}

function listOf(urls: string | readonly string[]): string[] {
  return typeof urls === 'string' ? [urls] : [...urls];
}

function memberOf(member: etcdserverpb.Member.$Properties): ClusterMember {
  return {
    id: idText(member.ID),
    name: member.name ?? '',
    peerUrls: member.peerURLs ?? [],
    clientUrls: member.clientURLs ?? [],
    isLearner: member.isLearner ?? false,
  };
}
