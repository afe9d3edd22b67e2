import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createHeaderDecoder, encodeHeaders, errorCodes, http2Preface } from '../../src/http2/index.js';
import type { Http2Stream } from '../../src/http2/index.js';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from '../../src/http2/frames.js';
import {
  answerHeaders,
  data,
  endOf,
  goawayOf,
  nobody,
  open,
  request,
  resetOf,
  settle,
  start,
  trailers,
} from './peer.js';

/* What a client may do to make a server work, keep or send more than it should. */

const many = (count: number, make: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
const streamOf = (index: number): number => 2 * index + 1;
const open32 = 0x4000_0000;

/** Whether an answer has come as far as it comes while its client does not read. */
function stands(stream: Http2Stream | undefined): () => boolean {
  let before = -1;
  return () => {
    const waits = stream?.waitingSizeBytes ?? 0;
    const isSame = waits > 0 && waits === before;
    before = waits;
    return isSame;
  };
}

describe('a connection whose client', () => {
  const makeUsReset: readonly (readonly [string, (id: number) => Buffer])[] = [
    ['windows of nothing', (id) => numberFrame(frameTypes.windowUpdate, id, 0)],
    ['windows beyond all', (id) => numberFrame(frameTypes.windowUpdate, id, 0x7fff_ffff)],
    ['trailers that do not end it', (id) => request(id)],
  ];
  test.each(makeUsReset)(
    'makes the server reset stream after stream by %s is ended',
    async (_what, fault) => {
      let streams = 0;
      const server = await start((stream) => {
        streams += 1;
        stream.receive(nobody);
      });
      const client = await open(server);
      client.send(many(3000, (index) => Buffer.concat([request(streamOf(index)), fault(streamOf(index))])));
      await expect.poll(() => client.isClosed).toBe(true);
      expect(endOf(client)).toBe(errorCodes.enhanceYourCalm);
      expect(streams).toBeLessThan(1500);
    },
  );

  test.each([
    ['settings that are acknowledged', () => frameOf(frameTypes.settings, flags.ack, 0, Buffer.alloc(0))],
    [
      'pings that are answered, though there were none',
      () => frameOf(frameTypes.ping, flags.ack, 0, Buffer.alloc(8)),
    ],
    ['goodbyes', () => frameOf(frameTypes.goaway, 0, 0, Buffer.alloc(8))],
    ['data that is all padding', () => frameOf(frameTypes.data, flags.padded, 1, Buffer.of(0))],
    ['ends of streams that are over', () => data(3, 0, true)],
    [
      'trailers of streams that are over',
      () => frameOf(frameTypes.headers, flags.endHeaders | flags.endStream, 3, encodeHeaders([['a', 'b']])),
    ],
    ['resets of streams that are over', () => numberFrame(frameTypes.rstStream, 3, 8)],
  ])('floods with %s is ended', async (_what, make) => {
    const client = await open(await start());
    client.send(request(1), request(3), numberFrame(frameTypes.rstStream, 3, 8));
    client.send(many(13_000, make));
    await expect.poll(() => client.isClosed).toBe(true);
    expect(endOf(client)).toBe(errorCodes.enhanceYourCalm);
  });

  test('pings for what it receives goes on', async () => {
    const client = await open(
      await start((stream) => {
        stream.receive(nobody);
        stream.answer(answerHeaders, Buffer.from('x'), trailers);
      }),
    );
    const answered = (): number => client.frames.filter(({ type }) => type === frameTypes.data).length;
    for (let sent = 0; sent < 12_000; sent += 50) {
      client.send(
        many(50, (index) =>
          Buffer.concat([
            request(streamOf(sent + index), { isLast: true }),
            frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)),
          ]),
        ),
      );
    }
    await expect.poll(answered).toBe(12_000);
    expect(endOf(client)).toBe(null);
  });

  test('takes back what has been answered goes on', async () => {
    const client = await open(
      await start((stream) => stream.answer(answerHeaders, Buffer.from('x'), trailers)),
    );
    client.send(
      many(3000, (index) =>
        Buffer.concat([
          request(streamOf(index), { isLast: true }),
          numberFrame(frameTypes.rstStream, streamOf(index), 8),
        ]),
      ),
    );
    await settle(client);
    expect(endOf(client)).toBe(null);
  });
});

