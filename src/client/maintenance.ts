import { etcdserverpb } from '../gen/protos.js';
import type { CallOptions, Connection } from './connection.js';
import { toBigInt, toNumber } from './entry.js';
import { ClientError } from './errors.js';
import { idText, wireId } from './member-id.js';

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
  /** A checksum of what this one endpoint stores. `revision` 0 is the latest. */
  hashKv(endpoint: string, revision: number, options?: CallOptions): Promise<HashResult>;
  /** A checksum of everything that this one endpoint has in its store, now: other members' may differ. */
  hash(endpoint: string, options?: CallOptions): Promise<number>;
  /** Gives back to the file system what deleted records still occupy, on this one endpoint. */
  defragment(endpoint: string, options?: CallOptions): Promise<void>;
  /** What is wrong in the whole cluster, member by member. */
  alarms(options?: CallOptions): Promise<readonly Alarm[]>;
  /** Ends this alarm, or all: writes are taken again. Answers with those that were ended. */
  disarm(alarm?: Alarm, options?: CallOptions): Promise<readonly Alarm[]>;
  /**
   * Makes this member the leader. Asks the endpoints which of them leads and tells that one. Throws `no-leader` where none
   * does, and `bad-leader-transferee`.
   */
  moveLeader(id: string, options?: CallOptions): Promise<void>;
}

/** The store of a member is full, or members disagree. */
export type AlarmKind = 'no-space' | 'corrupt';

export interface Alarm {
  readonly memberId: string;
  readonly kind: AlarmKind;
}

const { AlarmType } = etcdserverpb;
const { AlarmAction } = etcdserverpb.AlarmRequest;
const service = '/etcdserverpb.Maintenance';

export function createMaintenance(connection: Connection): Maintenance {
  async function changeAlarms(
    wish: etcdserverpb.AlarmRequest.$Properties,
    kind: 'read' | 'repeatable',
    options: CallOptions | undefined,
  ): Promise<readonly Alarm[]> {
    const message = etcdserverpb.AlarmRequest.encode(wish).finish();
    const answer = await connection.call(
      { name: 'alarms', path: `${service}/Alarm`, message, kind },
      options,
    );
    return etcdserverpb.AlarmResponse.decode(answer).alarms.flatMap(alarmsOf);
  }

  async function status(endpoint: string, options?: CallOptions): Promise<MemberStatus> {
    const message = etcdserverpb.StatusRequest.encode({}).finish();
    const request = { name: 'status', path: `${service}/Status`, message, kind: 'read' } as const;
    const answer = await connection.callOne(endpoint, request, options);
    return statusOf(endpoint, etcdserverpb.StatusResponse.decode(answer));
  }

  return {
    status,
    async hashKv(endpoint, revision, options) {
      const message = etcdserverpb.HashKVRequest.encode({ revision }).finish();
      const request = { name: 'hashKv', path: `${service}/HashKV`, message, kind: 'read' } as const;
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
    async hash(endpoint, options) {
      const message = etcdserverpb.HashRequest.encode({}).finish();
      const request = { name: 'hash', path: `${service}/Hash`, message, kind: 'read' } as const;
      return etcdserverpb.HashResponse.decode(await connection.callOne(endpoint, request, options)).hash;
    },
    async defragment(endpoint, options) {
      const message = etcdserverpb.DefragmentRequest.encode({}).finish();
      const request = { name: 'defragment', path: `${service}/Defragment`, message, kind: 'write' } as const;
      await connection.callOne(endpoint, request, options);
    },
    alarms: (options) => changeAlarms({ action: AlarmAction.GET }, 'read', options),
    async disarm(alarm, options) {
      if (alarm === undefined) {
        const ended = [];
        for (const each of await this.alarms(options)) ended.push(...(await this.disarm(each, options)));
        return ended;
      }
      const type = alarm.kind === 'corrupt' ? AlarmType.CORRUPT : AlarmType.NOSPACE;
      const wish = { action: AlarmAction.DEACTIVATE, memberID: wireId(alarm.memberId), alarm: type };
      return changeAlarms(wish, 'repeatable', options);
    },
    async moveLeader(id, options) {
      const message = etcdserverpb.MoveLeaderRequest.encode({ targetID: wireId(id) }).finish();
      const path = `${service}/MoveLeader`;
      const asked = await Promise.allSettled(
        connection.endpoints.map((endpoint) => status(endpoint, options)),
      );
      const statuses = asked.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const leader = statuses.filter((each) => each.isLeader).sort((a, b) => b.term - a.term)[0];
      if (leader === undefined) throw new ClientError('no-leader', 'moveLeader: none of the endpoints leads');
      await connection.callOne(
        leader.endpoint,
        { name: 'moveLeader', path, message, kind: 'write' },
        options,
      );
    },
  };
}

function alarmsOf({ memberID, alarm }: etcdserverpb.AlarmMember.$Properties): Alarm[] {
  if (alarm !== AlarmType.NOSPACE && alarm !== AlarmType.CORRUPT) return [];
  return [{ memberId: idText(memberID), kind: alarm === AlarmType.CORRUPT ? 'corrupt' : 'no-space' }];
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
