import { describe, expect, test } from 'vitest';
import { encodeHeaders, errorCodes } from '../../src/http2/index.js';
import type { Http2Stream } from '../../src/http2/index.js';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from '../../src/http2/frames.js';
import {
  answerHeaders,
  data,
  endOf,
  goawayOf,
  nobody,
  open,
  plainFields,
  request,
  resetOf,
  settle,
  start,
} from './peer.js';
import { trailers } from './peer.js';

/* Frames in states in which they must not come (RFC 9113, 5 and 6), and what is malformed (8). */

const empty = Buffer.alloc(0);
const answered = (stream: Http2Stream): void => stream.answer(answerHeaders, Buffer.from('x'), trailers);
const block = (...fields: readonly (readonly [string, string])[]): Buffer => encodeHeaders(fields);
const headers = (id: number, frameFlags: number, fields: Buffer): Buffer =>
  frameOf(frameTypes.headers, frameFlags | flags.endHeaders, id, fields);

describe('a connection is ended', () => {
  test.each([
    [
      'at priorities of no stream',
      errorCodes.protocol,
      [frameOf(frameTypes.priority, 0, 0, Buffer.alloc(5))],
    ],
    [
      'at priorities of a strange size',
      errorCodes.frameSize,
      [frameOf(frameTypes.priority, 0, 1, Buffer.alloc(4))],
    ],
    [
      'at a goaway of a stream',
      errorCodes.protocol,
      [request(1), frameOf(frameTypes.goaway, 0, 1, Buffer.alloc(8))],
    ],
    [
      'at a goaway of a strange size',
      errorCodes.frameSize,
      [frameOf(frameTypes.goaway, 0, 0, Buffer.alloc(7))],
    ],
    ['at a push setting beyond 1', errorCodes.protocol, [settingsFrame([[2, 2]])]],
    ['at frames that may be too small', errorCodes.protocol, [settingsFrame([[5, 16_383]])]],
    ['at frames that may be too large', errorCodes.protocol, [settingsFrame([[5, 2 ** 24]])]],
    [
      'at an initial window that is too large, though a smaller one follows',
      errorCodes.flowControl,
      [
        settingsFrame([
          [4, 2 ** 31],
          [4, 100],
        ]),
      ],
    ],
    ['at a window update of nothing', errorCodes.protocol, [numberFrame(frameTypes.windowUpdate, 0, 0)]],
    [
      'at a window update of a strange size',
      errorCodes.frameSize,
      [frameOf(frameTypes.windowUpdate, 0, 0, Buffer.alloc(3))],
    ],
    [
      'at a window of a stream that the server never opened',
      errorCodes.protocol,
      [request(5), numberFrame(frameTypes.windowUpdate, 2, 1)],
    ],
    [
      'at a reset of a stream that the server never opened',
      errorCodes.protocol,
      [request(5), numberFrame(frameTypes.rstStream, 2, 8)],
    ],
    ['at data of a stream that the server never opened', errorCodes.protocol, [request(5), data(2, 1)]],
    [
      'at a reset of a strange size',
      errorCodes.frameSize,
      [request(1), frameOf(frameTypes.rstStream, 0, 1, Buffer.alloc(3))],
    ],
    [
      'at settings that are acknowledged with more settings',
      errorCodes.frameSize,
      [frameOf(frameTypes.settings, flags.ack, 0, Buffer.alloc(6))],
    ],
    [
      'at a request on a stream that is over',
      errorCodes.streamClosed,
      [request(1), numberFrame(frameTypes.rstStream, 1, 8), request(1)],
    ],
    ['at a request on a stream that was passed over', errorCodes.streamClosed, [request(5), request(3)]],
    [
      'at headers whose priority is missing',
      errorCodes.frameSize,
      [frameOf(frameTypes.headers, flags.endHeaders | flags.priority, 1, Buffer.alloc(4))],
    ],
    ['at headers of stream 0', errorCodes.protocol, [request(0)]],
    [
      'at headers that go on on another stream',
      errorCodes.protocol,
      [
        frameOf(frameTypes.headers, 0, 1, empty),
        frameOf(frameTypes.continuation, flags.endHeaders, 3, empty),
      ],
    ],
  ] as const)('%s', async (_what, code, frames) => {
    const client = await open(await start());
    client.send(...frames);
    await expect.poll(() => client.isClosed).toBe(true);
    expect(endOf(client)).toBe(code);
  });
});

