import { describe, expect, it } from 'vitest';
import { QuorateError } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import type { Member } from '../../src/member/index.js';
import {
  call,
  flags,
  frame,
  isHeaders,
  isReset,
  message,
  openRaw,
  statusIn,
  types,
} from '../hostile/frames.js';
import type { RawConnection, ReceivedFrame } from '../hostile/frames.js';
import { serveApi } from './serve.js';
import { stubMember } from './stub-member.js';

/* gRPC over HTTP/2, frame by frame. */

const range = Buffer.from(etcdserverpb.RangeRequest.encode({ key: Buffer.from('k') }).finish());

async function connect(overrides: Partial<Member> = {}): Promise<RawConnection> {
  const { address } = await serveApi(stubMember(overrides));
  return openRaw(Number(new URL(address).port));
}

/** Sends a request of these headers and answers with the status of HTTP and of gRPC. */
async function outcome(
  connection: RawConnection,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  await connection.write(call(1, headers), message(1, range));
  const first = await connection.next(isHeaders(1));
  const last = await connection.next((each) => isHeaders(1)(each) && (each.flag & flags.endStream) !== 0);
  return `${httpStatusIn(first)} ${statusIn(last)}`.trim();
}

/** 200 is one byte, of the table that HTTP/2 has from the start. */
function httpStatusIn(each: ReceivedFrame | null): string {
  const [first] = each?.payload ?? [];
  return first === 0x88 ? '200' : (each?.payload.subarray(2, 5).toString() ?? 'none');
}

describe('A call', () => {
  it.each([
    ['application/grpc', '200 0'],
    ['application/grpc+proto', '200 0'],
    ['application/grpc;charset=utf-8', '200 0'],
    ['application/grpc-web', '415 none'],
    ['application/grpcs', '415 none'],
    ['Application/grpc', '415 none'],
    ['application/json', '415 none'],
    ['', '415 none'],
  ])('of content type %j is answered %s', async (type, expected) => {
    expect(await outcome(await connect(), { 'content-type': type })).toBe(expected);
  });

  it.each(['GET', 'PUT', 'post'])('with %s is refused', async (method) => {
    expect(await outcome(await connect(), { ':method': method })).toBe('405 none');
  });

  it('may say where it goes as a URL, as etcdctl does', async () => {
    expect(await outcome(await connect(), { ':authority': 'http://127.0.0.1:2379' })).toBe('200 0');
  });

  it('is told of a path that it cannot have called, however long', async () => {
    const connection = await connect();
    const path = `/${'é'.repeat(7000)}/x`;
    await connection.write(call(1, { ':path': path }), message(1, range));
    const first = await connection.next(isHeaders(1));
    expect(first?.payload.length).toBe(16_384);
    await connection.next((each) => each.type === types.continuation && (each.flag & flags.endHeaders) !== 0);
    const parts = connection.received.filter(({ type, stream }) => stream === 1 && type !== types.reset);
    const whole = Buffer.concat(parts.map(({ payload }) => payload));
    const block = { type: types.headers, flag: 0, stream: 1, payload: whole };
    expect(statusIn(block)).toMatch(/^12 .*unknown service é{7000}$/s);
  });

  it('is told what went wrong, even in half characters', async () => {
    const put: Member['put'] = async () =>
      Promise.reject(new QuorateError('unavailable', 'half \ud83d of % it\n'));
    const connection = await connect({ put });
    await connection.write(call(1, { ':path': '/etcdserverpb.KV/Put' }), message(1, range));
    expect(statusIn(await connection.next(isHeaders(1)))).toBe('14 half \ufffd of % it');
  });

  it('is one message, though its prefix and its bytes come one by one', async () => {
    const connection = await connect();
    await connection.write(call(1));
    const whole = message(1, range).subarray(9);
    for (const [at, byte] of whole.entries()) {
      const flag = at === whole.length - 1 ? flags.endStream : 0;
      await connection.write(frame(types.data, flag, 1, Buffer.of(byte)));
    }
    const last = await connection.next((each) => isHeaders(1)(each) && (each.flag & flags.endStream) !== 0);
    expect(statusIn(last)).toBe('0');
    expect(connection.received.some(isReset(1))).toBe(false);
  });
});
