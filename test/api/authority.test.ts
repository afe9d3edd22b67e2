import fc from 'fast-check';
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repairAuthority } from '../../src/api/authority.js';
import { createApiServer } from '../../src/api/index.js';
import type { ApiServer } from '../../src/api/index.js';
import { at, silentLogger } from '../../src/base/index.js';
import { stubMember } from './stub-member.js';

// Clients of etcd 3.4 send a URL as the authority of their calls; Node's HTTP/2 would refuse these.

const emptyMessage = Buffer.alloc(5);
const settings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
const acknowledgement = Buffer.of(0, 0, 0, 4, 1, 0, 0, 0, 0);
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

let server: ApiServer;
let address: string;

beforeAll(async () => {
  server = createApiServer({
    member: stubMember(),
    listenUrls: ['http://127.0.0.1:0'],
    logger: silentLogger,
    limits: { firstBytesTimeoutMs: 300, closeGraceMs: 100 },
  });
  await server.start();
  address = at(server.addresses, 0);
});

afterAll(async () => server.close());

/** The status with which a call of this authority ends. */
async function call(session: ClientHttp2Session, authority: string): Promise<string | undefined> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/etcdserverpb.Maintenance/Status',
    ':authority': authority,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end(emptyMessage);
  stream.resume();
  let outcome: string | undefined;
  stream.on('trailers', (trailers: IncomingHttpHeaders) => (outcome = String(trailers['grpc-status'])));
  await once(stream, 'close');
  return outcome;
}

async function withSession<T>(use: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = connect(address);
  try {
    return await use(session);
  } finally {
    session.close();
  }
}

describe('A call whose authority is a URL', () => {
  it('is served, and so are those that follow on its connection', async () => {
    await withSession(async (session) => {
      for (let calls = 0; calls < 3; calls++) expect(await call(session, 'http://127.0.0.1:2379')).toBe('0');
    });
  });

  it('is served whatever its host is called', async () => {
    const host = fc.stringMatching(/^[a-zA-Z0-9._~%-]{1,30}(:[0-9]{1,5})?$/);
    const url = fc
      .tuple(fc.constantFrom('http://', 'https://', 'HTTP://x@', ''), host)
      .map(([a, b]) => a + b);
    await fc.assert(
      fc.asyncProperty(url, async (authority) => {
        expect(await withSession(async (session) => call(session, authority))).toBe('0');
      }),
      { numRuns: 60 },
    );
  });
});

describe('The opening of a connection', () => {
  it('does not change a frame without a URL in it', () => {
    const block = Buffer.from('418aa0e41d139d09b8f01e07', 'hex');
    const frame = Buffer.concat([Buffer.of(0, 0, block.length, 1, 4, 0, 0, 0, 1), block]);
    expect(repairAuthority(frame)).toBe(frame);
  });

  it('keeps the length of what it repairs, so that both sides agree on the table of headers', async () => {
    await withSession(async (session) => {
      expect(await call(session, 'http://127.0.0.1:2379')).toBe('0');
      // These fill the table and push the first one out, on both sides at the same time or the calls fail.
      for (let round = 0; round < 100; round++) {
        expect(await call(session, `host-${round}-${'x'.repeat(50)}`)).toBe('0');
      }
    });
  });

  it('never does more than read, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(255), (block, flags) => {
        const frame = Buffer.concat([Buffer.of(0, 0, block.length, 1, flags, 0, 0, 0, 1), block]);
        const repaired = repairAuthority(frame);
        expect(repaired.readUIntBE(0, 3)).toBe(repaired === frame ? block.length : repaired.length - 9);
      }),
      { numRuns: 5000 },
    );
  });

  it('sends settings to a client that waits for them, and serves it when it takes its time', async () => {
    const socket = connectTcp(Number(new URL(address).port), '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => received.push(bytes));
    for (const byte of Buffer.concat([preface, settings])) socket.write(Buffer.of(byte));
    await expect.poll(() => Buffer.concat(received).length).toBe(settings.length);
    socket.write(acknowledgement);
    // Without a call the opening ends by itself: the real settings, and the acknowledgement of the client's.
    await expect.poll(() => Buffer.concat(received).includes(acknowledgement)).toBe(true);
    socket.destroy();
  });

  it('ends when a client does not acknowledge, or sends a frame larger than allowed', async () => {
    for (const bytes of [settings, Buffer.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1)]) {
      const socket = connectTcp(Number(new URL(address).port), '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.resume();
      socket.write(Buffer.concat([preface, bytes]));
      await once(socket, 'close');
    }
  });

  it('answers a ping that comes before the first call', async () => {
    await withSession(async (session) => {
      await once(session, 'connect');
      const answered = new Promise<void>((resolve, reject) => {
        session.ping((error) => (error === null ? resolve() : reject(error)));
      });
      await answered;
      expect(await call(session, 'localhost')).toBe('0');
    });
  });
});
