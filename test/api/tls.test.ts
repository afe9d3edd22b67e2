import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { connect as connectHttp2 } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../cluster/tls/authority.js';
import type { Authority, KeyPair } from '../../cluster/tls/authority.js';
import { createApiServer } from '../../src/api/index.js';
import type { ApiLimits } from '../../src/api/index.js';
import { at, silentLogger } from '../../src/base/index.js';
import type { Credentials } from '../../src/member/index.js';
import { openTls } from '../../src/tls/index.js';
import type { Tls, TlsSettings } from '../../src/tls/index.js';
import { createServerFolder, issueLocal, settingsFor } from '../tls/certificates.js';
import type { CertificateFolder } from '../tls/certificates.js';
import { stubMember } from './stub-member.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Secured {
  readonly port: number;
  readonly folder: CertificateFolder;
  readonly authority: Authority;
  readonly tls: Tls;
  readonly seen: Credentials[];
  readonly refusals: string[];
  /** The status of a call as a client with these options sees it; the error's code when there is no answer. */
  readonly call: (client?: ConnectionOptions) => Promise<string>;
  readonly clientPair: (commonName?: string) => { readonly cert: string; readonly key: string };
}

async function serve(settings: Partial<TlsSettings> = {}, limits: Partial<ApiLimits> = {}): Promise<Secured> {
  const { folder, authority } = await createServerFolder();
  const refusals: string[] = [];
  const logger = {
    ...silentLogger,
    warn: (message: string, fields?: object) => void refusals.push(`${message} ${JSON.stringify(fields)}`),
  };
  const tls = await openTls(settingsFor(folder, settings), logger);
  const seen: Credentials[] = [];
  const { auth, ...others } = stubMember();
  const callerOf: typeof auth.callerOf = (credentials) => {
    seen.push(credentials);
    return auth.callerOf(credentials);
  };
  const server = createApiServer({
    member: { ...others, auth: { ...auth, callerOf } },
    listenUrls: ['https://127.0.0.1:0'],
    logger: silentLogger,
    limits: { closeGraceMs: 200, ...limits },
    tls,
    identifiesByCertificate: true,
  });
  await server.start();
  cleanups.push(
    () => folder[Symbol.asyncDispose](),
    () => tls.close(),
    () => server.close(),
  );
  const port = Number(new URL(at(server.addresses, 0)).port);
  const clientPair = (commonName = 'client'): { cert: string; key: string } =>
    asOptions(authority.issue({ commonName }));
  const call = (client: ConnectionOptions = {}): Promise<string> =>
    callRange(port, { ca: authority.certificate, ...client });
  return { port, folder, authority, tls, seen, refusals, call, clientPair };
}

function asOptions({ certificate, key }: KeyPair): { readonly cert: string; readonly key: string } {
  return { cert: certificate, key };
}

function statusIn(trailers: IncomingHttpHeaders): string {
  return `status ${String(trailers['grpc-status'])}`;
}

/** KV.Range of the key k. */
async function callRange(port: number, options: ConnectionOptions): Promise<string> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, options);
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve(error.code ?? error.message);
    session.on('error', fail);
    session.on('close', () => resolve('closed'));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/etcdserverpb.KV/Range',
      'content-type': 'application/grpc',
    });
    stream.on('error', fail);
    stream.on('trailers', (trailers: IncomingHttpHeaders) => resolve(statusIn(trailers)));
    stream.resume();
    stream.end(Buffer.of(0, 0, 0, 0, 3, 0x0a, 1, 0x6b));
  }).finally(() => session.destroy()) as Promise<string>;
}

async function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', ...options });
  cleanups.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

