import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import fc from 'fast-check';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createGrpcServer } from '../../src/api/grpc-server.js';
import { createUnreadAnswers } from '../../src/api/unread-answers.js';
import type { GrpcServer } from '../../src/api/grpc-server.js';
import { createLeaderlessStreams } from '../../src/api/leaderless.js';
import { defaultApiLimits } from '../../src/api/limits.js';
import type { ApiLimits } from '../../src/api/limits.js';
import { createMessageReader, createPartialMessages, frameMessage } from '../../src/api/message-reader.js';
import { firstRequest, guarded } from '../../src/api/method.js';
import type { CallStream, Method } from '../../src/api/method.js';
import { QuorateError } from '../../src/base/index.js';
import type { Member } from '../../src/member/index.js';
import { stubMember } from './stub-member.js';

const path = '/test.Test/Stream';
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Served {
  readonly server: GrpcServer;
  readonly port: number;
  readonly open: (metadata?: Readonly<Record<string, string>>) => ClientCall;
}

interface ClientCall {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly answers: string[];
  readonly status: Promise<Pick<StatusObject, 'code' | 'details'>>;
  readonly send: (text: string) => void;
}

/** Serves one bidirectional method. */
async function serve(
  handle: (call: CallStream) => Promise<void>,
  limits: Partial<ApiLimits> = {},
  member: Member = stubMember(),
): Promise<Served> {
  return serveMethod({ type: 'stream', path, direction: 'both', handle }, limits, member);
}

async function serveMethod(
  method: Method,
  limits: Partial<ApiLimits> = {},
  member: Member = stubMember(),
): Promise<Served> {
  const all = { ...defaultApiLimits, ...limits };
  const server = createGrpcServer({
    answers: createUnreadAnswers({ sizeBytesMax: 1e9, graceMs: 1000 }),
    methods: [guarded(member, method)],
    limits: all,
    leaderless: createLeaderlessStreams(member, all.electionTimeoutMs),
    onHttp: (stream) => stream.reset(2),
    onFailure: () => undefined,
  });
  const sockets = createServer((socket) => {
    cleanups.push(() => socket.destroy());
    socket.on('error', () => socket.destroy());
    server.accept(socket, null);
  });
  sockets.listen(0, '127.0.0.1');
  await once(sockets, 'listening');
  const { port } = sockets.address() as AddressInfo;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  cleanups.push(
    () => sockets.close(),
    () => client.close(),
  );
  return { server, port, open: (metadata) => openCall(client, metadata) };
}

function openCall(client: Client, entries: Readonly<Record<string, string>> = {}): ClientCall {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  const call = client.makeBidiStreamRequest(path, asIs, asIs, metadata, {});
  const answers: string[] = [];
  call.on('data', (answer: Buffer) => answers.push(answer.toString()));
  call.on('error', () => undefined);
  const status = new Promise<Pick<StatusObject, 'code' | 'details'>>((resolve) =>
    call.on('status', ({ code, details }) => resolve({ code, details })),
  );
  return { call, answers, status, send: (text) => call.write(Buffer.from(text)) };
}

async function echo(call: CallStream): Promise<void> {
  for await (const request of call.requests) call.send(request);
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

/** A call below gRPC's client, whose bytes are ours. */
async function openRaw(port: number, headers: Record<string, string> = {}): Promise<ClientHttp2Stream> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  cleanups.push(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    ...headers,
  });
  stream.on('error', () => undefined);
  await once(session, 'connect');
  return stream;
}

