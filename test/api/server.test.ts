import fc from 'fast-check';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createApiServer } from '../../src/api/index.js';
import type { ApiLimits, ApiServer } from '../../src/api/index.js';
import { protocolOf } from '../../src/api/listener.js';
import { at, QuorateError, silentLogger } from '../../src/base/index.js';
import { etcdserverpb, grpc } from '../../src/gen/protos.js';
import type { Member } from '../../src/member/index.js';
import { connectRaw, readToEnd } from './grpc-client.js';
import type { RawClient } from './grpc-client.js';
import { stubMember } from './stub-member.js';

const rangePath = '/etcdserverpb.KV/Range';
const putPath = '/etcdserverpb.KV/Put';
const statusPath = '/etcdserverpb.Maintenance/Status';
const nothing = Buffer.alloc(0);
const range = etcdserverpb.RangeRequest.encode({ key: Buffer.from('k') }).finish();
const put = etcdserverpb.PutRequest.encode({ key: Buffer.from('k'), value: Buffer.from('v') }).finish();

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Running {
  readonly server: ApiServer;
  readonly address: string;
  readonly client: RawClient;
}

async function serve(member: Member = stubMember(), limits: Partial<ApiLimits> = {}): Promise<Running> {
  const server = createApiServer({
    member,
    listenUrls: ['http://127.0.0.1:0'],
    logger: silentLogger,
    limits: { closeGraceMs: 200, ...limits },
  });
  await server.start();
  const address = at(server.addresses, 0);
  const client = connectRaw(address);
  cleanups.push(
    () => server.close(),
    () => client.close(),
  );
  return { server, address, client };
}

