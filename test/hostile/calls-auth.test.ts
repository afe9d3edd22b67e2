import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import { etcdserverpb as pb, v3electionpb, v3lockpb } from '../../src/gen/protos.js';
import { startBystander } from './bystander.js';
import { dial } from './calls.js';
import type { Call, CallEnd, Line } from './calls.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

const password = 'secret';
const asRoot = { auth: { user: 'root', password } };
const invalidToken = { code: 16, message: 'etcdserver: invalid auth token' };

/** Slowness is not what is tested here. */
const patience = { timeout: 30_000 };

let target: Target;
let line: Line;
let root: Client;

beforeAll(async () => {
  target = await startTarget({ flags: ['--bcrypt-cost', '4'] });
  line = dial(target);
  await using anybody = connect([target.endpoint]);
  await anybody.auth.addUser('root', password);
  await anybody.auth.grantRole('root', 'root');
  await anybody.auth.enable();
  root = connect([target.endpoint], asRoot);
});

afterAll(async () => {
  line.close();
  await root.close();
  await target.end();
});

/** A user that may do everything below `a/`. */
async function addUser(name: string): Promise<void> {
  await root.auth.addUser(name, password);
  await root.auth.addRole(`role of ${name}`);
  await root.auth.grantPermission(`role of ${name}`, { access: 'readwrite', keys: { prefix: 'a/' } });
  await root.auth.grantRole(name, `role of ${name}`);
}

async function logIn(name: string): Promise<Readonly<Record<string, string>>> {
  const request = pb.AuthenticateRequest.encode({ name, password }).finish();
  const { token } = pb.AuthenticateResponse.decode(
    await line.ask('/etcdserverpb.Auth/Authenticate', request),
  );
  return { token };
}

async function read(headers: Readonly<Record<string, string>>): Promise<CallEnd> {
  return line.end(
    '/etcdserverpb.KV/Range',
    pb.RangeRequest.encode({ key: Buffer.from('a/') }).finish(),
    headers,
  );
}

async function countBelow(prefix: string): Promise<number> {
  return (await root.page({ prefix }, { keysOnly: true })).count;
}

async function nextOf<T>(call: Call, type: { decode(bytes: Uint8Array): T }): Promise<T> {
  const answer = await call.next();
  if (answer === null) throw new Error(`the call has ended: ${JSON.stringify(await call.ended)}`);
  return type.decode(answer);
}

/** Everything that goes on for a while, by one user: each has had its first answer, or waits. */
async function openAll(name: string): Promise<{
  readonly watch: Call;
  readonly renewals: Call;
  readonly renew: () => void;
  readonly lock: Call;
  readonly campaign: Call;
  readonly observe: Call;
}> {
  const token = await logIn(name);
  const watch = line.open('/etcdserverpb.Watch/Watch', token);
  const below = { key: Buffer.from('a/'), rangeEnd: Buffer.from('a0') };
  watch.send(pb.WatchRequest.encode({ createRequest: below }).finish());
  expect((await nextOf(watch, pb.WatchResponse)).created).toBe(true);

  const granted = await line.ask(
    '/etcdserverpb.Lease/LeaseGrant',
    pb.LeaseGrantRequest.encode({ TTL: 600 }).finish(),
    token,
  );
  const { ID } = pb.LeaseGrantResponse.decode(granted);
  const held = pb.PutRequest.encode({ key: Buffer.from('a/held'), lease: ID }).finish();
  await line.ask('/etcdserverpb.KV/Put', held, token);
  const renewals = line.open('/etcdserverpb.Lease/LeaseKeepAlive', token);
  const renew = (): void => renewals.send(pb.LeaseKeepAliveRequest.encode({ ID }).finish());
  renew();
  expect(Number((await nextOf(renewals, pb.LeaseKeepAliveResponse)).TTL)).toBe(600);

  const lock = line.open('/v3lockpb.Lock/Lock', token);
  lock.send(v3lockpb.LockRequest.encode({ name: Buffer.from('a/lock'), lease: ID }).finish());
  const campaign = line.open('/v3electionpb.Election/Campaign', token);
  campaign.send(v3electionpb.CampaignRequest.encode({ name: Buffer.from('a/vote'), lease: ID }).finish());
  for (const name of ['lock', 'vote']) {
    await expect.poll(() => countBelow(`a/${name}/`), patience).toBe(2);
  }
  const observe = line.open('/v3electionpb.Election/Observe', token);
  observe.send(v3electionpb.LeaderRequest.encode({ name: Buffer.from('a/vote') }).finish());
  await nextOf(observe, v3electionpb.LeaderResponse);
  return { watch, renewals, renew, lock, campaign, observe };
}

