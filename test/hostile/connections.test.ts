import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ClientOptions } from '../../src/client/index.js';
import { createServerFolder } from '../tls/certificates.js';
import { startBystander } from './bystander.js';
import { errorCodeOf, isGoaway, openRaw } from './frames.js';
import type { RawConnection } from './frames.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

/* Connections by the thousand, of clients that say nothing, or begin and do not go on. */

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function open(target: Target, bytes: Buffer = Buffer.alloc(0)): Promise<Socket> {
  const socket = connectTcp(target.clientPort, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

/** A hundred at a time: more at once the system itself would turn away. */
async function openMany(target: Target, count: number, bytes?: Buffer): Promise<Socket[]> {
  const opened: Socket[] = [];
  while (opened.length < count) {
    opened.push(...(await Promise.all(Array.from({ length: 100 }, () => open(target, bytes)))));
  }
  return opened;
}

function closedOf(opened: readonly Socket[]): number {
  return opened.filter(({ closed }) => closed).length;
}

describe('TLS handshakes that do not go on', () => {
  /** The beginning of a hello. */
  const half = Buffer.of(0x16, 3, 1, 2, 0, 1, 0);
  let target: Target;
  let client: ClientOptions;
  let removeFolder: () => Promise<void>;

  beforeAll(async () => {
    const { folder, authority } = await createServerFolder();
    const pair = authority.issue({ commonName: 'client' });
    removeFolder = async () => folder[Symbol.asyncDispose]();
    client = { tls: { ca: authority.certificate, cert: pair.certificate, key: pair.key } };
    target = await startTarget({
      scheme: 'https',
      client,
      flags: [
        ...['--cert-file', join(folder.path, 'server.crt'), '--key-file', join(folder.path, 'server.key')],
        ...['--trusted-ca-file', join(folder.path, 'ca.crt'), '--client-cert-auth'],
      ],
    });
  });

  afterAll(async () => {
    await expectBoundedMemory(target);
    await target.end();
    await removeFolder();
  });

  it.each([
    ['half a hello', half],
    ['nothing', Buffer.alloc(0)],
    ['a hello that is none', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('by the thousand, with %s, keep nobody out', async (_, bytes) => {
    const bystander = startBystander(target, client);
    await bystander.answered();
    const opened = await openMany(target, 1200, bytes);
    await bystander.answered();
    // And a client that comes now is let in.
    const newcomer = startBystander(target, client, 'newcomer');
    await newcomer.answered();
    await newcomer.stop();
    await expect.poll(() => closedOf(opened), { timeout: 20_000 }).toBeGreaterThanOrEqual(150);
    await bystander.stop();
  });
});

describe('Connections', () => {
  it('that say nothing, more of them than there may be, keep nobody out', async () => {
    const target = await startTarget({ limits: { connectionsMax: 200, firstBytesTimeoutMs: 60_000 } });
    const bystander = startBystander(target);
    await bystander.answered();
    const opened = await openMany(target, 600);
    await expect.poll(() => closedOf(opened)).toBeGreaterThan(400);
    const newcomer = startBystander(target, undefined, 'newcomer');
    await newcomer.answered();
    await newcomer.stop();
    await bystander.stop();
    await expectBoundedMemory(target);
    await target.end();
  });

  it('that speak and stay, more of them than there may be, are refused and told why', async () => {
    const target = await startTarget({ limits: { connectionsMax: 200 } });
    const bystander = startBystander(target);
    await bystander.answered();
    const held: RawConnection[] = [];
    for (let n = 0; n < 300; n++) held.push(await openRaw(target.clientPort));
    sockets.push(...held.map(({ socket }) => socket));
    const refused = held.filter((connection) => connection.received.some(isGoaway));
    expect(refused.length).toBeGreaterThan(90);
    const goaway = refused[0]?.received.find(isGoaway) ?? null;
    expect(errorCodeOf(goaway)).toBe(11);
    expect(goaway?.payload.toString()).toContain('this member has 200 connections already');
    expect(target.log()).toContain('refused client connections');
    expect(target.log().match(/refused client connections/g)?.length).toBe(1);
    await bystander.answered();
    for (const { socket } of held) socket.destroy();
    const newcomer = startBystander(target, { timeoutMs: 20_000, roundsMax: 1000 }, 'newcomer');
    await newcomer.answered();
    await newcomer.stop();
    await bystander.stop();
    await target.end();
  });

  it('leave the store the files that it needs, however few the process may have', async () => {
    const target = await startTarget({ openFilesMax: 240 });
    const bystander = startBystander(target);
    await bystander.answered();
    const held: RawConnection[] = [];
    for (let n = 0; n < 400; n++) held.push(await openRaw(target.clientPort));
    sockets.push(...held.map(({ socket }) => socket));
    await bystander.answered(50);
    if (process.platform === 'linux') {
      expect((await readdir(`/proc/${target.pid}/fd`)).length).toBeLessThan(200);
    }
    await bystander.stop();
    await target.end();
  });
});
