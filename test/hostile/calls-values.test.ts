import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Long from 'long';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.js';
import { etcdserverpb, v3lockpb } from '../../src/gen/protos.js';
import { startLoneMember } from '../client/lone-member.js';
import { whyWithout } from '../client/systems.js';
import { dial } from './calls.js';
import type { CallEnd, Line } from './calls.js';
import { startBystander } from './bystander.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

const pb = etcdserverpb;
const kv = '/etcdserverpb.KV';
const lease = '/etcdserverpb.Lease';
const maintenance = '/etcdserverpb.Maintenance';
const success = { code: 0, message: '' };

/** Keys are bytes. These are names in JavaScript, or no text in UTF-8, or hold what ends a text elsewhere. */
const keys = [
  ...[
    '\0',
    '\0\0',
    'a\0b',
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    ' ',
    '%2e%2e%2f',
    '"\n\\',
  ],
  ...['\xff', '\xff\xff\xff', '\xc3\x28', '\xed\xa0\x80', '\x80', 'ends in \xff'],
].map((text) => Buffer.from(text, 'latin1'));

type Int64 = NonNullable<etcdserverpb.PutRequest.$Properties['lease']>;
const max = int64(2n ** 63n - 1n);
const min = int64(-(2n ** 63n));
const beyond = int64(2n ** 53n + 1n);
const { CompareTarget, CompareResult } = pb.Compare;
const uint64Max = ((long: unknown) => long as Int64)(Long.MAX_UNSIGNED_VALUE);
const { AlarmAction } = pb.AlarmRequest;

/** As the generated code wants it: its types know the class by another name. */
function int64(value: bigint | number): Int64 {
  const long: unknown = Long.fromString(String(value));
  return long as Int64;
}

function bytes(given: Uint8Array | null | undefined): Buffer {
  return Buffer.from(given ?? []);
}

interface System {
  readonly endpoint: string;
  end(): Promise<void>;
}

const systems: readonly { readonly name: string; readonly start: () => Promise<System>; skip?: string }[] = [
  { name: 'Quorate', start: startTarget },
  { name: 'etcd', start: startEtcd, ...skipOf('etcd') },
];

function skipOf(program: string): { skip?: string } {
  const skip = whyWithout(program);
  return skip === undefined ? {} : { skip };
}

