import { Readable } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { authMethods } from '../../src/api/auth.js';
import { createHeaderWriter } from '../../src/api/header.js';
import { clusterMethods } from '../../src/api/cluster.js';
import { electionMethods } from '../../src/api/election.js';
import { GrpcError } from '../../src/api/errors.js';
import { kvMethods } from '../../src/api/kv.js';
import { leaseMethods } from '../../src/api/lease.js';
import { lockMethods } from '../../src/api/lock.js';
import { maintenanceMethods } from '../../src/api/maintenance.js';
import { defaultApiLimits } from '../../src/api/limits.js';
import type { CallContext, CallStream, Method } from '../../src/api/method.js';
import { snapshotMethods } from '../../src/api/snapshot.js';
import { watchMethods } from '../../src/api/watch.js';
import { QuorateError, some } from '../../src/base/index.js';
import { etcdserverpb as pb } from '../../src/gen/protos.js';
import type { Credentials, Member } from '../../src/member/index.js';
import { createWorld } from '../member/world.js';
import { put } from '../mvcc/requests.js';
import type { World } from '../member/world.js';
import { authChangeCases, authReadCases, disableCase } from './auth-oracle/auth-requests.js';
import { leaseCases, leases, putCases, revokeCases } from './auth-oracle/lease-requests.js';
import { keyCases, watchCases } from './auth-oracle/key-requests.js';
import type { Case } from './auth-oracle/key-requests.js';
import { clusterCases, stage, turnCases } from './auth-oracle/other-requests.js';
import { people, settleIn } from './auth-oracle/people.js';
import type { Person } from './auth-oracle/people.js';
import { verdict } from './auth-oracle/rules.js';

/** What a watch that is refused says, and what it means. */
const watchRefusals: ReadonlyMap<string, string> = new Map([
  ['rpc error: code = PermissionDenied desc = etcdserver: permission denied', 'permission-denied'],
  ['rpc error: code = InvalidArgument desc = etcdserver: user name is empty', 'user-empty'],
  ['rpc error: code = Unauthenticated desc = etcdserver: invalid auth token', 'invalid-auth-token'],
]);

/** Begins a watch and ends it with the first answer, which says whether it may be. */
async function askWatch(method: Method, request: Buffer, context: CallContext): Promise<string | null> {
  const controller = new AbortController();
  const answers: Buffer[] = [];
  const call: CallStream = {
    ...streamOf(request, context),
    send(answer) {
      answers.push(answer);
      controller.abort();
      return true;
    },
    signal: controller.signal,
  };
  if (method.type !== 'stream') throw new Error('a watch streams');
  await method.handle(call);
  const { cancelReason } = pb.WatchResponse.decode(some(answers[0], 'an answer'));
  return cancelReason === '' ? null : (watchRefusals.get(cancelReason) ?? cancelReason);
}

/** A call with one message, whose answers nobody reads. */
function streamOf(request: Buffer, context: CallContext): CallStream {
  return {
    context,
    requests: Readable.from([request]),
    send: () => true,
    drained: async () => Promise.resolve(),
    signal: new AbortController().signal,
  };
}

const watchPath = '/etcdserverpb.Watch/Watch';

/*
 * Every call, by every kind of user, at every depth of a transaction: what a whole member answers is held against the rules
 * of auth-oracle/rules.ts, which share no code with it.
 */