async function connectTo(address: string): Promise<Socket> {
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.on('error', () => socket.destroy());
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function getJson(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

describe('gRPC calls', () => {
  it('reach the member and bring back its answer', async () => {
    const { client } = await serve();
    const outcome = await client.call(rangePath, range);
    const answer = etcdserverpb.RangeResponse.decode(outcome.ok ? outcome.bytes : nothing);
    expect(Buffer.from(answer.kvs[0]?.key ?? nothing).toString()).toBe('k');
    expect(Number(answer.header?.raftTerm)).toBe(7);
  });

  it('carry the failure of the member as code and sentence', async () => {
    const put = async (): Promise<never> => Promise.reject(new QuorateError('too-many-requests'));
    const { client } = await serve(stubMember({ put }));
    expect(await client.call(putPath, nothing)).toEqual({
      ok: false,
      code: 2,
      message: 'etcdserver: too many requests',
    });
  });

  it('carry a sentence beyond ASCII whole', async () => {
    const message = 'der Datenträger ist 100% voll 🫗';
    const put = async (): Promise<never> => Promise.reject(new QuorateError('storage-failed', message));
    const { client } = await serve(stubMember({ put }));
    expect(await client.call(putPath, nothing)).toEqual({ ok: false, code: 13, message });
  });

  it('tell the status of the member with a version that clients can parse', async () => {
    const { client } = await serve();
    const outcome = await client.call(statusPath, nothing);
    const answer = etcdserverpb.StatusResponse.decode(outcome.ok ? outcome.bytes : nothing);
    expect(answer.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(
      [answer.raftIndex, answer.raftAppliedIndex, answer.dbSize, answer.dbSizeInUse].map(Number),
    ).toEqual([12, 11, 4096, 2048]);
  });

  it('to what is not there are refused in the words of etcd', async () => {
    const { client } = await serve();
    expect(await client.call('/etcdserverpb.KV/Nope', range)).toMatchObject({
      code: 12,
      message: 'unknown method Nope for service etcdserverpb.KV',
    });
    expect(await client.call('/nope.Nope/Nope', range)).toMatchObject({
      code: 12,
      message: 'unknown service nope.Nope',
    });
    expect(await client.call('/nope', range)).toMatchObject({ code: 8 });
  });

  it('with bytes that are no message are refused, and the connection goes on', async () => {
    const { client } = await serve();
    expect(await client.call(rangePath, Buffer.of(0x0a, 5))).toEqual({
      ok: false,
      code: 13,
      message: 'grpc: error unmarshalling request: unexpected EOF',
    });
    expect(await client.call(rangePath, range)).toMatchObject({ ok: true });
  });

  it('of up to 2 MiB are taken; a larger one is refused with its size', async () => {
    const { client } = await serve();
    const sizeBytesMax = 2 * 1024 * 1024;
    const value = Buffer.alloc(sizeBytesMax - 7); // Around it: the key, two tags, a length of three bytes.
    const largest = etcdserverpb.PutRequest.encode({ key: Buffer.from('k'), value }).finish();
    expect(largest).toHaveLength(sizeBytesMax);
    expect(await client.call(putPath, largest)).toMatchObject({ ok: true });
    expect(await client.call(putPath, Buffer.alloc(sizeBytesMax + 1))).toEqual({
      ok: false,
      code: 8,
      message: 'grpc: received message larger than max (2097153 vs. 2097152)',
    });
    expect(await client.call(putPath, put)).toMatchObject({ ok: true });
  });

  it('are refused while too much of other messages is on its way', async () => {
    const { client } = await serve(stubMember(), { partialMessagesSizeBytesMax: 100_000 });
    expect(await client.call(putPath, Buffer.alloc(1_000_000))).toMatchObject({ code: 2 });
    expect(await client.call(putPath, put)).toMatchObject({ ok: true });
  });

  it('run side by side on one connection', async () => {
    const pending: (() => void)[] = [];
    const barrier = async (): Promise<void> => new Promise((resolve) => pending.push(resolve));
    const member = stubMember();
    const { client } = await serve({
      ...member,
      range: async (request) => (await barrier(), member.range(request)),
    });
    const calls = Array.from({ length: 200 }, async () => client.call(rangePath, range));
    while (pending.length < 200) await new Promise((resolve) => setImmediate(resolve));
    for (const resolve of pending) resolve();
    for (const outcome of await Promise.all(calls)) expect(outcome).toMatchObject({ ok: true });
  });
});

describe('A member that cannot serve', () => {
  it('refuses clients that insist on a leader, while it knows none', async () => {
    const { client } = await serve(stubMember({}, { leader: null }));
    const refusal = { ok: false, code: 14, message: 'etcdserver: no leader' };
    expect(await client.call(rangePath, range, { hasleader: 'true' })).toEqual(refusal);
    expect(await client.call(statusPath, nothing, { hasleader: 'true' })).toEqual(refusal);
    expect(await client.call(rangePath, range, { hasleader: 'false' })).toMatchObject({ ok: true });
    expect(await client.call(statusPath, nothing)).toMatchObject({ ok: true });
  });

  it('serves only serializable reads and its status, as a learner', async () => {
    const { client } = await serve(stubMember({}, { isLearner: true }));
    const refusal = { ok: false, code: 9, message: 'etcdserver: rpc not supported for learner' };
    const serializable = etcdserverpb.RangeRequest.encode({
      key: Buffer.from('k'),
      serializable: true,
    }).finish();
    expect(await client.call(rangePath, serializable)).toMatchObject({ ok: true });
    expect(await client.call(statusPath, nothing)).toMatchObject({ ok: true });
    expect(await client.call(rangePath, range)).toEqual(refusal);
    expect(await client.call(putPath, put)).toEqual(refusal);
    expect(await client.call('/etcdserverpb.Cluster/MemberList', nothing)).toEqual(refusal);
  });
});

describe('The health service', () => {
  const checkPath = '/grpc.health.v1.Health/Check';
  const watchPath = '/grpc.health.v1.Health/Watch';
  const other = grpc.health.v1.HealthCheckRequest.encode({ service: 'other' }).finish();
  const statusIn = (bytes: Buffer): number => grpc.health.v1.HealthCheckResponse.decode(bytes).status;

  it('says that the server serves, and knows no other service', async () => {
    const { client } = await serve();
    const outcome = await client.call(checkPath, nothing);
    expect(outcome.ok && statusIn(outcome.bytes)).toBe(
      grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING,
    );
    expect(await client.call(checkPath, other)).toEqual({ ok: false, code: 5, message: 'unknown service' });
  });

  it('tells watchers at once, and again when the server closes', async () => {
    const { client, server } = await serve();
    const watched: number[] = [];
    const closed: Promise<void>[] = [];
    const ended = (async () => {
      for await (const bytes of client.stream(watchPath, nothing).answers) {
        watched.push(statusIn(bytes));
        if (watched.length === 1) closed.push(server.close());
      }
    })();
    await expect(ended).rejects.toThrow('14 UNAVAILABLE: etcdserver: server stopped');
    expect(watched).toEqual([1, 2]);
    await Promise.all(closed);
  });

  it('ends a watch with its client', async () => {
    const { client } = await serve();
    const { answers, cancel } = client.stream(watchPath, other);
    const watched: number[] = [];
    const ended = (async () => {
      for await (const bytes of answers) {
        watched.push(statusIn(bytes));
        cancel();
      }
    })();
    await expect(ended).rejects.toThrow('CANCELLED');
    expect(watched).toEqual([3]);
  });
});

describe('Plain HTTP on the same port', () => {
  it('tells the version and the health', async () => {
    const { address } = await serve();
    expect(await getJson(`${address}/version`)).toEqual({
      status: 200,
      body: { etcdserver: '3.4.23', etcdcluster: '3.4.0' },
    });
    expect(await getJson(`${address}/health`)).toEqual({ status: 200, body: { health: 'true', reason: '' } });
  });

  it('is not healthy without a leader, or when the cluster does not answer in time', async () => {
    const { address } = await serve(stubMember({}, { leader: null }));
    const leaderless = { health: 'false', reason: 'RAFT NO LEADER' };
    expect(await getJson(`${address}/health`)).toEqual({ status: 503, body: leaderless });
    const range: Member['range'] = async (asked) =>
      asked.serializable ? stubMember().range(asked) : new Promise(() => undefined);
    const { address: stuck } = await serve(stubMember({ range }), { healthTimeoutMs: 20 });
    const late = { health: 'false', reason: 'RANGE ERROR:context deadline exceeded' };
    expect(await getJson(`${stuck}/health`)).toEqual({ status: 503, body: late });
    expect(await getJson(`${stuck}/health?serializable=true`)).toMatchObject({ status: 200 });
  });

  it('counts the calls of each method by their status, and tells who leads', async () => {
    const put = async (): Promise<never> => Promise.reject(new QuorateError('too-many-requests'));
    const { client, address } = await serve(stubMember({ put }));
    await client.call(rangePath, range);
    await client.call(rangePath, range);
    await client.call(putPath, nothing);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    const kv = 'grpc_type="unary",grpc_service="etcdserverpb.KV"';
    expect(metrics).toContain(`grpc_server_handled_total{${kv},grpc_method="Range",grpc_code="OK"} 2\n`);
    expect(metrics).toContain(`grpc_server_handled_total{${kv},grpc_method="Put",grpc_code="Unknown"} 1\n`);
    expect(metrics).toContain(`grpc_server_started_total{${kv},grpc_method="Put"} 1\n`);
    expect(metrics).toContain('etcd_server_has_leader 1\n');
    expect(metrics).toContain('etcd_server_proposals_applied_total 11\n');
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('answers 404 and 405 as JSON', async () => {
    const { address } = await serve();
    expect(await getJson(`${address}/nothing`)).toMatchObject({ status: 404, body: { code: 5 } });
    const posted = await fetch(`${address}/version`, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('survives what is no HTTP', async () => {
    const { address } = await serve();
    const socket = await connectTo(address);
    socket.write('\x16\x03\x01 not for us\r\n\r\n');
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1.1 400 /);
    expect(await getJson(`${address}/version`)).toMatchObject({ status: 200 });
  });
});

describe('A connection', () => {
  it('is told by its first bytes, in whatever pieces they come', () => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    fc.assert(
      fc.property(fc.nat(40), fc.string(), (length, rest) => {
        const bytes = Buffer.concat([preface, Buffer.from(rest)]).subarray(0, length);
        expect(protocolOf(bytes)).toBe(bytes.length < preface.length ? null : 'http2');
      }),
    );
    for (const http1 of ['GET / HTTP/1.1', 'POST', 'PUT /', 'PRI * HTTP/1.1', '\0']) {
      expect(protocolOf(Buffer.from(http1))).toBe('http1');
    }
  });

  it('survives whatever follows the preface of HTTP/2', async () => {
    const { address, client } = await serve(stubMember(), {
      firstBytesTimeoutMs: 300,
      keepaliveIntervalMs: 50,
    });
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const opened = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0);
    const frame = fc
      .tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(10), fc.nat(255), fc.nat(5))
      .map(([payload, type, flags, stream]) => [
        0,
        0,
        payload.length,
        type,
        flags,
        0,
        0,
        0,
        stream,
        ...payload,
      ]);
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(frame, { maxLength: 6 }).map((all) => all.flat()),
    );
    await fc.assert(
      fc.asyncProperty(garbage, fc.constantFrom('stays', 'half', 'gone'), async (bytes, client) => {
        const socket = await connectTo(address);
        socket.resume();
        socket.write(Buffer.concat([preface, opened, Buffer.from(bytes)]));
        if (client === 'half') socket.end();
        if (client === 'gone') socket.destroy();
        await once(socket, 'close');
      }),
      { numRuns: 50 },
    );
    expect(await client.call(rangePath, range)).toMatchObject({ ok: true });
  });

  it('that dribbles its preface is served all the same', async () => {
    const { address } = await serve();
    const socket = await connectTo(address);
    socket.setNoDelay(true);
    for (const byte of 'GET /version HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n') {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await readToEnd(socket)).toContain('"etcdserver":"3.4.23"');
  });

  it('that says nothing, or too little, is closed', async () => {
    const { address } = await serve(stubMember(), { firstBytesTimeoutMs: 50 });
    const silent = await connectTo(address);
    const hesitant = await connectTo(address);
    hesitant.write('PRI * HT');
    expect(await Promise.all([readToEnd(silent), readToEnd(hesitant)])).toEqual(['', '']);
  });

  it('beyond the bound is told so and closed, and the place of one that ends is free again', async () => {
    const { address } = await serve(stubMember(), { connectionsMax: 1 });
    const first = await connectTo(address);
    first.write('GET /version HTTP/1.1\r\nHost: m\r\n\r\n');
    await once(first, 'data');
    const second = await connectTo(address);
    expect(await readToEnd(second)).toContain('this member has 1 connections already');
    first.destroy();
    await expect
      .poll(async () => getJson(`${address}/version`).catch(() => null))
      .toMatchObject({ status: 200 });
  });

  it('that has said nothing gives its place to one that may have something to say', async () => {
    const { address } = await serve(stubMember(), { connectionsMax: 2 });
    const [first, second] = [await connectTo(address), await connectTo(address)];
    const third = await connectTo(address);
    expect(await readToEnd(first)).toBe('');
    third.write('GET /version HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n');
    expect(await readToEnd(third)).toContain('200 OK');
    expect(second.destroyed).toBe(false);
  });

  it('cannot hold the server up by speaking HTTP/1.1 forever', async () => {
    const { address } = await serve(stubMember(), { httpIdleTimeoutMs: 50 });
    const socket = await connectTo(address);
    socket.write('GET /version HTTP/1.1\r\nHost: m\r\nX: ');
    expect(await readToEnd(socket)).toBe('');
  });
});

describe('Starting and closing', () => {
  it('names the address that is taken', async () => {
    const { address } = await serve();
    const second = createApiServer({ member: stubMember(), listenUrls: [address], logger: silentLogger });
    await expect(second.start()).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining(`client address ${address} is already in use`) as string,
    });
  });

  it('refuses addresses that make no sense', async () => {
    for (const url of ['https://127.0.0.1:1', 'http://127.0.0.1', '127.0.0.1:1', 'http://127.0.0.1:99999']) {
      const server = createApiServer({ member: stubMember(), listenUrls: [url], logger: silentLogger });
      await expect(server.start()).rejects.toMatchObject({ code: 'invalid-configuration' });
    }
  });

  it('gives up the addresses it has when another one fails', async () => {
    const { address } = await serve();
    const listenUrls = ['http://127.0.0.1:0', address];
    const server = createApiServer({ member: stubMember(), listenUrls, logger: silentLogger });
    await expect(server.start()).rejects.toThrow('already in use');
    await expect(fetch(`${at(server.addresses, 0)}/version`)).rejects.toThrow();
  });

  it('lets a running call end, and takes no new one', async () => {
    const release: (() => void)[] = [];
    const member = stubMember();
    const slow = {
      ...member,
      put: async () => (await new Promise<void>((r) => release.push(r)), member.put(never)),
    };
    const { server, client } = await serve(slow, { closeGraceMs: 30_000 });
    const running = client.call(putPath, put);
    await expect.poll(() => release.length).toBe(1);
    const closed = server.close();
    expect(await client.call(rangePath, range)).toMatchObject({ ok: false, code: 14 });
    release[0]?.();
    expect(await running).toMatchObject({ ok: true });
    await closed;
  });

  it('ends in a bounded time even if a call does not', async () => {
    const stuck = stubMember({ put: async () => new Promise(() => undefined) });
    const { server, client, address } = await serve(stuck, { closeGraceMs: 50 });
    const running = client.call(putPath, put);
    await connectTo(address);
    await expect.poll(async () => getJson(`${address}/version`)).toMatchObject({ status: 200 });
    await server.close();
    expect(await running).toMatchObject({ ok: false, code: 14 });
  });
});

const never = {
  type: 'put',
  key: 'k',
  value: nothing,
  lease: 0n,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
} as const;
