import { beforeAll, describe, expect, test } from 'vitest';

import { at } from '../../src/base/index.js';
import { wireId } from '../../src/client/member-id.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { connectRaw } from '../api/grpc-client.js';
import { answerBytes, refuse, startFakeMember } from '../client/fake-member.js';
import { describeOnBoth } from '../client/systems.js';
import { quorate } from './io.js';

const { AlarmRequest, AlarmType } = etcdserverpb;

describeOnBoth('quorate alarm, defrag and hash', 3, (system) => {
  const run = (args: readonly string[], endpoints = system.cluster.endpoints) =>
    quorate(args, { env: { QUORATE_ENDPOINTS: endpoints.join() } });
  const json = async (args: readonly string[]): Promise<unknown> =>
    JSON.parse((await run([...args, '--json'])).out);
  let revision = 0;
  beforeAll(async () => {
    for (let count = 0; count < 10; count++) await run(['put', 'k', String(count)]);
    ({ revision } = (await json(['get', 'k'])) as { revision: number });
  });

  test('hash of all members, though only one of them is named', async () => {
    const one = await run(['hash'], [at(system.cluster.endpoints, 1)]);
    expect(one).toMatchObject({ code: 0, err: '' });
    expect(one.out).toMatch(
      /^NAME +ID +ENDPOINT +HASH +REVISION +COMPACTED\n([^]*\n){3}equal: 3 members compared\n$/,
    );
    const earlier = (await json(['hash', '--rev', String(revision - 1)])) as {
      readonly verdict: string;
      readonly members: readonly { readonly hash: number; readonly revision: number }[];
    };
    expect(earlier).toMatchObject({ verdict: 'equal', members: { length: 3 } });
    expect(new Set(earlier.members.map(({ hash }) => hash)).size).toBe(1);
    expect(earlier.members.every((member) => member.revision === revision - 1)).toBe(true);
    const future = await run(['hash', '--rev', String(revision + 1000)]);
    expect(future).toMatchObject({ code: 1 });
    expect(future.err).toContain('required revision is a future revision');
  });

  test('defrag, one endpoint after the other', async () => {
    const size = String.raw`[\d.]+ [KM]?i?B`;
    const all = await run(['defrag', '--cluster'], [at(system.cluster.endpoints, 0)]);
    expect(all).toMatchObject({ code: 0, err: '' });
    expect(all.out).toMatch(new RegExp(`^(127.0.0.1:\\d+ {2}${size} → ${size}\n){3}$`));
    const [first = ''] = system.cluster.endpoints;
    const some = await run(['defrag', '--endpoints', `127.0.0.1:1,${first}`]);
    expect(some.code).toBe(1);
    expect(some.err).toMatch(/^127\.0\.0\.1:1: status: connect ECONNREFUSED/);
    expect(some.out).toMatch(new RegExp(`^${first} `));
    expect(await json(['defrag', '--endpoints', first])).toMatchObject({ endpoints: [{ endpoint: first }] });
  });

  test('alarms are listed and ended; what they refuse says how', async () => {
    expect((await run(['alarm', 'list'])).out).toBe('no alarms\n');
    const [endpoint] = system.cluster.endpoints;
    const { endpoints } = (await json(['status', '--endpoints', String(endpoint)])) as {
      endpoints: readonly { readonly id: string }[];
    };
    const { id } = at(endpoints, 0);
    const client = connectRaw(String(endpoint));
    const raise = {
      action: AlarmRequest.AlarmAction.ACTIVATE,
      alarm: AlarmType.NOSPACE,
      memberID: wireId(id),
    };
    const message = AlarmRequest.encode(raise).finish();
    await client.call('/etcdserverpb.Maintenance/Alarm', message);
    client.close();
    expect((await run(['alarm', 'list'])).out).toBe(`MEMBER            ALARM\n${id}  no-space\n`);
    const full = await run(['put', 'k', 'v']);
    expect(full).toMatchObject({ code: 1, out: '' });
    expect(full.err).toMatch(/space exceeded.*\n`quorate alarm --help` tells how to make room\n$/);
    expect(await json(['alarm', 'disarm'])).toEqual({ alarms: [{ memberId: id, kind: 'no-space' }] });
    expect((await run(['alarm', 'disarm'])).out).toBe('no alarms\n');
    expect(await run(['put', 'k', 'v'])).toMatchObject({ code: 0 });
  });
});

describe('quorate hash', () => {
  interface Told {
    readonly hash: number;
    readonly compactRevision?: number;
  }

  /** Members that answer with these hashes, or refuse; the first one lists them all. */
  async function startCluster(all: readonly (Told | undefined)[]): Promise<readonly string[]> {
    const members = await Promise.all(all.map(() => startFakeMember(refuse(14, 'later'))));
    const list = etcdserverpb.MemberListResponse.encode({
      members: members.map(({ endpoint }, index) => ({
        ID: index + 1,
        name: `m${index + 1}`,
        clientURLs: [`http://${endpoint}`],
      })),
    });
    members.forEach((member, index) => {
      const told = all[index];
      member.behave((stream) => {
        const path = member.requests.at(-1) ?? '';
        if (path.endsWith('/MemberList')) answerBytes(list.finish())(stream);
        else if (told === undefined) refuse(14, 'out of order')(stream);
        else if (path.endsWith('/Status'))
          answerBytes(etcdserverpb.StatusResponse.encode({ header: { revision: 20 + index } }).finish())(
            stream,
          );
        else {
          const { hash, compactRevision = 1 } = told;
          answerBytes(etcdserverpb.HashKVResponse.encode({ hash, compactRevision }).finish())(stream);
        }
      });
    });
    return members.map(({ endpoint }) => endpoint);
  }

  const hash = async (all: readonly (Told | undefined)[]) =>
    quorate(['hash'], { env: { QUORATE_ENDPOINTS: (await startCluster(all)).join() } });

  test('equal, at the latest revision that all members have', async () => {
    const run = await hash([{ hash: 0xabc }, { hash: 0xabc }]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatch(/\nm2 +0{15}2 +127.0.0.1:\d+ +00000abc +20 +1\n/);
  });

  test('members that differ: who, and what to do; code 1', async () => {
    const run = await hash([{ hash: 1 }, { hash: 1 }, { hash: 2 }]);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(
      /^quorate: the members differ: 00000001 of m1 \(0{15}1\), m2 \(0{15}2\); 00000002 of m3 \(0{15}3\)\. Save/,
    );
  });

  test('members that have compacted elsewhere cannot be compared', async () => {
    const run = await hash([{ hash: 1 }, { hash: 2, compactRevision: 5 }]);
    expect(run.code).toBe(1);
    expect(run.err).toContain('ask again in a moment');
  });

  test('a member that does not answer is named', async () => {
    const run = await hash([{ hash: 1 }, undefined]);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/^m2 \(0{15}2\): status: out of order [^]*those that answered are equal\n$/);
  });

  test('nobody answers: code 4', async () => {
    expect(await hash([undefined, undefined])).toMatchObject({ code: 4 });
  });
});
