import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.js';
import { startBystander } from './bystander.js';
import type { Bystander } from './bystander.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

/* The JSON gateway, and HTTP/1.1 as such, on the client port. */

const MiB = 1024 * 1024;
let target: Target;
let bystander: Bystander;
const sockets: Socket[] = [];

beforeAll(async () => {
  target = await startTarget();
  bystander = startBystander(target);
  await bystander.answered();
});

afterEach(async () => {
  await bystander.answered();
  for (const socket of sockets.splice(0)) socket.destroy();
});

afterAll(async () => {
  await bystander.stop();
  await expectBoundedMemory(target);
  await target.end();
});

interface Answer {
  readonly status: number;
  readonly message: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(path: string, body: string): Promise<Answer> {
  const response = await fetch(`http://${target.endpoint}${path}`, { method: 'POST', body });
  const answer = JSON.parse(await response.text()) as Record<string, unknown>;
  return { status: response.status, message: String(answer['message']), body: answer };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function open(): Promise<Socket> {
  const socket = connectTcp(target.clientPort, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** All that the server says until the connection is closed. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  return new Promise((resolve) => socket.once('close', () => resolve(text)));
}

/** Writes the same over and over until the connection is closed. */
async function writeForever(socket: Socket, piece: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const write = (): void => {
      while (socket.writable && socket.write(piece));
    };
    socket.on('drain', () => setImmediate(write));
    socket.once('close', resolve);
    write();
  });
}

function head(path: string, lines: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, 'Host: m', ...lines, '', ''].join('\r\n');
}

describe('JSON that is', () => {
  const key = base64('k');
  const txns = (depth: number): string =>
    `${'{"success":[{"request_txn":'.repeat(depth)}{}${'}]}'.repeat(depth)}`;

  it.each([
    ['deep where nobody looks', '/v3/kv/range', `{"x":${'['.repeat(1_000_000)}`, 'nested more than'],
    ['deep in what is not there', '/v3/kv/range', `{"x":${'{"x":'.repeat(100_000)}`, 'nested more than'],
    ['deep in transactions', '/v3/kv/txn', txns(50_000), 'nested more than'],
    ['wide', '/v3/kv/txn', `{"compare":[${'{},'.repeat(1_000_000)}{}]}`, 'lists and objects'],
    ['a string that does not end', '/v3/kv/put', `{"key":"${'\\"'.repeat(1_000_000)}`, 'within a value'],
    ['larger than any request', '/v3/kv/put', `{"key":"${'a'.repeat(5 * MiB)}"}`, 'larger than'],
    ['of other types: an object for bytes', '/v3/kv/range', '{"key":{"a":1}}', ''],
    ['of other types: a number for bytes', '/v3/kv/range', '{"key":1}', ''],
    ['of other types: text for an object', '/v3/kv/txn', '{"compare":["x"]}', ''],
    ['of other types: an object for a list', '/v3/kv/txn', '{"compare":{"0":{}}}', ''],
    ['of other types: a list for an object', '/v3/kv/txn', '{"success":[{"request_put":[]}]}', ''],
    ['of other types: a fraction for a whole number', '/v3/kv/range', `{"key":"${key}","limit":1.5}`, ''],
    ['of other types: text for yes and no', '/v3/kv/range', `{"key":"${key}","keys_only":"yes"}`, ''],
    ['no base64', '/v3/kv/range', '{"key":"%%%"}', ''],
    ['base64 cut off', '/v3/kv/range', '{"key":"a"}', ''],
    ['beyond 64 bits', '/v3/kv/range', `{"key":"${key}","limit":"9223372036854775808"}`, ''],
    ['far beyond 64 bits', '/v3/kv/range', `{"key":"${key}","limit":${'9'.repeat(10_000)}}`, ''],
    ['a list', '/v3/kv/range', '[]', ''],
    ['a bare word', '/v3/kv/range', 'null', ''],
    ['not JSON', '/v3/kv/range', '<xml/>', ''],
    [
      'two values for one field of which one may be there',
      '/v3/kv/txn',
      '{"success":[{"request_put":{},"request_range":{}}]}',
      '',
    ],
  ])('%s is refused', async (_, path, body, why) => {
    const { status, message } = await post(path, body);
    expect([status, message]).toEqual([400, expect.stringContaining(why)]);
  });

  it('named like what every object has, touches nothing', async () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
    for (const name of names) {
      const hostile = `{"key":"${key}","${name}":{"key":"AA==","limit":"x","polluted":true}}`;
      expect(await post('/v3/kv/range', hostile)).toMatchObject({ status: 200 });
      const nested = `{"success":[{"${name}":{"x":1},"request_range":{"${name}":1,"key":"${key}"}}]}`;
      expect(await post('/v3/kv/txn', nested)).toMatchObject({ status: 200, body: { succeeded: true } });
    }
  });

  it('of such keys and values, is stored as any other', async () => {
    for (const name of ['__proto__', 'constructor', '\0', '']) {
      const put = await post('/v3/kv/put', `{"key":"${base64(`x${name}`)}","value":"${base64(name)}"}`);
      expect(put.status).toBe(200);
      await using client = connect([target.endpoint]);
      expect((await client.get(`x${name}`))?.text).toBe(name);
    }
  });

  it('of whole numbers beyond 2^53, keeps each of their digits', async () => {
    const id = '9007199254740993';
    expect(await post('/v3/lease/grant', `{"TTL":"100","ID":"${id}"}`)).toMatchObject({ body: { ID: id } });
    expect(await post('/v3/lease/timetolive', `{"ID":${id}}`)).toMatchObject({
      body: { ID: id, grantedTTL: '100' },
    });
  });

  it('a large value, comes in pieces of one byte as well as whole', async () => {
    const value = 'v'.repeat(100_000);
    const body = `{"key":"${key}","value":"${base64(value)}"}`;
    const socket = await open();
    const answer = untilClosed(socket);
    socket.write(head('/v3/kv/put', ['Transfer-Encoding: chunked', 'Connection: close']));
    socket.write(`${body.replaceAll(/./gs, '1\r\n$&\r\n')}0\r\n\r\n`);
    expect(await answer).toMatch(/^HTTP\/1.1 200 /);
    await using client = connect([target.endpoint]);
    expect((await client.get('k'))?.text).toBe(value);
  });
});