test('a client that reads nothing does not keep its socket by breaking the rules, or by ending its side', async () => {
  const streams: Http2Stream[] = [];
  const server = await start((stream) => {
    streams.push(stream);
    stream.receive(nobody);
    stream.answer(answerHeaders, Buffer.alloc(50_000_000), trailers);
  });
  const sockets = [0, 1].map(() => connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(Buffer.concat([http2Preface, settingsFrame([[4, open32]])]));
    socket.write(numberFrame(frameTypes.windowUpdate, 0, open32));
    socket.write(request(1, { isLast: true }));
  }
  try {
    // What the system takes for the client is bounded, too: with the rest of it the server waits.
    await expect.poll(() => streams.length).toBe(2);
    await expect.poll(stands(streams[0])).toBe(true);
    await expect.poll(stands(streams[1])).toBe(true);
    sockets[0]?.write(frameOf(frameTypes.ping, 0, 0, Buffer.alloc(7)));
    sockets[1]?.end();
    await expect.poll(() => server.connections).toBe(0);
    await expect.poll(() => server.sockets, { timeout: 8000 }).toBe(0);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}, 15_000);

describe('an answer', () => {
  test('arrives though its connection closes, whatever the client says meanwhile', async () => {
    const streams: Http2Stream[] = [];
    const server = await start((stream) => {
      streams.push(stream);
      stream.receive(nobody);
    });
    const client = await open(server, [[4, open32]]);
    client.send(numberFrame(frameTypes.windowUpdate, 0, open32), request(1, { isLast: true }), request(3));
    await expect.poll(() => streams.length).toBe(2);
    const [first, second] = streams;
    // The way to the client is full, so that what follows waits in the server's socket.
    client.pause();
    second?.answer(answerHeaders, Buffer.alloc(50_000_000), trailers);
    await expect.poll(stands(second)).toBe(true);
    client.send(numberFrame(frameTypes.rstStream, 3, errorCodes.cancel));
    await expect.poll(() => second?.isClosed).toBe(true);
    server.closeConnections();
    first?.answerHeaders(answerHeaders);
    client.send(many(10, () => frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))));
    await expect.poll(() => server.sockets === 0 || server.readSizeBytes === client.sentSizeBytes).toBe(true);
    client.resume();
    await expect.poll(() => client.isClosed).toBe(true);
    expect(client.frames.at(-1)).toMatchObject({ type: 1, id: 1, flags: flags.endHeaders | flags.endStream });
  });

  test('is refused to what is asked for while its connection closes, and what runs goes on', async () => {
    const streams: Http2Stream[] = [];
    const server = await start((stream) => {
      streams.push(stream);
      stream.receive(nobody);
    });
    const client = await open(server);
    client.send(request(1));
    await expect.poll(() => streams.length).toBe(1);
    server.closeConnections();
    client.send(request(3), data(3, 10, true), data(1, 10, true));
    await settle(client);
    expect(goawayOf(client)?.payload.readUInt32BE(0)).toBe(1);
    expect(endOf(client)).toBe(errorCodes.none);
    expect(resetOf(client, 3)).toBe(errorCodes.refusedStream);
    streams[0]?.answer(answerHeaders, Buffer.from('x'), trailers);
    await expect.poll(() => client.isClosed).toBe(true);
    expect(client.frames.at(-1)).toMatchObject({ type: 1, id: 1, flags: flags.endHeaders | flags.endStream });
    expect(client.frames.filter(({ type }) => type === frameTypes.goaway)).toHaveLength(1);
  });

  test('with nothing in it ends, though the window is less than nothing', async () => {
    const streams: Http2Stream[] = [];
    const server = await start((stream) => {
      streams.push(stream);
      stream.receive(nobody);
      stream.begin(answerHeaders);
      stream.send(Buffer.alloc(10_000));
    });
    const client = await open(server);
    client.send(request(1, { isLast: true }), settingsFrame([[4, 0]]));
    await settle(client);
    streams[0]?.send(Buffer.alloc(0));
    streams[0]?.end(trailers);
    await expect
      .poll(() => client.frames.at(-1))
      .toMatchObject({ id: 1, flags: flags.endHeaders | flags.endStream });
  });

  test('waits while the window is less than nothing, and goes on with its first byte', async () => {
    const server = await start((stream) => {
      stream.receive(nobody);
      stream.begin(answerHeaders);
      stream.send(Buffer.alloc(10_000));
      stream.send(Buffer.alloc(5));
      stream.end(trailers);
    });
    const client = await open(server, [[4, 10_000]]);
    const received = (): number =>
      client.frames
        .filter(({ type }) => type === frameTypes.data)
        .reduce((sum, { payload }) => sum + payload.length, 0);
    client.send(
      request(1, { isLast: true }),
      settingsFrame([[4, 0]]),
      numberFrame(frameTypes.windowUpdate, 1, 10_000),
    );
    await settle(client);
    expect(received()).toBe(10_000);
    client.send(numberFrame(frameTypes.windowUpdate, 1, 1));
    await settle(client);
    expect(received()).toBe(10_001);
    client.send(settingsFrame([[4, 4]]));
    await settle(client);
    expect(received()).toBe(10_005);
    expect(client.frames.some(({ id, flags: each }) => id === 1 && (each & flags.endStream) !== 0)).toBe(
      true,
    );
  });

  test('with headers larger than a frame is cut into frames that everybody takes', async () => {
    const fields = [
      [':status', '200'],
      ['a', 'x'.repeat(40_000)],
    ] as const;
    const client = await open(await start((stream) => stream.answerHeaders(encodeHeaders(fields))));
    client.send(request(1, { isLast: true }));
    await settle(client);
    const block = client.frames.filter(({ id }) => id === 1);
    expect(block.map(({ type }) => type)).toEqual([1, 9, 9]);
    expect(block.map(({ flags: each }) => each)).toEqual([flags.endStream, 0, flags.endHeaders]);
    const decoded = createHeaderDecoder(100_000).decode(Buffer.concat(block.map(({ payload }) => payload)));
    expect([...(decoded ?? [])]).toEqual(fields);
  });
});