async function startEtcd(): Promise<System> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-hostile-etcd-'));
  const member = await startLoneMember('etcd', folder, 'http', []);
  await using client = connect([member.endpoint]);
  await client.get('started');
  return {
    endpoint: member.endpoint,
    async end() {
      await member.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

for (const { name, start, skip } of systems) {
  if (skip !== undefined) console.warn(`SKIPPED: hostile values on etcd: ${skip}`);
  describe.skipIf(skip !== undefined)(`Told by ${name}`, () => {
    let system: System;
    let line: Line;
    beforeAll(async () => {
      system = await start();
      line = dial(system);
    });
    afterAll(async () => {
      line.close();
      await system.end();
    });

    async function range(
      request: etcdserverpb.RangeRequest.$Properties,
    ): Promise<etcdserverpb.RangeResponse> {
      return pb.RangeResponse.decode(await line.ask(`${kv}/Range`, pb.RangeRequest.encode(request).finish()));
    }

    async function endOfRange(request: etcdserverpb.RangeRequest.$Properties): Promise<CallEnd> {
      return line.end(`${kv}/Range`, pb.RangeRequest.encode(request).finish());
    }

    async function put(request: etcdserverpb.PutRequest.$Properties): Promise<void> {
      await line.ask(`${kv}/Put`, pb.PutRequest.encode(request).finish());
    }

    async function grant(ID: Int64, TTL: Int64 | number): Promise<{ ttl: string; end: CallEnd }> {
      const request = pb.LeaseGrantRequest.encode({ ID, TTL }).finish();
      const end = await line.end(`${lease}/LeaseGrant`, request);
      if (end.code !== 0) return { ttl: '', end };
      const question = pb.LeaseTimeToLiveRequest.encode({ ID }).finish();
      const answer = await line.ask(`${lease}/LeaseTimeToLive`, question);
      return { ttl: String(pb.LeaseTimeToLiveResponse.decode(answer).grantedTTL), end };
    }

    async function compact(value: bigint | Int64): Promise<CallEnd> {
      const revision = typeof value === 'bigint' ? int64(value) : value;
      return line.end(`${kv}/Compact`, pb.CompactionRequest.encode({ revision }).finish());
    }

    it('keys are bytes: what is put is read, compared and deleted', async () => {
      for (const [index, key] of keys.entries()) await put({ key, value: Buffer.from([index]) });
      for (const [index, key] of keys.entries()) {
        const { kvs } = await range({ key });
        expect(kvs.map((each) => [bytes(each.key), bytes(each.value)])).toEqual([
          [key, Buffer.from([index])],
        ]);
        const compare = {
          key,
          target: CompareTarget.VALUE,
          targetUnion: 'value' as const,
          value: Buffer.from([index]),
        };
        const request = { compare: [compare], success: [{ requestDeleteRange: { key, prevKv: true } }] };
        const answer = await line.ask(`${kv}/Txn`, pb.TxnRequest.encode(request).finish());
        const { succeeded, responses } = pb.TxnResponse.decode(answer);
        expect(succeeded).toBe(true);
        const [previous] = responses[0]?.responseDeleteRange?.prevKvs ?? [];
        expect(Buffer.from(previous?.key ?? [])).toEqual(key);
      }
      expect(await endOfRange({ key: Buffer.alloc(0) })).toEqual({
        code: 3,
        message: 'etcdserver: key is not provided',
      });
      // What `__proto__` of somebody else is, is nobody's business.
      expect(Number((await range({ key: Buffer.from('hasOwnProperty') })).count)).toBe(0);
    });

    it('keys are bytes to watchers and leases', async () => {
      const call = line.open('/etcdserverpb.Watch/Watch');
      const everything = { key: Buffer.of(0), rangeEnd: Buffer.of(0), prevKv: true };
      call.send(pb.WatchRequest.encode({ createRequest: everything }).finish());
      await call.next();
      const ID = int64(81985529216486895n);
      await grant(ID, 600);
      for (const key of keys) await put({ key, lease: ID });
      const seen: Buffer[] = [];
      while (seen.length < keys.length) {
        const { events } = pb.WatchResponse.decode((await call.next()) ?? Buffer.alloc(0));
        for (const event of events) seen.push(Buffer.from(event.kv?.key ?? []));
      }
      expect(seen).toEqual(keys);
      call.cancel();
      const question = pb.LeaseTimeToLiveRequest.encode({ ID, keys: true }).finish();
      const held = pb.LeaseTimeToLiveResponse.decode(
        await line.ask(`${lease}/LeaseTimeToLive`, question),
      ).keys;
      const inOrder = (list: readonly Uint8Array[]): string[] =>
        list.map((key) => Buffer.from(key).toString('hex')).sort();
      expect(inOrder(held)).toEqual(inOrder(keys));
      await line.ask(`${lease}/LeaseRevoke`, pb.LeaseRevokeRequest.encode({ ID }).finish());
      expect(Number((await range({ key: Buffer.of(0), rangeEnd: Buffer.of(0) })).count)).toBe(0);
    });

    it('keys are bytes to locks, and over JSON', async () => {
      for (const name of keys) {
        const question = v3lockpb.LockRequest.encode({ name }).finish();
        const { key } = v3lockpb.LockResponse.decode(await line.ask('/v3lockpb.Lock/Lock', question));
        expect(Buffer.from(key).subarray(0, name.length + 1)).toEqual(
          Buffer.concat([name, Buffer.from('/')]),
        );
        await line.ask('/v3lockpb.Lock/Unlock', v3lockpb.UnlockRequest.encode({ key }).finish());

        const text = name.toString('base64');
        const post = async (path: string, body: string): Promise<unknown> =>
          (await fetch(`http://${system.endpoint}/v3/kv/${path}`, { method: 'POST', body })).json();
        await post('put', `{"key":"${text}","value":"${text}"}`);
        expect(await post('range', `{"key":"${text}"}`)).toMatchObject({ kvs: [{ key: text, value: text }] });
        expect(await post('deleterange', `{"key":"${text}"}`)).toMatchObject({ deleted: '1' });
      }
    });

    it('revisions and limits may be anything', async () => {
      await put({ key: Buffer.from('k') });
      const key = Buffer.from('k');
      const counts = async (request: etcdserverpb.RangeRequest.$Properties): Promise<number[]> => {
        const { kvs, count } = await range({ key, rangeEnd: Buffer.from('l'), ...request });
        return [kvs.length, Number(count)];
      };
      for (const revision of [int64(-1), min]) expect(await counts({ revision })).toEqual([1, 1]);
      for (const limit of [int64(-1), min, max, beyond]) expect(await counts({ limit })).toEqual([1, 1]);
      for (const minModRevision of [beyond, max]) expect(await counts({ minModRevision })).toEqual([0, 1]);
      for (const maxModRevision of [min, int64(-1)]) expect(await counts({ maxModRevision })).toEqual([0, 1]);
      for (const maxCreateRevision of [beyond, max])
        expect(await counts({ maxCreateRevision })).toEqual([1, 1]);
      for (const revision of [beyond, max, int64(1_000_000)]) {
        expect(await endOfRange({ key, revision })).toEqual({
          code: 11,
          message: 'etcdserver: mvcc: required revision is a future revision',
        });
      }
      expect(await counts({ rangeEnd: Buffer.from('a') })).toEqual([0, 0]);
    });

    it('comparisons take all 64 bits', async () => {
      const ID = int64(9223372036854775806n);
      await grant(ID, 600);
      await put({ key: Buffer.from('bound'), lease: ID });
      const holds = async (compare: etcdserverpb.Compare.$Properties): Promise<boolean> => {
        const request = pb.TxnRequest.encode({
          compare: [{ key: Buffer.from('bound'), ...compare }],
        }).finish();
        return pb.TxnResponse.decode(await line.ask(`${kv}/Txn`, request)).succeeded;
      };
      expect(await holds({ target: CompareTarget.LEASE, targetUnion: 'lease', lease: ID })).toBe(true);
      expect(await holds({ target: CompareTarget.LEASE, targetUnion: 'lease', lease: max })).toBe(false);
      for (const version of [beyond, max]) {
        expect(await holds({ result: CompareResult.LESS, targetUnion: 'version', version })).toBe(true);
      }
      for (const version of [min, int64(-1)]) {
        expect(await holds({ result: CompareResult.GREATER, targetUnion: 'version', version })).toBe(true);
      }
    });

    it('leases take all ids, and times up to a bound', async () => {
      for (const id of [max, min, int64(-1), int64(1), beyond]) {
        expect(await grant(id, 600)).toEqual({ ttl: '600', end: success });
        expect((await grant(id, 600)).end).toEqual({ code: 9, message: 'etcdserver: lease already exists' });
      }
      const lengths = [0, -5, min, 9_000_000_000].map((ttl, index) => grant(int64(1000 + index), ttl));
      const [least, ...others] = (await Promise.all(lengths)).map(({ ttl }) => ttl);
      expect([Number(least) > 0, ...others]).toEqual([true, least, least, '9000000000']);
      for (const ttl of [int64(9000000001n), beyond, max]) {
        expect((await grant(int64(2), ttl)).end).toEqual({
          code: 11,
          message: 'etcdserver: too large lease TTL',
        });
      }
      for (const ID of [int64(0), int64(77), int64(-77n)]) {
        expect(await line.end(`${lease}/LeaseRevoke`, pb.LeaseRevokeRequest.encode({ ID }).finish())).toEqual(
          {
            code: 5,
            message: 'etcdserver: requested lease not found',
          },
        );
        const call = line.open(`${lease}/LeaseKeepAlive`);
        call.send(pb.LeaseKeepAliveRequest.encode({ ID }).finish());
        expect(Number(pb.LeaseKeepAliveResponse.decode((await call.next()) ?? Buffer.alloc(0)).TTL)).toBe(0);
        call.cancel();
      }
    });

    it('a compaction of the future, of the past, or of what was compacted is refused', async () => {
      for (let index = 0; index < 5; index++) await put({ key: Buffer.from('k') });
      const { header } = await range({ key: Buffer.from('k') });
      const now = BigInt(String(header?.revision));
      expect(await compact(now - 1n)).toEqual(success);
      for (const revision of [now + 1n, beyond, max]) {
        expect(await compact(revision)).toEqual({
          code: 11,
          message: 'etcdserver: mvcc: required revision is a future revision',
        });
      }
      for (const revision of [now - 1n, now - 2n, int64(-1), min]) {
        expect(await compact(revision)).toEqual({
          code: 11,
          message: 'etcdserver: mvcc: required revision has been compacted',
        });
      }
      expect(await compact(now)).toEqual(success);
      expect((await endOfRange({ key: Buffer.from('k'), revision: int64(now - 1n) })).code).toBe(11);
    });

    it('watches have any id, and may begin in a future that never comes', async () => {
      const everything = { key: Buffer.of(0), rangeEnd: Buffer.of(0) };
      for (const create of [
        { watchId: max },
        { watchId: min },
        { startRevision: max },
        { startRevision: beyond },
      ]) {
        const call = line.open('/etcdserverpb.Watch/Watch');
        call.send(pb.WatchRequest.encode({ createRequest: { ...everything, ...create } }).finish());
        const { created, canceled, watchId } = pb.WatchResponse.decode(bytes(await call.next()));
        expect([created, canceled]).toEqual([true, false]);
        expect(String(watchId)).toBe(String(create.watchId ?? 0));
        const cancel = pb.WatchRequest.encode({ cancelRequest: { watchId } }).finish();
        call.send(pb.WatchRequest.encode({ cancelRequest: { watchId: int64(-77) } }).finish(), cancel);
        expect(pb.WatchResponse.decode(bytes(await call.next())).canceled).toBe(true);
        call.cancel();
      }
    });

    it('users and roles may be called like what every object has', async () => {
      const auth = '/etcdserverpb.Auth';
      const names = ['__proto__', 'constructor', 'hasOwnProperty', 'ünïcode', '../..', ' '].sort();
      for (const user of names) {
        await line.ask(
          `${auth}/UserAdd`,
          pb.AuthUserAddRequest.encode({ name: user, options: { noPassword: true } }).finish(),
        );
        await line.ask(`${auth}/RoleAdd`, pb.AuthRoleAddRequest.encode({ name: user }).finish());
        await line.ask(
          `${auth}/UserGrantRole`,
          pb.AuthUserGrantRoleRequest.encode({ user, role: user }).finish(),
        );
      }
      const { users } = pb.AuthUserListResponse.decode(await line.ask(`${auth}/UserList`, Buffer.alloc(0)));
      expect([...users].sort()).toEqual(names);
      for (const name of names) {
        const answer = await line.ask(`${auth}/UserGet`, pb.AuthUserGetRequest.encode({ name }).finish());
        expect(pb.AuthUserGetResponse.decode(answer).roles).toEqual([name]);
        await line.ask(`${auth}/UserDelete`, pb.AuthUserDeleteRequest.encode({ name }).finish());
        await line.ask(`${auth}/RoleDelete`, pb.AuthRoleDeleteRequest.encode({ role: name }).finish());
      }
      const unknown = pb.AuthUserGetRequest.encode({ name: 'toString' }).finish();
      expect((await line.end(`${auth}/UserGet`, unknown)).code).toBe(9);
    });

    it('members and alarms that are not there', async () => {
      const ID = uint64Max;
      const remove = pb.MemberRemoveRequest.encode({ ID }).finish();
      expect(await line.end('/etcdserverpb.Cluster/MemberRemove', remove)).toEqual({
        code: 5,
        message: 'etcdserver: member not found',
      });
      const move = pb.MoveLeaderRequest.encode({ targetID: ID }).finish();
      expect((await line.end(`${maintenance}/MoveLeader`, move)).code).toBe(9);
      const alarm = pb.AlarmRequest.encode({
        action: AlarmAction.DEACTIVATE,
        memberID: ID,
        alarm: pb.AlarmType.NOSPACE,
      }).finish();
      expect(pb.AlarmResponse.decode(await line.ask(`${maintenance}/Alarm`, alarm)).alarms).toEqual([]);
    });
  });
}

describe('Told by Quorate alone', () => {
  let target: Target;
  let line: Line;
  beforeAll(async () => {
    target = await startTarget();
    line = dial(target);
  });
  afterAll(async () => {
    line.close();
    await target.end();
  });

  async function alarm(request: etcdserverpb.AlarmRequest.$Properties): Promise<CallEnd> {
    return line.end(`${maintenance}/Alarm`, pb.AlarmRequest.encode(request).finish());
  }

  it('alarms of members that are not there come to a bound, and go again', async () => {
    const ids = Array.from({ length: 1100 }, (_, index) => int64(2n ** 63n - 1n - BigInt(index)));
    const onAll = async (action: etcdserverpb.AlarmRequest.AlarmAction): Promise<CallEnd[]> =>
      Promise.all(ids.map((memberID) => alarm({ action, memberID, alarm: pb.AlarmType.CORRUPT })));
    const raised = await onAll(AlarmAction.ACTIVATE);
    expect(raised.filter(({ code }) => code === 0)).toHaveLength(1000);
    expect(raised.find(({ code }) => code !== 0)).toEqual({
      code: 2,
      message: 'etcdserver: too many requests',
    });
    await line.ask(`${maintenance}/Status`, Buffer.alloc(0));
    const ended = await onAll(AlarmAction.DEACTIVATE);
    expect(ended.every(({ code }) => code === 0)).toBe(true);
    expect(pb.AlarmResponse.decode(await line.ask(`${maintenance}/Alarm`, Buffer.alloc(0))).alarms).toEqual(
      [],
    );
    const bystander = startBystander(target);
    await bystander.answered();
    await bystander.stop();
  });

  it('an alarm of an unknown kind, or an unknown thing to do with it, changes nothing', async () => {
    const raiseUnknown = Buffer.of(0x08, 1, 0x18, 7);
    const unknownDeed = Buffer.of(0x08, 9, 0x18, 1); // etcd 3.4.23 ends itself at that.
    for (const request of [raiseUnknown, unknownDeed]) {
      expect(await line.end(`${maintenance}/Alarm`, request)).toEqual(success);
    }
    expect(pb.AlarmResponse.decode(await line.ask(`${maintenance}/Alarm`, Buffer.alloc(0))).alarms).toEqual(
      [],
    );
  });

  it('names that are no text are refused', async () => {
    for (const method of ['UserAdd', 'RoleAdd', 'UserGet', 'Authenticate']) {
      const end = await line.end(`/etcdserverpb.Auth/${method}`, Buffer.of(0x0a, 2, 0xff, 0xfe));
      expect(end.code).toBe(13);
      expect(end.message).toContain('utf-8');
    }
  });

  it('a JSON request cannot reach beyond its own fields', async () => {
    const post = async (path: string, body: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`http://${target.endpoint}/v3/kv/${path}`, { method: 'POST', body });
      return { status: response.status, text: await response.text() };
    };
    const pollution =
      '{"__proto__":{"value":"aGFjaw==","key":"eA=="},"constructor":{"prototype":{"key":"eA=="}}}';
    const refused = await post('put', pollution);
    expect([refused.status, refused.text.includes('key is not provided')]).toEqual([400, true]);
    expect(await post('range', '{"key":"eA=="}')).toMatchObject({ status: 200 });
    expect((await post('range', '{"key":"eA=="}')).text).not.toContain('kvs');
    for (const body of [
      '['.repeat(1_000_000),
      `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '{"key":{}}',
    ]) {
      expect((await post('put', body)).status).toBe(400);
    }
    expect((await post('range', '{"key":"eA==","limit":"99999999999999999999"}')).status).toBe(400);
  });
});