describe('HTTP/1.1', () => {
  it.each([
    ['garbage', '\x16\x03\x01\x02\x00 not for us\r\n\r\n'],
    ['a line without end', `GET /${'a'.repeat(100_000)}`],
    ['headers without end', `GET /version HTTP/1.1\r\n${'X: y\r\n'.repeat(20_000)}`],
    ['a header beyond all bounds', `GET /version HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`],
    ['two lengths', head('/v3/kv/range', ['Content-Length: 2', 'Content-Length: 3']) + '{}'],
    ['a length and chunks', head('/v3/kv/range', ['Content-Length: 2', 'Transfer-Encoding: chunked']) + '{}'],
    ['a negative length', head('/v3/kv/range', ['Content-Length: -1'])],
    ['a chunk of no length', `${head('/v3/kv/range', ['Transfer-Encoding: chunked'])}zz\r\n`],
  ])('with %s is cut off', async (_, bytes) => {
    const socket = await open();
    const answer = untilClosed(socket);
    socket.write(bytes, 'latin1');
    expect(await answer).toMatch(/^(HTTP\/1.1 4\d\d |$)/);
  });

  it('with a body that never ends is answered and cut off, wherever it goes', async () => {
    const paths = ['/v3/kv/put', '/metrics', '/nothing'];
    const answers = paths.map(async (path) => {
      const socket = await open();
      const answer = untilClosed(socket);
      socket.write(head(path, ['Transfer-Encoding: chunked']));
      await writeForever(socket, `10000\r\n${'a'.repeat(0x10000)}\r\n`);
      return (await answer).slice(0, 12);
    });
    expect(await Promise.all(answers)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 405', 'HTTP/1.1 404']);
  });
});