describe('who may do what', () => {
  let world: World;
  let member: Member;
  let methods: ReadonlyMap<string, Method>;
  let credentials: ReadonlyMap<string, Credentials>;

  beforeAll(async () => {
    world = createWorld({ members: 1 });
    member = await world.start('m1');
    await world.run(() => member.leader === member.id);
    const header = createHeaderWriter(member);
    const all = [
      ...kvMethods(member, header),
      ...authMethods(member, header),
      ...leaseMethods(member, header),
      ...clusterMethods(member, header),
      ...maintenanceMethods(member, header),
      ...snapshotMethods(member),
      ...lockMethods(member, header),
      ...electionMethods(member, header),
      ...watchMethods(member, header, defaultApiLimits),
    ];
    methods = new Map(all.map((method) => [method.path, method]));
    credentials = await settleIn(member, world);
  });

  /** `null`: done. What is refused for another reason than permissions fails the test. */
  async function ask(person: Person, { path, bytes }: Case): Promise<string | null> {
    const method = some(methods.get(path), `a method ${path}`);
    const context = {
      requiresLeader: false,
      credentials: some(credentials.get(person.name), 'credentials of the person'),
    };
    try {
      if (path === watchPath) return await askWatch(method, Buffer.from(bytes), context);
      if (method.type === 'stream') await method.handle(streamOf(Buffer.from(bytes), context));
      else await method.handle(Buffer.from(bytes), context, new AbortController().signal);
      return null;
    } catch (error) {
      if (error instanceof QuorateError) return error.code;
      if (error instanceof GrpcError) return error.status.message;
      throw error;
    }
  }

  async function check(person: Person, cases: readonly Case[]): Promise<void> {
    const answers = await world.settle(Promise.all(cases.map((each) => ask(person, each))));
    const told = cases.map(({ name }, index) => `${name}: ${answers[index] ?? 'done'}`);
    const expected = cases.map(
      ({ name, needs, permitted = 'done' }) => `${name}: ${verdict(person, needs) ?? permitted}`,
    );
    expect(told).toEqual(expected);
  }

  test.each(people.map((person) => [person.name, person] as const))('keys: %s', async (_name, person) => {
    await check(person, keyCases());
  });

  test.each(people.map((person) => [person.name, person] as const))('watches: %s', async (_name, person) => {
    await check(person, watchCases());
    expect(member.watches.watcherCount).toBe(0);
  });

  test.each(people.map((person) => [person.name, person] as const))(
    'questions about users: %s',
    async (_name, person) => {
      await check(person, authReadCases());
    },
  );

  test.each(people.map((person) => [person.name, person] as const))(
    'changes of users: %s',
    async (_name, person) => {
      for (const each of authChangeCases('x')) await check(person, [each]);
    },
  );

  test.each(people.map((person) => [person.name, person] as const))('leases: %s', async (_name, person) => {
    for (const { id, keys } of leases) {
      await world.settle(member.leases.grant({ id: BigInt(id), ttlSeconds: 1000 }));
      for (const key of keys) await world.settle(member.put(put(key, '', { lease: BigInt(id) })));
    }
    await check(person, putCases());
    await world.settle(member.put(put('d', '')));
    await check(person, leaseCases());
    await check(person, revokeCases());
    for (const { id } of leases) {
      const left = member.leases.revoke(BigInt(id)).catch(() => undefined);
      await world.settle(left);
    }
  });

  test.each(people.map((person) => [person.name, person] as const))(
    'the cluster, locks and elections: %s',
    async (_name, person) => {
      const [own] = await world.settle(member.cluster.members({ linearizable: false }));
      await check(person, clusterCases(some(own?.peerUrls[0], 'an address')));
      const { leaseId, leaderKey } = stage;
      await world.settle(member.leases.grant({ id: leaseId, ttlSeconds: 1000 }));
      await world.settle(member.put(put(leaderKey, 'somebody')));
      try {
        for (const each of turnCases()) await check(person, [each]);
      } finally {
        await world.settle(member.leases.revoke(leaseId));
      }
    },
  );

  test('no call is left out', () => {
    const asked = [
      ...keyCases(),
      ...watchCases(),
      ...authReadCases(),
      ...authChangeCases(''),
      disableCase,
      ...leaseCases(),
      ...revokeCases(),
      ...clusterCases(''),
      ...turnCases(),
    ].map(({ path }) => path);
    // These two are a put and a watch of one's own: as the Lock and the range beside them.
    const likeOthers = ['/v3electionpb.Election/Campaign', '/v3electionpb.Election/Observe'];
    expect([...methods.keys()].filter((path) => !asked.includes(path))).toEqual(likeOthers);
  });

  test('the rules tell all kinds of users apart', () => {
    const cases = [...keyCases(), ...authReadCases(), ...putCases(), ...leaseCases(), ...revokeCases()];
    const verdicts = people.map((person) => cases.map(({ needs }) => verdict(person, needs)).join());
    const alike = new Map<string, string[]>();
    for (const [index, each] of verdicts.entries())
      alike.set(each, [...(alike.get(each) ?? []), some(people[index], 'a person').name]);
    const groups = [...alike.values()].filter((group) => group.length > 1);
    expect(groups).toEqual([
      ['bad token', 'deleted', 'password changed', 'reader by certificate, with a bad token'],
      ['root', 'with the role root'],
    ]);
  });

  test('root alone ends it, and then nobody needs a user or looks at a token', async () => {
    for (const person of people.filter(({ isRoot }) => !isRoot)) await check(person, [disableCase]);
    const root = some(
      people.find(({ name }) => name === 'root'),
      'a root',
    );
    await check(root, [disableCase]);
    for (const person of people) {
      const freely = [...keyCases().slice(0, 20), ...authReadCases().slice(0, 3)];
      await check(
        person,
        freely.map((each) => ({ ...each, needs: null })),
      );
    }
  });
});
