import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGrpcTransport } from '../../../jepsen-like/live/clients/index.js';
import type { GrpcTransport } from '../../../jepsen-like/live/clients/index.js';
import { CallError, grpcCodes } from '../../../jepsen-like/store/index.js';

type Behaviour = (stream: ServerHttp2Stream, request: Buffer, token: string) => void;

/** A server of bytes: gRPC as it travels, and what goes wrong there. */
async function newServer(
  behaviour: Behaviour,
): Promise<{ readonly endpoint: string; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    asked += 1;
    stream.on('error', () => undefined);
    let isAnswered = false;
    stream.on('data', (bytes: Buffer) => {
      if (isAnswered) return;
      isAnswered = true;
      behaviour(stream, bytes.subarray(5), String(headers['token'] ?? ''));
    });
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  return { endpoint: `127.0.0.1:${address.port}`, asked: () => asked };
}

function frame(text: string): Buffer {
  const message = Buffer.from(text);
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, 5);
  return framed;
}

function end(stream: ServerHttp2Stream, status: number, message = '', answer?: string): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': message }),
  );
  stream.end(answer === undefined ? undefined : frame(answer));
}

function transportTo(endpoint: string): GrpcTransport {
  const transport = createGrpcTransport();
  onTestFinished(() => transport.close());
  transport.readdress(new Map([['n1', endpoint]]));
  return transport;
}

const options = { timeoutMs: 5000, token: null };

async function failureOf(call: Promise<unknown>): Promise<CallError> {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CallError) return error;
  throw new Error('it fails with a CallError');
}

describe('calls of real members', () => {
  test('carry bytes and a token, and bring bytes back', async () => {
    const { endpoint } = await newServer((stream, request, token) =>
      end(stream, 0, '', `${request.toString()} from ${token}`),
    );
    const answer = await transportTo(endpoint).call('n1', '/a.B/C', Buffer.from('hello'), {
      ...options,
      token: 'ada',
    });
    expect(Buffer.from(answer).toString()).toBe('hello from ada');
  });

  test('fail as the member says', async () => {
    const { endpoint } = await newServer((stream) => end(stream, 11, 'etcdserver: it is gone'));
    const { code, message, isRefusal } = await failureOf(
      transportTo(endpoint).call('n1', '/a.B/C', Buffer.from('x'), options),
    );
    expect({ code, message, isRefusal }).toEqual({
      code: grpcCodes.outOfRange,
      message: 'etcdserver: it is gone',
      isRefusal: true,
    });
  });

  test('that nobody can have heard have surely had no effect', async () => {
    const { endpoint } = await newServer(() => undefined);
    const nobody = transportTo('127.0.0.1:1');
    const refused = await failureOf(nobody.call('n1', '/a.B/C', Buffer.from('x'), options));
    expect(refused.isRefusal).toBe(true);
    expect(refused.isConnection).toBe(true);
    const unknown = await failureOf(transportTo(endpoint).call('n2', '/a.B/C', Buffer.from('x'), options));
    expect(unknown.isRefusal).toBe(true);
  });

  test('that a member may have heard may have had their effect, and are sent once', async () => {
    const { endpoint, asked } = await newServer((stream) => stream.session?.destroy());
    const broken = await failureOf(transportTo(endpoint).call('n1', '/a.B/C', Buffer.from('x'), options));
    expect(broken.isRefusal).toBe(false);
    expect(broken.isConnection).toBe(true);
    expect(asked()).toBe(1);
  });

  test('end after their time', async () => {
    const { endpoint } = await newServer(() => undefined);
    const late = await failureOf(
      transportTo(endpoint).call('n1', '/a.B/C', Buffer.from('x'), { ...options, timeoutMs: 50 }),
    );
    expect(late.code).toBe(grpcCodes.deadlineExceeded);
    expect(late.isRefusal).toBe(false);
  });

  test('as streams bring one message after the other, and then how it ended', async () => {
    const { endpoint } = await newServer((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.write(frame('one'));
      stream.end(frame('two'));
    });
    const stream = transportTo(endpoint).open('n1', '/a.B/C', { token: null });
    stream.send(Buffer.from('go'));
    const heard = [await stream.next(), await stream.next(), await stream.next()];
    expect(heard.map((each) => (each === null ? null : Buffer.from(each).toString()))).toEqual([
      'one',
      'two',
      null,
    ]);
  });

  test('as streams that break fail', async () => {
    const { endpoint } = await newServer((stream) => stream.session?.destroy());
    const stream = transportTo(endpoint).open('n1', '/a.B/C', { token: null });
    stream.send(Buffer.from('go'));
    expect((await failureOf(stream.next())).isConnection).toBe(true);
    const nobody = transportTo(endpoint).open('n2', '/a.B/C', { token: null });
    nobody.send(Buffer.from('go'));
    expect((await failureOf(nobody.next())).isConnection).toBe(true);
    nobody.cancel();
  });
});
