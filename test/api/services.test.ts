import { Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { QuorateError } from '../../src/base/index.js';
import { etcdserverpb as pb } from '../../src/gen/protos.js';
import type { Member, MemberLeases } from '../../src/member/index.js';
import type { Alarm, AlarmType, MemberRecord } from '../../src/mvcc/index.js';
import { serveApi } from './serve.js';
import { stubMember } from './stub-member.js';

/** Leases, membership and maintenance between the wire and a member: what is asked of it, and what goes back. */

const header = { clusterId: 0xdcf0000000000002n, memberId: 0xbcc7000000000001n, term: 7n };

interface Decodes<T> {
  decode(bytes: Uint8Array): T;
}

async function ask<T>(member: Member, method: string, request: Uint8Array, answer: Decodes<T>): Promise<T> {
  const { client } = await serveApi(member);
  const outcome = await client.call(`/etcdserverpb.${method}`, request);
  if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
  return answer.decode(outcome.bytes);
}

/** As the generated code has 64-bit numbers. */
function plain(value: unknown): bigint {
  return BigInt.asUintN(64, BigInt(String(value)));
}

function headerOf(message: pb.ResponseHeader.$Properties | null | undefined) {
  return {
    clusterId: plain(message?.clusterId),
    memberId: plain(message?.memberId),
    term: plain(message?.raftTerm),
    revision: plain(message?.revision),
  };
}

function withLeases(leases: Partial<MemberLeases>): Member {
  return stubMember({ leases: { ...stubMember().leases, ...leases } });
}

describe('leases on the wire', () => {
  it('are granted with all 64 bits of their id, and negative times', async () => {
    const asked: unknown[] = [];
    const member = withLeases({
      grant: async (request) => {
        asked.push(request);
        return Promise.resolve({ id: -5n, ttlSeconds: 9, revision: 6 });
      },
    });
    const request = pb.LeaseGrantRequest.encode({ ID: -5, TTL: -1 }).finish();
    const answer = await ask(member, 'Lease/LeaseGrant', request, pb.LeaseGrantResponse);
    expect(asked).toEqual([{ id: -5n, ttlSeconds: -1 }]);
    expect(headerOf(answer.header)).toEqual({ ...header, revision: 6n });
    expect(plain(answer.ID)).toBe(BigInt.asUintN(64, -5n));
    expect(plain(answer.TTL)).toBe(9n);
  });

  it('that are not there have a time to live of −1', async () => {
    const request = pb.LeaseTimeToLiveRequest.encode({ ID: 77, keys: true }).finish();
    const answer = await ask(stubMember(), 'Lease/LeaseTimeToLive', request, pb.LeaseTimeToLiveResponse);
    expect(headerOf(answer.header)).toEqual({ ...header, revision: 5n });
    expect([answer.ID, answer.TTL, answer.grantedTTL].map(String)).toEqual(['77', '-1', '0']);
  });

  it('tell their keys as bytes, and are listed', async () => {
    const member = withLeases({
      timeToLive: async (_id, { keys }) =>
        Promise.resolve({ ttlSeconds: 0, grantedTtlSeconds: 60, keys: keys ? ['a\u00ff', 'b'] : [] }),
      list: async () => Promise.resolve([-1n, 3n]),
    });
    const request = pb.LeaseTimeToLiveRequest.encode({ ID: 3, keys: true }).finish();
    const answer = await ask(member, 'Lease/LeaseTimeToLive', request, pb.LeaseTimeToLiveResponse);
    expect(answer.keys.map((key) => Buffer.from(key).toString('latin1'))).toEqual(['a\u00ff', 'b']);
    expect([answer.TTL, answer.grantedTTL].map(String)).toEqual(['0', '60']);
    const list = await ask(member, 'Lease/LeaseLeases', new Uint8Array(), pb.LeaseLeasesResponse);
    expect(list.leases.map(({ ID }) => String(ID))).toEqual(['-1', '3']);
  });

  it('are renewed ahead, and answered in the order of the requests', async () => {
    const waiting = new Map<bigint, (ttl: number) => void>();
    const member = withLeases({ keepAlive: (id) => new Promise((resolve) => waiting.set(id, resolve)) });
    const stream = await openKeepAlive(member);
    for (const id of [1, 2, 3]) stream.send(id);
    while (waiting.size < 3) await new Promise((resolve) => setImmediate(resolve));
    for (const id of [3n, 2n]) waiting.get(id)?.(Number(id) * 10);
    waiting.get(1n)?.(0);
    stream.end();
    expect(await stream.status).toEqual({ code: status.OK, details: '' });
    expect(stream.answers.map(({ ID, TTL }) => `${String(ID)}: ${String(TTL)}`)).toEqual([
      '1: 0',
      '2: 20',
      '3: 30',
    ]);
    expect(headerOf(stream.answers[0]?.header)).toEqual({ ...header, revision: 5n });
  });

  it('end the stream with the first renewal that fails, whatever the others wait for', async () => {
    const member = withLeases({
      keepAlive: (id) =>
        id === 1n ? new Promise(() => undefined) : Promise.reject(new QuorateError('timed-out')),
    });
    const stream = await openKeepAlive(member);
    for (const id of [1, 2]) stream.send(id);
    expect(await stream.status).toEqual({
      code: status.UNAVAILABLE,
      details: 'etcdserver: request timed out',
    });
  });
});

async function openKeepAlive(member: Member) {
  const { address } = await serveApi(member);
  const client = new Client(address.replace('http://', ''), credentials.createInsecure());
  const path = '/etcdserverpb.Lease/LeaseKeepAlive';
  const call = client.makeBidiStreamRequest(
    path,
    (id: number) => Buffer.from(pb.LeaseKeepAliveRequest.encode({ ID: id }).finish()),
    (bytes) => pb.LeaseKeepAliveResponse.decode(bytes),
  );
  const answers: pb.LeaseKeepAliveResponse[] = [];
  call.on('data', (answer: pb.LeaseKeepAliveResponse) => answers.push(answer));
  call.on('error', () => undefined);
  const ended = new Promise<{ code: number; details: string }>((resolve) =>
    call.on('status', ({ code, details }) => {
      client.close();
      resolve({ code, details });
    }),
  );
  return {
    send: (id: number): void => void call.write(id),
    end: (): void => void call.end(),
    answers,
    status: ended,
  };
}

describe('membership on the wire', () => {
  const record = (digit: string, more: Partial<MemberRecord> = {}): MemberRecord => ({
    id: digit.repeat(16),
    name: `m${digit}`,
    peerUrls: [`http://m${digit}:2380`],
    clientUrls: [],
    isLearner: false,
    ...more,
  });

  it('tells the new member and all members, in a header without a revision', async () => {
    const asked: unknown[] = [];
    const { cluster } = stubMember();
    const member = stubMember({
      cluster: {
        ...cluster,
        add: async (request) => {
          asked.push(request);
          const added = record('f', { name: '', isLearner: true });
          return Promise.resolve({ member: added, members: [record('1'), added] });
        },
      },
    });
    const request = pb.MemberAddRequest.encode({ peerURLs: ['http://mf:2380'], isLearner: true }).finish();
    const answer = await ask(member, 'Cluster/MemberAdd', request, pb.MemberAddResponse);
    expect(asked).toEqual([{ peerUrls: ['http://mf:2380'], isLearner: true }]);
    expect(headerOf(answer.header)).toEqual({ ...header, revision: 0n });
    expect(plain(answer.member?.ID)).toBe(0xffff_ffff_ffff_ffffn);
    expect(answer.member).toMatchObject({ name: '', peerURLs: ['http://mf:2380'], isLearner: true });
    expect(answer.members.map(({ name }) => name)).toEqual(['m1', '']);
  });

  it('names members by all 64 bits', async () => {
    const asked: string[] = [];
    const note = async (id: string): Promise<readonly MemberRecord[]> => {
      asked.push(id);
      return Promise.resolve([record('1')]);
    };
    const { cluster } = stubMember();
    const member = stubMember({ cluster: { ...cluster, remove: note, update: note, promote: note } });
    const ID = { low: 0xfedc_ba98 | 0, high: 0xf000_0000 | 0, unsigned: true } as never;
    for (const [method, encoder] of [
      ['MemberRemove', pb.MemberRemoveRequest],
      ['MemberUpdate', pb.MemberUpdateRequest],
      ['MemberPromote', pb.MemberPromoteRequest],
    ] as const) {
      const bytes = encoder.encode({ ID }).finish();
      const answer = await ask(member, `Cluster/${method}`, bytes, pb.MemberRemoveResponse);
      expect(answer.members).toHaveLength(1);
    }
    expect(asked).toEqual(Array(3).fill('f0000000fedcba98'));
  });
});

describe('maintenance on the wire', () => {
  const alarms: readonly Alarm[] = [
    { memberId: '00000000000000aa', alarm: 'no-space' },
    { memberId: 'bb00000000000000', alarm: 'corrupt' },
  ];

  function withAlarms(asked: unknown[]): Member {
    const note =
      (what: string) =>
      async (memberId: string | null, alarm: AlarmType | null): Promise<readonly Alarm[]> => {
        asked.push([what, memberId, alarm]);
        return Promise.resolve(alarms.slice(1));
      };
    const { maintenance } = stubMember();
    const changed = { activateAlarm: note('activate'), deactivateAlarm: note('deactivate') };
    return stubMember({ maintenance: { ...maintenance, alarms: () => alarms, ...changed } });
  }

  const { AlarmAction } = pb.AlarmRequest;
  const { NOSPACE, CORRUPT } = pb.AlarmType;
  const alarmsOf = async (asked: unknown[], request: pb.AlarmRequest.$Properties): Promise<string[]> => {
    const bytes = pb.AlarmRequest.encode(request).finish();
    const answer = await ask(withAlarms(asked), 'Maintenance/Alarm', bytes, pb.AlarmResponse);
    expect(answer.header).toBeNull();
    return answer.alarms.map(({ memberID, alarm }) => `${plain(memberID).toString(16)} ${alarm}`);
  };

  it('lists alarms of a kind or all', async () => {
    expect(await alarmsOf([], {})).toEqual(['aa 1', 'bb00000000000000 2']);
    expect(await alarmsOf([], { action: AlarmAction.GET, alarm: CORRUPT })).toEqual(['bb00000000000000 2']);
  });

  it('raises and ends alarms, but none of no kind', async () => {
    const asked: unknown[] = [];
    expect(
      await alarmsOf(asked, { action: AlarmAction.ACTIVATE, memberID: 170, alarm: NOSPACE }),
    ).toHaveLength(1);
    expect(
      await alarmsOf(asked, { action: AlarmAction.DEACTIVATE, memberID: 170, alarm: CORRUPT }),
    ).toHaveLength(1);
    expect(await alarmsOf(asked, { action: AlarmAction.ACTIVATE, memberID: 170 })).toEqual([]);
    expect(await alarmsOf(asked, { action: 9 as never, memberID: 170, alarm: NOSPACE })).toEqual([]);
    expect(asked).toEqual([
      ['activate', '00000000000000aa', 'no-space'],
      ['deactivate', '00000000000000aa', 'corrupt'],
    ]);
  });

  it('answers defragmentation and a moved leadership with nothing', async () => {
    const targets: string[] = [];
    const { maintenance } = stubMember();
    const moveLeader = async (to: string): Promise<void> => {
      targets.push(to);
      return Promise.resolve();
    };
    const { client } = await serveApi(stubMember({ maintenance: { ...maintenance, moveLeader } }));
    const nothing = { ok: true, bytes: Buffer.alloc(0) };
    expect(await client.call('/etcdserverpb.Maintenance/Defragment', new Uint8Array())).toEqual(nothing);
    const request = pb.MoveLeaderRequest.encode({ targetID: 171 }).finish();
    expect(await client.call('/etcdserverpb.Maintenance/MoveLeader', request)).toEqual(nothing);
    expect(targets).toEqual(['00000000000000ab']);
  });

  it('hashes the whole store', async () => {
    const answer = await ask(stubMember(), 'Maintenance/Hash', new Uint8Array(), pb.HashResponse);
    expect(answer.hash).toBe(0xfedc_ba98);
    expect(headerOf(answer.header).revision).toBe(5n);
  });

  it('does not serve Downgrade, which etcd 3.4 does not have either', async () => {
    const { client } = await serveApi(stubMember());
    const outcome = await client.call('/etcdserverpb.Maintenance/Downgrade', new Uint8Array());
    expect(outcome).toMatchObject({ ok: false, code: status.UNIMPLEMENTED });
  });
});