describe.each<[string, (name: string) => Promise<void>]>([
  ['whose user is deleted', (name) => root.auth.deleteUser(name)],
  ['whose user has another password', (name) => root.auth.changePassword(name, 'another')],
  ['whose user has lost its role', (name) => root.auth.revokeRole(name, `role of ${name}`)],
  ['whose role is deleted', (name) => root.auth.deleteRole(`role of ${name}`)],
  ['whose role may do less', (name) => root.auth.revokePermission(`role of ${name}`, { prefix: 'a/' })],
])('Streams %s', (how, revoke) => {
  it('end, and nothing waits for them', async () => {
    const name = how.replaceAll(' ', '-');
    await addUser(name);
    const held = { name: Buffer.from('a/lock') };
    const asRootToken = await logIn('root');
    const { key } = v3lockpb.LockResponse.decode(
      await line.ask('/v3lockpb.Lock/Lock', v3lockpb.LockRequest.encode(held).finish(), asRootToken),
    );
    await root.put('a/vote/0', 'leads');
    const { watch, renewals, renew, lock, campaign, observe } = await openAll(name);
    await root.put('a/before', '');
    while ((await nextOf(watch, pb.WatchResponse)).events[0] === undefined);

    await revoke(name);

    for (;;) {
      const { canceled, cancelReason } = await nextOf(watch, pb.WatchResponse);
      if (!canceled) continue;
      expect(cancelReason).toBe('rpc error: code = PermissionDenied desc = etcdserver: permission denied');
      break;
    }
    const refused = [7, 16];
    for (const call of [lock, campaign, observe]) expect(refused).toContain((await call.ended).code);
    renew();
    expect(refused).toContain((await renewals.ended).code);
    // Nobody is left in the queues but those who hold.
    for (const queue of ['lock', 'vote']) {
      await expect.poll(() => countBelow(`a/${queue}/`), patience).toBe(1);
    }
    watch.cancel();
    await line.ask('/v3lockpb.Lock/Unlock', v3lockpb.UnlockRequest.encode({ key }).finish(), asRootToken);
    await root.delete({ prefix: 'a/' });
  });
});

describe('Tokens', () => {
  it("that were forged, cut, or are another one's are refused, however many come", async () => {
    const bystander = startBystander(target, asRoot);
    const { token = '' } = await logIn('root');
    const [letters = '', index = ''] = token.split('.');
    expect((await read({ token })).code).toBe(0);
    const forged = [
      ...[
        letters,
        `.${index}`,
        `${letters}.`,
        `${letters}.${Number(index) + 1}`,
        `${letters}.${'9'.repeat(16)}`,
      ],
      ...[
        `${letters}.${'9'.repeat(400)}`,
        `${letters}.-1`,
        `${letters}.0x1`,
        `${letters.toUpperCase()}.${index}`,
      ],
      ...['a'.repeat(16), '__proto__', 'constructor.1', '0', `${token}x`, ` ${token}.1`, 'x'.repeat(10_000)],
      ...['eyJhbGciOiJub25lIn0.eyJ1c2VybmFtZSI6InJvb3QiLCJyZXZpc2lvbiI6OX0.'],
    ];
    for (const each of forged) expect(await read({ token: each }), each).toEqual(invalidToken);
    const flood = Array.from({ length: 3000 }, (_, number) => read({ token: `${letters}.${1e12 + number}` }));
    expect((await Promise.all(flood)).every(({ code }) => code === invalidToken.code)).toBe(true);
    await bystander.answered();
    await bystander.stop();
  });

  it('are no use after a new password, or without their user', async () => {
    await addUser('late');
    const first = await logIn('late');
    expect((await read(first)).code).toBe(0);
    await root.auth.changePassword('late', password);
    expect(await read(first)).toEqual(invalidToken);
    const second = await logIn('late');
    await root.auth.deleteUser('late');
    expect(await read(second)).toEqual(invalidToken);
    await root.auth.addUser('late', password);
    expect(await read(second)).toEqual(invalidToken);
  });
});

it('A flood of logins is bounded, and others are served meanwhile', async () => {
  const bystander = startBystander(target, asRoot);
  await bystander.answered();
  const before = bystander.rounds;
  const request = pb.AuthenticateRequest.encode({ name: 'root', password: 'x'.repeat(1_000) }).finish();
  const unknown = pb.AuthenticateRequest.encode({ name: 'nobody', password }).finish();
  const path = '/etcdserverpb.Auth/Authenticate';
  const flood = Array.from({ length: 3000 }, (_, index) =>
    line.end(path, index % 2 === 0 ? request : unknown),
  );
  const ends = await Promise.all(flood);
  const wrong = { code: 3, message: 'etcdserver: authentication failed, invalid user ID or password' };
  const busy = { code: 2, message: 'etcdserver: too many requests' };
  const counts = [wrong, busy].map(({ message }) => ends.filter((end) => end.message === message).length);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ends.length);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  await bystander.answered();
  expect(bystander.rounds).toBeGreaterThan(before);
  await bystander.stop();
  // Whoever comes later is let in.
  expect(await logIn('root')).toHaveProperty('token');
  await expectBoundedMemory(target);
});