describe('A stream', () => {
  it('carries messages both ways until the client has no more', async () => {
    const { open } = await serve(echo);
    const { call, answers, status, send } = open();
    for (const text of ['a', '', 'b'.repeat(100_000)]) send(text);
    await expect.poll(() => answers.length).toBe(3);
    send('c');
    call.end();
    expect(await status).toEqual({ code: 0, details: '' });
    expect(answers).toEqual(['a', '', 'b'.repeat(100_000), 'c']);
  });

  it('takes messages apart however their bytes arrive', async () => {
    const partial = createPartialMessages(1_000_000);
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 })),
        fc.array(fc.integer({ min: 1, max: 30 })),
        (messages, sizes) => {
          const reader = createMessageReader(partial, 1000);
          const bytes = Buffer.concat(messages.map((message) => frameMessage(message)));
          const seen: Buffer[] = [];
          let from = 0;
          for (const size of [...sizes, bytes.length]) {
            if (from >= bytes.length) break;
            reader.push(bytes.subarray(from, from + size));
            from += size;
            for (let next = reader.next(); next !== null; next = reader.next()) seen.push(next);
          }
          expect(seen).toEqual(messages.map((message) => Buffer.from(message)));
          expect(reader.isEmpty).toBe(true);
          expect(partial.sizeBytes).toBe(0);
        },
      ),
    );
  });

  it('that is cut off within a message releases what it held', () => {
    const partial = createPartialMessages(10);
    const reader = createMessageReader(partial, 1000);
    reader.push(Buffer.of(0, 0, 0, 0, 100, 1, 2));
    expect(reader.next()).toBeNull();
    expect(partial.sizeBytes).toBe(7);
    reader.push(Buffer.alloc(4));
    expect(() => reader.next()).toThrow('too-many-requests');
    reader.release();
    expect(partial.sizeBytes).toBe(0);
  });

  it('that ends within a message is told so', async () => {
    const { port } = await serve(echo);
    const stream = await openRaw(port);
    stream.end(Buffer.of(0, 0, 0, 0, 9, 1));
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect(headers).toMatchObject({ 'grpc-status': '13', 'grpc-message': 'the call ended within a message' });
  });

  it('ends when its method does, while the client still sends', async () => {
    const { open } = await serve(async (call) => {
      for await (const request of call.requests) {
        call.send(request);
        return;
      }
    });
    const { answers, status, send } = open();
    send('a');
    send('b');
    expect(await status).toEqual({ code: 0, details: '' });
    expect(answers).toEqual(['a']);
  });

  it('carries what its method throws, after the answers that came before', async () => {
    const { open } = await serve(async (call) => {
      await firstRequest(call);
      call.send(Buffer.from('one'));
      call.send(Buffer.from('two'));
      throw new QuorateError('too-many-requests');
    });
    const { answers, status, send } = open();
    send('a');
    expect(await status).toEqual({ code: 2, details: 'etcdserver: too many requests' });
    expect(answers).toEqual(['one', 'two']);
  });

  it('tells its method when the client has gone', async () => {
    const reasons: unknown[] = [];
    const { open } = await serve(async (call) => {
      await echo(call); // Node's clients end their requests before they reset the call.
      await once(call.signal, 'abort');
      reasons.push(call.signal.reason);
    });
    const { call, answers, send } = open();
    send('a');
    await expect.poll(() => answers).toEqual(['a']);
    call.cancel();
    await expect.poll(() => reasons).toMatchObject([{ code: 'canceled' }]);
  });

  it('throws for its method when the connection is gone', async () => {
    const ends: unknown[] = [];
    const { port } = await serve(async (call) => {
      await echo(call).catch((error: unknown) => ends.push(error));
    });
    const stream = await openRaw(port);
    stream.write(frameMessage(Buffer.from('a')));
    await once(stream, 'response');
    stream.session?.destroy();
    await expect.poll(() => ends).toMatchObject([{ code: 'canceled' }]);
  });

  it('ends with the words of etcd when the server closes', async () => {
    const { open, server } = await serve(echo);
    const iterating = open();
    iterating.send('a');
    await expect.poll(() => iterating.answers).toEqual(['a']);
    server.drain();
    expect(await iterating.status).toEqual({ code: 14, details: 'etcdserver: server stopped' });
  });

  it('ends at its deadline, even if its method does not', async () => {
    const signals: AbortSignal[] = [];
    const { port } = await serve(async (call) => {
      signals.push(call.signal);
      await new Promise(() => undefined);
    });
    const stream = await openRaw(port, { 'grpc-timeout': '50m' });
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect(headers).toMatchObject({ 'grpc-status': '4', 'grpc-message': 'context deadline exceeded' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('A client that reads slowly', () => {
  const limits = { sendBufferSizeBytes: 200_000, sendBufferSizeBytesMax: 1_000_000 };
  /** Until it is full and stays so: what the client's window takes leaves first. */
  const fill = async (call: CallStream): Promise<void> => {
    for (let sent = 0; call.send(Buffer.alloc(10_000)); sent += 1) {
      expect(sent).toBeLessThan(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('makes send answer false, and drained wait until there is room', async () => {
    const seen: string[] = [];
    const { port } = await serve(async (call) => {
      await fill(call);
      seen.push('full');
      await call.drained();
      seen.push('drained');
    }, limits);
    const stream = await openRaw(port);
    await once(stream, 'response');
    await expect.poll(() => seen).toEqual(['full']);
    stream.resume();
    const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
    expect(trailers).toMatchObject({ 'grpc-status': '0' });
    expect(seen).toEqual(['full', 'drained']);
  });

  it('is cut off when the method does not wait', async () => {
    const aborted: boolean[] = [];
    const { port } = await serve(async (call) => {
      for (let sent = 0; sent < 100; sent += 1) call.send(Buffer.alloc(100_000));
      aborted.push(call.signal.aborted);
      return Promise.resolve();
    }, limits);
    const stream = await openRaw(port);
    stream.resume();
    const [error] = (await once(stream, 'error')) as [Error];
    expect(error.message).toContain('ENHANCE_YOUR_CALM'); // Which gRPC takes for RESOURCE_EXHAUSTED.
    await expect.poll(() => aborted).toEqual([true]);
  });

  it('that has gone ends the wait for room', async () => {
    const seen: string[] = [];
    const { port } = await serve(async (call) => {
      await fill(call);
      await call.drained();
      seen.push(call.signal.aborted ? 'gone' : 'drained');
    }, limits);
    const stream = await openRaw(port);
    await once(stream, 'response');
    expect(seen).toEqual([]);
    stream.close(8);
    await expect.poll(() => seen).toEqual(['gone']);
  });
});

it('A method that takes its requests slowly holds the client back, and a neighbour is served', async () => {
  const release: (() => void)[] = [];
  let taken = 0;
  const { port, open } = await serve(async (call) => {
    if (call.context.credentials.token === null) return echo(call);
    for await (const request of call.requests) {
      taken += request.length / 1000;
      if (taken === 1) await new Promise<void>((resolve) => release.push(resolve));
    }
  });
  const stream = await openRaw(port, { token: 'slow' });
  const message = frameMessage(Buffer.alloc(1000));
  const count = 2000;
  for (let sent = 0; sent < count; sent += 1) stream.write(message);
  stream.end();
  await expect.poll(() => release.length).toBe(1);
  const neighbour = open();
  neighbour.send('a');
  await expect.poll(() => neighbour.answers).toEqual(['a']);
  // The window of the stream, and no more, has left the client.
  expect(stream.writableLength).toBeGreaterThan(
    count * message.length - 2 * defaultApiLimits.streamWindowSizeBytes,
  );
  expect(taken).toBe(1);
  release[0]?.();
  await expect.poll(() => taken).toBe(count);
});

describe('A client that insists on a leader', () => {
  it('is refused without one, and others are not', async () => {
    const { open } = await serve(echo, {}, stubMember({}, { leader: null }));
    expect(await open({ hasleader: 'true' }).status).toEqual({ code: 14, details: 'etcdserver: no leader' });
    const other = open();
    other.send('a');
    await expect.poll(() => other.answers).toEqual(['a']);
  });

  it('is cut when there has been none for three election timeouts', async () => {
    const leaders = { current: 'a' as string | null };
    const looked = { count: 0 };
    const member: Member = Object.defineProperty({ ...stubMember() }, 'leader', {
      get: () => ((looked.count += 1), leaders.current),
    });
    const { open } = await serve(echo, { electionTimeoutMs: 10 }, member);
    const insisting = open({ hasleader: 'true' });
    const other = open();
    for (const call of [insisting, other]) {
      call.send('a');
      await expect.poll(() => call.answers).toEqual(['a']);
    }
    looked.count = 0;
    await expect.poll(() => looked.count).toBeGreaterThan(5);
    leaders.current = null;
    expect(await insisting.status).toEqual({ code: 14, details: 'etcdserver: no leader' });
    other.send('b');
    await expect.poll(() => other.answers).toEqual(['a', 'b']);
  });

  it('may come back to a member that was without one for a shorter time', async () => {
    const leaders: (string | null)[] = ['a', null, null, 'a', null, null, 'a'];
    const looked = { count: 0 };
    const member: Member = Object.defineProperty({ ...stubMember() }, 'leader', {
      get: () => leaders[Math.min(looked.count++, leaders.length - 1)],
    });
    const { open } = await serve(echo, { electionTimeoutMs: 5 }, member);
    const { answers, send } = open({ hasleader: 'true' });
    await expect.poll(() => looked.count).toBeGreaterThan(10);
    send('a');
    await expect.poll(() => answers).toEqual(['a']);
  });
});

it('A learner refuses streams', async () => {
  const { open } = await serve(echo, {}, stubMember({}, { isLearner: true }));
  expect(await open().status).toEqual({ code: 9, details: 'etcdserver: rpc not supported for learner' });
});

describe('What a call says of itself', () => {
  it.each([
    [{}, null, false],
    [{ token: 'abc.1' }, 'abc.1', false],
    [{ authorization: 'abc.2' }, 'abc.2', false],
    [{ authorization: 'Bearer abc.3', hasleader: 'true' }, 'abc.3', true],
    [{ token: 'abc.4', authorization: 'other' }, 'abc.4', false],
    [{ hasleader: 'false' }, null, false],
  ])('%j', async (metadata: Record<string, string>, token, requiresLeader) => {
    const { open } = await serve(async (call) => {
      call.send(Buffer.from(JSON.stringify(call.context)));
      return Promise.resolve();
    });
    const { answers, status } = open(metadata);
    expect((await status).code).toBe(0);
    const expected = { requiresLeader, credentials: { token, commonName: null } };
    expect(answers.map((text) => JSON.parse(text) as unknown)).toEqual([expected]);
  });
});

describe('A call with one answer', () => {
  const unary = (handle: (signal: AbortSignal) => Promise<Buffer>, usesSignal = true): Method => ({
    type: 'unary',
    path,
    usesSignal,
    handle: async (_request, _context, signal) => handle(signal),
  });
  const request = frameMessage(Buffer.from('a'));
  const never = async (): Promise<Buffer> => new Promise(() => undefined);

  it.each([true, false])('ends at its deadline, whether or not its method looks (%s)', async (usesSignal) => {
    const signals: AbortSignal[] = [];
    const { port } = await serveMethod(unary((signal) => (signals.push(signal), never()), usesSignal));
    const stream = await openRaw(port, { 'grpc-timeout': '50m' });
    stream.end(request);
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect(headers).toMatchObject({ 'grpc-status': '4', 'grpc-message': 'context deadline exceeded' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([usesSignal]);
  });

  it('that was answered is not ended by its deadline', async () => {
    const { port } = await serveMethod(unary(async () => Promise.resolve(Buffer.from('answer'))));
    const streams = await Promise.all(
      ['1H', '10S'].map((timeout) => openRaw(port, { 'grpc-timeout': timeout })),
    );
    for (const stream of streams) {
      stream.resume();
      stream.end(request);
      const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
      expect(trailers).toMatchObject({ 'grpc-status': '0' });
    }
  });

  it('tells its method when the client has gone, or the server closes', async () => {
    const reasons: unknown[] = [];
    const { port, server } = await serveMethod(
      unary(async (signal) => {
        if (!signal.aborted) await once(signal, 'abort');
        reasons.push(signal.reason);
        throw signal.reason as Error;
      }),
    );
    const [gone, waiting] = [await openRaw(port), await openRaw(port)];
    gone.end(request);
    waiting.end(request);
    gone.close(8);
    await expect.poll(() => reasons).toMatchObject([{ code: 'canceled' }]);
    server.drain();
    const [headers] = (await once(waiting, 'response')) as [Record<string, string>];
    expect(headers).toMatchObject({ 'grpc-status': '14', 'grpc-message': 'etcdserver: server stopped' });
  });

  it('with a timeout that is none is refused', async () => {
    const { port } = await serveMethod(unary(never));
    const stream = await openRaw(port, { 'grpc-timeout': 'soon' });
    stream.end(request);
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect(headers).toMatchObject({ 'grpc-status': '13', 'grpc-message': 'malformed grpc-timeout' });
  });
});