test('a connection whose server fails ends with it, and others go on', async () => {
  const server = await start((stream, headers) => {
    if (headers.has('bad')) throw new Error('a mistake of ours');
    stream.answerHeaders(answerHeaders);
  });
  const [bad, good] = [await open(server), await open(server)];
  bad.send(
    frameOf(
      frameTypes.headers,
      flags.endHeaders,
      1,
      encodeHeaders([
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/'],
        ['bad', '1'],
      ]),
    ),
  );
  await expect.poll(() => bad.isClosed).toBe(true);
  expect(endOf(bad)).toBe(errorCodes.internal);
  expect(server.errors.map(String)).toEqual(['Error: a mistake of ours']);
  good.send(request(1, { isLast: true }));
  await settle(good);
  expect(good.frames.some(({ id }) => id === 1)).toBe(true);
});

test('windows count what streams did not use, and what came for those that are over', async () => {
  const server = await start((stream, headers) => {
    stream.receive(nobody); // Uses nothing, so that its window stays as it is.
    if (headers.get(':path') === '/over') stream.answerHeaders(answerHeaders);
  });
  const client = await open(server);
  for (let id = 1; id < 60; id += 2) {
    const fields = [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', '/over'],
    ] as const;
    client.send(request(id, { fields }), data(id, 16_000), data(id, 16_000));
    await settle(client);
  }
  expect(endOf(client)).toBe(null);
  const given = client.frames
    .filter(({ type, id }) => type === frameTypes.windowUpdate && id === 0)
    .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  expect(given).toBeGreaterThan(30 * 32_000 - 256 * 1024);
});
