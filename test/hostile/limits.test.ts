import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect as connectClient } from '../../src/client/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { startBystander } from './bystander.js';
import type { Bystander } from './bystander.js';
import {
  call,
  frame,
  isHeaders,
  isReset,
  message,
  openRaw,
  errorCodeOf,
  settingIds,
  statusIn,
  types,
} from './frames.js';
import type { RawConnection } from './frames.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

/* What a member waits for and what it keeps for others are bounded: here by bounds that are close. */

const MiB = 1024 * 1024;
const watchPath = { ':path': '/etcdserverpb.Watch/Watch' };
const snapshotPath = { ':path': '/etcdserverpb.Maintenance/Snapshot' };
const encode = (fields: etcdserverpb.RangeRequest.$Properties): Buffer =>
  Buffer.from(etcdserverpb.RangeRequest.encode(fields).finish());
const get = encode({ key: Buffer.from('bystander') });
/** 8 MiB. */
const large = encode({ key: Buffer.from('large/'), rangeEnd: Buffer.from('large0') });

let target: Target;
let bystander: Bystander;
const cleanups: (() => void)[] = [];

beforeAll(async () => {
  target = await startTarget({
    limits: {
      firstBytesTimeoutMs: 300,
      messageTimeoutMs: 300,
      httpIdleTimeoutMs: 300,
      httpRequestTimeoutMs: 300,
      callsMax: 500,
      partialMessagesSizeBytesMax: 24 * MiB,
      partialMessagesPerConnectionSizeBytesMax: 8 * MiB,
      unreadAnswersSizeBytesMax: 32 * MiB,
      unreadAnswerGraceMs: 100,
    },
  });
  await using client = connectClient([target.endpoint]);
  for (let n = 0; n < 8; n++) await client.put(`large/${n}`, Buffer.alloc(MiB));
  bystander = startBystander(target);
  await bystander.answered();
});

afterEach(async () => {
  await bystander.answered();
  for (const cleanup of cleanups.splice(0)) cleanup();
});

afterAll(async () => {
  await bystander.stop();
  await expectBoundedMemory(target);
  await target.end();
});

async function raw(values: Readonly<Record<number, number>> = {}): Promise<RawConnection> {
  const connection = await openRaw(target.clientPort, { settings: values });
  cleanups.push(() => connection.destroy());
  return connection;
}