describe('Over TLS', () => {
  it('calls are served, and who makes them is what their certificate says', async () => {
    const { call, clientPair, seen } = await serve();
    expect(await call(clientPair('alice'))).toBe('status 0');
    expect(await call(clientPair('bob'))).toBe('status 0');
    expect(seen).toEqual([
      { token: null, commonName: 'alice' },
      { token: null, commonName: 'bob' },
    ]);
  });

  it('HTTP/1.1 is served on the same port', async () => {
    const { port, authority, clientPair } = await serve();
    const options = { port, host: '127.0.0.1', path: '/version', ca: authority.certificate };
    const request = httpsRequest({ ...options, ...clientPair(), agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toContain('"etcdserver":"3.4.23"');
  });

  it('a client that offers both protocols gets HTTP/2', async () => {
    const { port, authority, clientPair } = await serve();
    const ALPNProtocols = ['http/1.1', 'h2'];
    const options = { ca: authority.certificate, ...clientPair(), ALPNProtocols };
    expect((await handshake(port, options)).alpnProtocol).toBe('h2');
  });

  it('no certificate is needed unless one is required', async () => {
    const { call, seen } = await serve({ requireClientCertificate: false });
    expect(await call()).toBe('status 0');
    expect(seen).toEqual([{ token: null, commonName: null }]);
  });

  it('plain text is not understood', async () => {
    const { port } = await serve();
    const socket = connectPlain(port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    socket.write('GET /version HTTP/1.1\r\nHost: m\r\n\r\n');
    let text = '';
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    await once(socket, 'close');
    expect(text).not.toContain('etcdserver');
  });
});

describe('Refused are', () => {
  const served = 'status 0';

  it('clients without a certificate, or with that of another authority', async () => {
    const { call, clientPair, refusals, seen } = await serve();
    const stranger = createAuthority('test authority'); // By the same name.
    const theirs = asOptions(stranger.issue({ commonName: 'client' }));
    expect(await call()).not.toBe(served);
    expect(await call(theirs)).not.toBe(served);
    expect(seen).toEqual([]);
    expect(refusals.join('\n')).toContain('refused a TLS connection');
    expect(await call(clientPair())).toBe(served);
  });

  it('clients whose certificate has expired', async () => {
    const { call, authority } = await serve();
    const pair = asOptions(authority.issue({ commonName: 'client', lifetimeMs: -60_000 }));
    expect(await call(pair)).not.toBe(served);
  });

  it('clients whose common name is not allowed', async () => {
    const { call, clientPair, refusals } = await serve({
      allowed: { commonNames: ['app'], hostnames: [] },
    });
    expect(await call(clientPair('other'))).not.toBe(served);
    expect(refusals.join()).toContain('its certificate (common name other) is not for app');
    expect(await call(clientPair('app'))).toBe(served);
  });

  it('clients whose alternative names are not allowed', async () => {
    const { call, authority } = await serve({ allowed: { commonNames: [], hostnames: ['app.example'] } });
    const pair = (hostname: string): ConnectionOptions =>
      asOptions(authority.issue({ commonName: 'app.example', hostnames: [hostname] }));
    expect(await call(pair('other.example'))).not.toBe(served);
    expect(await call(pair('app.example'))).toBe(served);
  });

  it('servers of an authority that the client does not trust, by the client', async () => {
    const { port, clientPair } = await serve();
    const stranger = createAuthority('another authority');
    const connected = handshake(port, { ...clientPair(), ca: stranger.certificate });
    await expect(connected).rejects.toMatchObject({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  });

  it('versions of TLS below 1.2, or below what is asked for', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const { call, clientPair } = await serve();
    const pair = clientPair();
    expect(await call({ ...pair, ...old })).not.toBe(served);
    expect(await call({ ...pair, maxVersion: 'TLSv1.2' })).toBe(served);
    const strict = await serve({ minVersion: 'TLSv1.3' });
    const strictPair = strict.clientPair();
    expect(await strict.call({ ...strictPair, maxVersion: 'TLSv1.2' })).not.toBe(served);
    expect(await strict.call(strictPair)).toBe(served);
  });
});

describe('New certificates', () => {
  it('are shown to new connections, while those that are there go on', async () => {
    const { port, authority, clientPair, folder, tls } = await serve();
    const client = { ca: authority.certificate, ...clientPair(), ALPNProtocols: ['h2'] };
    const before = await handshake(port, client);
    const next = issueLocal(authority, { commonName: 'next' });
    await folder.writePair(next);
    await tls.refresh();
    const after = await handshake(port, client);
    expect([before, after].map((socket) => socket.getPeerCertificate().subject.CN)).toEqual([
      'member',
      'next',
    ]);
    expect(before.destroyed).toBe(false);
  });

  it('of another authority change who is let in', async () => {
    const { call, clientPair, folder, tls, authority } = await serve();
    const former = clientPair();
    expect(await call(former)).toBe('status 0');
    const next = createAuthority('next authority');
    await folder.write('ca.crt', next.certificate);
    await tls.refresh();
    expect(await call(former)).not.toBe('status 0');
    expect(await call(asOptions(next.issue({ commonName: 'client' })))).toBe('status 0');
    expect(authority.certificate).not.toBe(next.certificate);
  });
});

describe('Handshakes that do not go on', () => {
  async function halfOpen(port: number, bytes: Buffer): Promise<{ readonly closed: () => boolean }> {
    const socket = connectPlain(port, '127.0.0.1');
    socket.on('error', () => socket.destroy());
    cleanups.push(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(bytes);
    socket.resume();
    return { closed: () => socket.destroyed };
  }
  const beginning = Buffer.of(0x16, 3, 1, 2, 0, 1, 0); // Of a hello that never comes whole.

  it('are cut in time', async () => {
    const { port } = await serve({}, { firstBytesTimeoutMs: 50 });
    const stuck = await Promise.all([halfOpen(port, beginning), halfOpen(port, Buffer.alloc(0))]);
    await expect.poll(() => stuck.map(({ closed }) => closed())).toEqual([true, true]);
  });

  it('are cut from the oldest on when they are too many, and a bystander is served', async () => {
    const { port, call, clientPair } = await serve({}, { handshakesMax: 20, firstBytesTimeoutMs: 60_000 });
    const stuck: { readonly closed: () => boolean }[] = [];
    for (let opened = 0; opened < 50; opened += 1) stuck.push(await halfOpen(port, beginning));
    expect(await call(clientPair())).toBe('status 0');
    await expect.poll(() => stuck.filter(({ closed }) => closed()).length).toBe(31);
    expect(stuck.slice(31).some(({ closed }) => closed())).toBe(false);
  });

  it('do not hold up the close', async () => {
    const { port } = await serve({}, { closeGraceMs: 60_000 });
    await halfOpen(port, beginning); // afterEach closes the server.
  });
});