describe('a stream alone is reset', () => {
  test.each([
    ['at data after its end', errorCodes.streamClosed, [request(1, { isLast: true }), data(1, 1)]],
    [
      'at headers after its end',
      errorCodes.streamClosed,
      [request(1, { isLast: true }), request(1, { isLast: true })],
    ],
    ['at trailers that do not end it', errorCodes.protocol, [request(1), headers(1, 0, block(['a', 'b']))]],
    [
      'at trailers with pseudo-headers',
      errorCodes.protocol,
      [request(1), headers(1, flags.endStream, block([':path', '/']))],
    ],
    [
      'at a window update of nothing',
      errorCodes.protocol,
      [request(1), numberFrame(frameTypes.windowUpdate, 1, 0)],
    ],
    [
      'at less body than its length',
      errorCodes.protocol,
      [request(1, { fields: [...plainFields, ['content-length', '3']] }), data(1, 2, true)],
    ],
    [
      'at more body than its length',
      errorCodes.protocol,
      [request(1, { fields: [...plainFields, ['content-length', '3']] }), data(1, 4)],
    ],
    [
      'at no body where it has a length',
      errorCodes.protocol,
      [request(1, { isLast: true, fields: [...plainFields, ['content-length', '3']] })],
    ],
    [
      'at trailers before its length',
      errorCodes.protocol,
      [request(1, { fields: [...plainFields, ['content-length', '3']] }), headers(1, flags.endStream, empty)],
    ],
    [
      'at a length that is none',
      errorCodes.protocol,
      [request(1, { fields: [...plainFields, ['content-length', '-3']] })],
    ],
    [
      'at two lengths',
      errorCodes.protocol,
      [request(1, { fields: [...plainFields, ['content-length', '3'], ['content-length', '4']] })],
    ],
  ] as const)('%s', async (_what, code, frames) => {
    const client = await open(await start());
    client.send(...frames);
    await settle(client);
    expect(resetOf(client, 1)).toBe(code);
    expect(client.isClosed).toBe(false);
  });

  test.each([
    ['without a scheme', plainFields.filter(([name]) => name !== ':scheme')],
    ['without a path', plainFields.filter(([name]) => name !== ':path')],
    ['without a method', plainFields.filter(([name]) => name !== ':method')],
    ['with an empty path', [...plainFields.slice(0, 2), [':path', '']]],
    ['with two paths', [...plainFields, [':path', '/other']]],
    ['with a pseudo-header that there is not', [...plainFields, [':other', 'x']]],
    ['with a pseudo-header of answers', [...plainFields, [':status', '200']]],
    ['with a pseudo-header after the others', [['a', 'b'], ...plainFields]],
    ['with a name in upper case', [...plainFields, ['Upper', 'x']]],
    ['with an empty name', [...plainFields, ['', 'x']]],
    ['with a space in a name', [...plainFields, ['a b', 'x']]],
    ['with the end of a line in a value', [...plainFields, ['a', 'x\r\nb: y']]],
    ['with a zero byte in a value', [...plainFields, ['a', 'x\0']]],
    ['that speaks of its connection', [...plainFields, ['connection', 'close']]],
    ['that has a transfer-encoding', [...plainFields, ['transfer-encoding', 'chunked']]],
    ['that wants to upgrade', [...plainFields, ['upgrade', 'websocket']]],
    ['with a te that HTTP/2 does not have', [...plainFields, ['te', 'gzip']]],
  ] as const)('by a request %s', async (_what, fields) => {
    let streams = 0;
    const client = await open(await start(() => void (streams += 1)));
    client.send(request(1, { fields }));
    client.send(request(3, { fields }));
    await settle(client);
    expect([resetOf(client, 1), resetOf(client, 3)]).toEqual([errorCodes.protocol, errorCodes.protocol]);
    expect(streams).toBe(0);
    expect(client.isClosed).toBe(false);
  });
});

describe('goes on', () => {
  test('a connection after what may be on its way when a stream ends', async () => {
    const client = await open(await start(answered));
    client.send(
      request(1),
      data(1, 10),
      numberFrame(frameTypes.windowUpdate, 1, 0),
      numberFrame(frameTypes.rstStream, 1, 8),
    );
    client.send(headers(1, flags.endStream, block(['a', 'b'])), data(1, 10, true));
    await settle(client);
    expect(endOf(client)).toBe(null);
  });

  test('a connection whose reserved bits are set', async () => {
    const client = await open(await start());
    const bytes = request(1);
    bytes.writeUInt32BE(0x8000_0001, 5);
    client.send(bytes, numberFrame(frameTypes.windowUpdate, 0, 0x8000_0001));
    client.send(frameOf(frameTypes.data, 0xff & ~flags.padded, 1, Buffer.alloc(1)));
    await settle(client);
    expect(endOf(client)).toBe(null);
  });

  test.each([['trailers'], ['Trailers']])('a stream whose te is %s', async (te) => {
    const client = await open(await start(answered));
    client.send(request(1, { isLast: true, fields: [...plainFields, ['te', te], ['content-length', '0']] }));
    await settle(client);
    expect(resetOf(client, 1)).toBe(null);
  });

  test('a stream whose body has the length that it said', async () => {
    const client = await open(await start());
    client.send(
      request(1, { fields: [...plainFields, ['content-length', '5']] }),
      data(1, 2),
      data(1, 3),
      data(1, 0, true),
    );
    client.send(
      request(3, { fields: [...plainFields, ['content-length', '5']] }),
      data(3, 5),
      headers(3, flags.endStream, empty),
    );
    await settle(client);
    expect([resetOf(client, 1), resetOf(client, 3)]).toEqual([null, null]);
  });
});

test('nothing comes to a receiver after its stream is over', async () => {
  const heard: string[] = [];
  const server = await start((stream) => {
    stream.receive({
      ...nobody,
      onData: () => stream.answerHeaders(answerHeaders),
      onEnd: () => heard.push('end'),
      onRoom: () => heard.push('room'),
      onClose: () => heard.push('close'),
    });
  });
  const client = await open(server);
  client.send(request(1), data(1, 1, true));
  await settle(client);
  expect(heard).toEqual(['close']);
});

test('the streams that a goaway names are those that were begun', async () => {
  const streams: Http2Stream[] = [];
  const client = await open(await start((stream) => void streams.push(stream), { streamsMax: 1 }));
  client.send(request(1), request(3), numberFrame(frameTypes.windowUpdate, 0, 0));
  await expect.poll(() => client.isClosed).toBe(true);
  expect(goawayOf(client)?.payload.readUInt32BE(0)).toBe(1);
});
