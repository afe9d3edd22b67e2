import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiServerOptions } from '../../src/api/index.js';
import type { Member } from '../../src/member/index.js';
import { serveApi } from './serve.js';
import { stubMember } from './stub-member.js';

/* Pages and gateway over HTTP/2: what curl, Go and Prometheus speak with a server that has TLS. */

const sessions: ClientHttp2Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});

async function open(
  overrides: Partial<Member> = {},
  options: Partial<ApiServerOptions> = {},
): Promise<ClientHttp2Session> {
  const { address } = await serveApi(stubMember(overrides), options);
  const session = connect(address);
  session.on('error', () => undefined);
  sessions.push(session);
  return session;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: string | Buffer = '',
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === '' });
  stream.on('error', () => undefined);
  if (body !== '') stream.end(body);
  const [response] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: Number(response[':status']), headers: response, text: Buffer.concat(chunks).toString() };
}

const post = { ':method': 'POST', 'content-type': 'application/json' };

describe('Over HTTP/2', () => {
  it('pages are those of HTTP/1.1', async () => {
    const session = await open();
    expect(await ask(session, { ':path': '/health' })).toMatchObject({
      status: 200,
      text: '{"health":"true","reason":""}',
    });
    expect((await ask(session, { ':path': '/version' })).text).toContain('"etcdserver"');
    const metrics = await ask(session, { ':path': '/metrics' });
    expect(metrics.headers['content-length']).toBe(String(Buffer.byteLength(metrics.text)));
    expect(metrics.text).toContain('etcd_server_has_leader 1');
    expect(await ask(session, { ':path': '/version', ':method': 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
    });
    expect(await ask(session, { ':path': '/nothing' })).toMatchObject({ status: 404 });
    expect(await ask(session, { ':path': '/version', ':method': 'POST' }, 'x')).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    });
    expect(await ask(session, { ':path': '//' })).toMatchObject({ status: 400 });
  });

  it('the gateway is that of HTTP/1.1', async () => {
    const session = await open();
    const answer = await ask(session, { ...post, ':path': '/v3/kv/range' }, '{"key":"aw=="}');
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.text)).toMatchObject({ count: '1', kvs: [{ key: 'aw==' }] });
    expect(await ask(session, { ...post, ':path': '/v3/kv/range' }, '{"key":')).toMatchObject({
      status: 400,
    });
    expect(await ask(session, { ':path': '/v3/kv/range' })).toMatchObject({ status: 405 });
    const lines = await ask(session, { ...post, ':path': '/v3/lease/keepalive' }, '{"ID":1}{"ID":2}');
    expect(lines.text.trimEnd().split('\n')).toHaveLength(2);
  });

  it('large answers come whole, whatever the windows', async () => {
    const value = Buffer.alloc(3_000_000, 'v');
    const session = await open({
      range: async ({ key }) =>
        Promise.resolve({
          ...{ type: 'range', revision: 5, more: false, count: 1 },
          kvs: [{ key, createRevision: 2, modRevision: 3, version: 2, value, lease: 0n }],
        }),
    });
    const answers = await Promise.all(
      Array.from({ length: 3 }, async () =>
        ask(session, { ...post, ':path': '/v3/kv/range' }, '{"key":"aw=="}'),
      ),
    );
    for (const { text } of answers) {
      const parsed = JSON.parse(text) as { kvs: { value: string }[] };
      expect(Buffer.from(parsed.kvs[0]?.value ?? '', 'base64').equals(value)).toBe(true);
    }
  });

  it('large requests are taken up to their bound, and refused beyond it', async () => {
    const seen: number[] = [];
    const session = await open({
      put: async ({ value }) => {
        seen.push(value.length);
        return Promise.resolve({ type: 'put', revision: 6, previous: null });
      },
    });
    const put = (sizeBytes: number): string =>
      JSON.stringify({ key: 'aw==', value: Buffer.alloc(sizeBytes).toString('base64') });
    expect(await ask(session, { ...post, ':path': '/v3/kv/put' }, put(1_400_000))).toMatchObject({
      status: 200,
    });
    expect(seen).toEqual([1_400_000]);
    expect(await ask(session, { ...post, ':path': '/v3/kv/put' }, put(4_000_000))).toMatchObject({
      status: 400,
    });
    expect(await ask(session, { ':path': '/health' })).toMatchObject({ status: 200 });
  });

  it('requests that do not come in time are cut off, and leave nothing', async () => {
    const session = await open(
      {},
      { limits: { httpRequestTimeoutMs: 100, callsMax: 1, callsPerConnectionMin: 1 } },
    );
    const late = session.request({ ...post, ':path': '/v3/kv/range' });
    late.on('error', () => undefined);
    late.write('{');
    expect(await ask(session, { ':path': '/health' })).toMatchObject({ status: 503 }); // It counts as a call.
    await once(late, 'close');
    expect(await ask(session, { ':path': '/health' })).toMatchObject({ status: 200 });
  });

  it('whoever goes away ends what runs for it', async () => {
    const ended: number[] = [];
    const watches: Member['watches'] = {
      ...stubMember().watches,
      watch: () => ({
        nextRevision: 1,
        isSynced: true,
        resume: () => undefined,
        cancel: () => void ended.push(1),
      }),
    };
    const session = await open({ watches });
    const stream = session.request({ ...post, ':path': '/v3/watch' });
    stream.on('error', () => undefined);
    stream.end('{"create_request":{"key":"aw=="}}');
    const [line] = (await once(stream, 'data')) as [Buffer];
    expect(JSON.parse(line.toString())).toMatchObject({ result: { created: true } });
    stream.close(8);
    await expect.poll(() => ended.length).toBe(1);
    expect(await ask(session, { ':path': '/health' })).toMatchObject({ status: 200 });
  });

  it('pages of other origins are refused, as over HTTP/1.1', async () => {
    const session = await open({}, { allowedOrigins: ['http://good'] });
    expect(await ask(session, { ':path': '/version', origin: 'http://bad' })).toMatchObject({ status: 403 });
    const good = await ask(session, { ':path': '/version', origin: 'http://good' });
    expect(good.headers['access-control-allow-origin']).toBe('http://good');
  });

  it('a method of gRPC asked in another language is refused', async () => {
    const session = await open();
    expect(await ask(session, { ...post, ':path': '/etcdserverpb.KV/Range' }, '{}')).toMatchObject({
      status: 415,
    });
  });
});