async function tcp(): Promise<Socket> {
  const socket = connectTcp(target.clientPort, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

function streamOf(index: number): number {
  return 2 * index + 1;
}

describe('A slow trickle', () => {
  /** Sends one piece every few milliseconds until the server has enough of it. */
  function trickle(write: (place: number) => unknown): void {
    let place = 0;
    const timer = setInterval(() => write(place++), 10);
    cleanups.push(() => clearInterval(timer));
  }

  it.each([
    ['a request', {}],
    ['a request of a stream with many', watchPath],
    ['the request of a stream with one', snapshotPath],
  ])('of %s is waited for only so long', async (_, path) => {
    const connection = await raw();
    await connection.write(call(1, path), message(1, Buffer.of(1), { length: 100_000, flag: 0 }));
    trickle(() => connection.write(frame(types.data, 0, 1, Buffer.of(0))));
    expect(statusIn(await connection.next(isHeaders(1)))).toMatch(/^4 the request did not arrive whole/);
  });

  it('of nothing at all, after the headers of a call, is waited for only so long', async () => {
    const connection = await raw();
    await connection.write(call(1), call(3, snapshotPath), call(5, watchPath));
    for (const stream of [1, 3]) {
      expect(statusIn(await connection.next(isHeaders(stream)))).toMatch(
        /^4 the request did not arrive whole/,
      );
    }
    // A stream with many may have nothing to ask for.
    expect(connection.received.some(({ stream }) => stream === 5)).toBe(false);
  });

  it.each([
    ['a preface', 'PRI * HTTP/2.0\r\n\r\nS'],
    ['headers over HTTP/1.1', `GET /version HTTP/1.1\r\n${'X: y\r\n'.repeat(1000)}`],
    ['a body over HTTP/1.1', `POST /v3/kv/put HTTP/1.1\r\nContent-Length: 1000\r\n\r\n${'{'.repeat(1000)}`],
  ])('of %s is waited for only so long', async (_, text) => {
    const socket = await tcp();
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    trickle((place) => (socket.writable ? socket.write(text.charAt(place)) : null));
    await closed;
  });

  it('of many requests, all at once, is bounded in memory, and whoever has little gets through', async () => {
    const connections = await Promise.all(Array.from({ length: 20 }, () => raw()));
    const refused = await Promise.all(
      connections.map(async (connection) => {
        for (let index = 0; index < 20; index++) {
          const stream = streamOf(index);
          await connection.write(
            call(stream),
            message(stream, Buffer.alloc(16_000), { length: 2 * MiB, flag: 0 }),
          );
          for (let sent = 0; sent < 100; sent++)
            await connection.write(frame(types.data, 0, stream, Buffer.alloc(16_000)));
        }
        await connection.next(isHeaders(streamOf(19)));
        return connection.received.filter(({ type }) => type === types.headers).map(statusIn);
      }),
    );
    // 20 connections may hold 8 MiB each, and all together 24; they sent 640. On a busy machine some are too late before.
    const reasons = refused
      .flat()
      .filter((status) => /^(2 .*too many requests|4 .*did not arrive)/.test(status));
    expect(reasons.length).toBeGreaterThan(100);
    expect(reasons.some((status) => status.startsWith('2'))).toBe(true);
    await bystander.answered();
  });

  it('of bytes in frames of their own costs no more than they are', async () => {
    const connection = await raw();
    await connection.write(call(1, watchPath), message(1, Buffer.of(1), { length: 2 * MiB, flag: 0 }));
    const bytes = Buffer.concat(Array.from({ length: 10_000 }, () => frame(types.data, 0, 1, Buffer.of(0))));
    for (let sent = 0; sent < 100 && !connection.isClosed; sent++) await connection.write(bytes);
    await expectBoundedMemory(target);
  });
});

describe('Calls that stay open', () => {
  it('are refused beyond the bound, but for the few that every client may have', async () => {
    const hoarder = await raw();
    const count = 700;
    for (let index = 0; index < count; index++) await hoarder.write(call(streamOf(index), watchPath));
    const last = await hoarder.next(isHeaders(streamOf(count - 1)));
    expect(statusIn(last)).toBe('2 etcdserver: too many requests');
    const other = await raw();
    await other.write(call(1), message(1, get));
    expect(await other.next((each) => each.type === types.data && each.stream === 1)).not.toBeNull();
    await bystander.answered(20);
  });
});

describe('A client that does not read', () => {
  const noWindow = { [settingIds.initialWindowSize]: 0 };

  it('gets large answers up to a bound, which others may use after it', async () => {
    const connections = await Promise.all(Array.from({ length: 4 }, () => raw(noWindow)));
    // 40 answers of 8 MiB.
    for (let index = 0; index < 10; index++) {
      for (const connection of connections)
        await connection.write(call(streamOf(index)), message(streamOf(index), large));
    }
    const resets = (): number =>
      connections.flatMap(({ received }) => received).filter(({ type }) => type === types.reset).length;
    await expect.poll(resets, { timeout: 30_000 }).toBeGreaterThan(34);
    expect(
      errorCodeOf(await Promise.race(connections.map((connection) => connection.next(isReset(1))))),
    ).toBe(11);
    await using client = connectClient([target.endpoint]);
    expect((await client.get('large/0'))?.value.length).toBe(MiB);
    await expectBoundedMemory(target);
  });

  it('gets a few snapshots at a time, and holds a piece of each', async () => {
    const connection = await raw(noWindow);
    for (let index = 0; index < 20; index++)
      await connection.write(call(streamOf(index), snapshotPath), message(streamOf(index), Buffer.alloc(0)));
    const last = await connection.next(isHeaders(streamOf(19)));
    expect(statusIn(last)).toMatch(/^2 etcdserver: too many requests|^2 .*snapshots are being taken/);
    await expectBoundedMemory(target);
    connection.destroy();
    await using client = connectClient([target.endpoint]);
    await expect.poll(async () => (await client.status(target.endpoint)).errors).toEqual([]);
  });

  it('over HTTP/1.1 gets large answers up to the same bound', async () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const body = `{"key":"${base64('large/')}","range_end":"${base64('large0')}"}`;
    const head = `POST /v3/kv/range HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Length: ${body.length}`;
    const request = `${head}\r\n\r\n${body}`;
    const sockets = await Promise.all(Array.from({ length: 20 }, () => tcp()));
    const sizes = sockets.map((socket) => {
      let sizeBytes = 0;
      socket.on('data', (bytes: Buffer) => (sizeBytes += bytes.length));
      socket.pause();
      socket.write(request);
      return new Promise<number>((resolve) => socket.once('close', () => resolve(sizeBytes)));
    });
    await bystander.answered(20);
    for (const socket of sockets) socket.resume();
    // Each would be 11 MiB. What was kept is sent; what was cut off, or refused, is shorter.
    const whole = (await Promise.all(sizes)).filter((sizeBytes) => sizeBytes > 11 * MiB);
    expect(whole.length).toBeLessThan(10);
    await expectBoundedMemory(target);
  });
});

describe('A connection that answers no pings', () => {
  it('is ended, whether it stands within headers or takes nothing from its socket', async () => {
    const strict = await startTarget({ limits: { keepaliveIntervalMs: 300 } });
    await using client = connectClient([strict.endpoint]);
    for (let n = 0; n < 16; n++) await client.put(`large/${n}`, Buffer.alloc(MiB));
    const open = async (window: number): Promise<RawConnection> =>
      openRaw(strict.clientPort, {
        settings: { [settingIds.initialWindowSize]: window },
        answersPings: false,
      });
    const [beginning, deaf] = [await open(0), await open(0x7fff_ffff)];
    await beginning.write(frame(types.headers, 0, 1));
    deaf.socket.pause();
    await deaf.write(frame(types.windowUpdate, 0, 0, Buffer.of(0x7f, 0, 0, 0)));
    for (let index = 0; index < 32; index++) {
      await deaf.write(call(streamOf(index)), message(streamOf(index), large));
    }
    await beginning.closed;
    // Of half a gigabyte it gets what is in the system's buffers.
    deaf.socket.resume();
    await deaf.closed;
    await expectBoundedMemory(strict);
    await strict.end();
  });
});
