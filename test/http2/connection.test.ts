import fc from 'fast-check';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeHeaders, errorCodes, http2Preface } from '../../src/http2/index.js';
import type { Headers, Http2Stream } from '../../src/http2/index.js';
import { flags, frameOf, frameTypes, numberFrame, settingsFrame } from '../../src/http2/frames.js';
import { openClient, openRaw, serve } from './server.js';
import type { RawClient, TestServer } from './server.js';

const answerHeaders = encodeHeaders([[':status', '200']]);
const trailers = encodeHeaders([['end', 'yes']]);
const requestBlock = encodeHeaders([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
]);
const request = (id: number, isLast = false): Buffer =>
  frameOf(frameTypes.headers, flags.endHeaders | (isLast ? flags.endStream : 0), id, requestBlock);

let server: TestServer | null = null;
const closers: (() => void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await server?.close();
  server = null;
});

/** Sends back what it gets. */
function echo(stream: Http2Stream): void {
  stream.begin(answerHeaders);
  stream.receive({
    onData(chunk) {
      stream.consumed(chunk.length);
      stream.send(Buffer.from(chunk));
    },
    onEnd: () => stream.end(trailers),
    onRoom: () => undefined,
    onClose: () => undefined,
  });
  if (stream.hasEnded) stream.end(trailers);
}

async function start(onStream: (stream: Http2Stream, headers: Headers) => void = echo): Promise<TestServer> {
  server = await serve(onStream);
  return server;
}

async function raw(): Promise<RawClient> {
  if (server === null) throw new Error('a server first');
  const client = await openRaw(server.port);
  closers.push(() => client.destroy());
  client.send(http2Preface, settingsFrame([]));
  return client;
}

/** Node's own client sends these bodies on streams of one connection and gets them back. */
async function exchange(
  port: number,
  bodies: readonly Buffer[],
  window?: number,
): Promise<readonly Buffer[]> {
  const session = openClient(port, window);
  try {
    return await Promise.all(
      bodies.map(async (body) => {
        const stream = session.request({ ':method': 'POST', ':path': '/' });
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.end(body);
        const [[ended]] = (await Promise.all([once(stream, 'trailers'), once(stream, 'end')])) as [
          [Record<string, string>],
          unknown,
        ];
        expect(ended).toMatchObject({ end: 'yes' });
        return Buffer.concat(chunks);
      }),
    );
  } finally {
    session.destroy();
  }
}

describe('bodies', () => {
  test('pass both ways, whatever their sizes and the client’s windows', async () => {
    const { port } = await start();
    const sizes = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 6 });
    const property = fc.asyncProperty(
      sizes,
      fc.constantFrom(undefined, 100, 20_000),
      async (lengths, window) => {
        const bodies = lengths.map((length, index) => Buffer.alloc(length, 97 + index));
        const back = await exchange(port, bodies, window);
        expect(back.map(({ length }) => length)).toEqual(lengths);
        expect(back.every((body, index) => body.equals(bodies[index] ?? Buffer.alloc(0)))).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 15 });
  });

  test('wait for a window, and say how much of them waits', async () => {
    const streams: Http2Stream[] = [];
    await start((stream) => {
      streams.push(stream);
      stream.answer(answerHeaders, Buffer.alloc(100_000), trailers);
    });
    const client = await raw();
    client.send(request(1, true));
    const received = (): number =>
      client.frames
        .filter(({ type }) => type === frameTypes.data)
        .reduce((sum, { payload }) => sum + payload.length, 0);
    await expect.poll(received).toBe(65_535);
    expect(streams[0]?.waitingSizeBytes).toBe(100_000 - 65_535);
    client.send(numberFrame(frameTypes.windowUpdate, 1, 10_000)); // The connection's is used up, too.
    client.send(numberFrame(frameTypes.windowUpdate, 0, 5000));
    await expect.poll(received).toBe(70_535);
    client.send(numberFrame(frameTypes.windowUpdate, 0, 100_000));
    await expect.poll(received).toBe(75_535);
    client.send(numberFrame(frameTypes.windowUpdate, 1, 100_000));
    await expect.poll(received).toBe(100_000);
    await expect.poll(() => client.frames.at(-1)?.flags).toBe(flags.endHeaders | flags.endStream);
    expect(streams[0]?.isClosed).toBe(true);
  });

  test('that the server does not use hold the client back', async () => {
    const taken: Buffer[] = [];
    const streams: Http2Stream[] = [];
    await start((stream) => {
      streams.push(stream);
      stream.receive({
        onData: (chunk) => void taken.push(chunk),
        onEnd: () => undefined,
        onRoom: () => undefined,
        onClose: () => undefined,
      });
    });
    const client = await raw();
    client.send(request(1));
    for (let sent = 0; sent < 4; sent++) client.send(frameOf(frameTypes.data, 0, 1, Buffer.alloc(16_000)));
    await expect.poll(() => taken.length).toBe(4);
    expect(client.frames.filter(({ type, id }) => type === frameTypes.windowUpdate && id === 1)).toEqual([]);
    streams[0]?.consumed(64_000);
    await expect
      .poll(() => client.frames.some(({ type, id }) => type === frameTypes.windowUpdate && id === 1))
      .toBe(true);
    client.send(frameOf(frameTypes.data, 0, 1, Buffer.alloc(16_000)));
    await expect.poll(() => taken.length).toBe(5);
  });
});

describe('a stream', () => {
  test('has the headers that the client sent', async () => {
    const seen: Headers[] = [];
    const { port } = await start((stream, headers) => {
      seen.push(headers);
      stream.answerHeaders(answerHeaders);
    });
    const session = openClient(port);
    closers.push(() => session.destroy());
    const value = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 200,
    });
    const property = fc.asyncProperty(fc.array(value, { maxLength: 8 }), async (values) => {
      const named = Object.fromEntries(values.map((each, index) => [`x-${index}`, each]));
      const stream = session.request({ ':method': 'POST', ':path': '/some/path', ...named });
      stream.end();
      await once(stream, 'response');
      const headers = seen.at(-1);
      expect(headers?.get(':path')).toBe('/some/path');
      for (const [name, each] of Object.entries(named)) expect(headers?.get(name)).toBe(each);
      stream.close();
    });
    await fc.assert(property, { numRuns: 100 });
  });

  test('that has been answered whole asks the client to stop', async () => {
    await start((stream) => stream.answerHeaders(answerHeaders));
    const client = await raw();
    client.send(request(1));
    await expect.poll(() => client.frames.at(-1)).toMatchObject({ type: frameTypes.rstStream, id: 1 });
    expect(client.frames.at(-1)?.payload.readUInt32BE(0)).toBe(errorCodes.none);
    client.send(frameOf(frameTypes.data, 0, 1, Buffer.alloc(100)), request(3, true)); // It had not heard of it yet.
    await expect.poll(() => client.frames.some(({ id }) => id === 3)).toBe(true);
    expect(client.isClosed).toBe(false);
  });

  test('that the client takes back is closed, once', async () => {
    const closed: boolean[] = [];
    await start((stream) => {
      stream.receive({
        onData: () => undefined,
        onEnd: () => undefined,
        onRoom: () => undefined,
        onClose: (aborted) => closed.push(aborted),
      });
    });
    const client = await raw();
    client.send(request(1), numberFrame(frameTypes.rstStream, 1, errorCodes.cancel));
    client.send(numberFrame(frameTypes.rstStream, 1, errorCodes.cancel));
    await expect.poll(() => closed).toEqual([true]);
    client.send(request(3));
    client.destroy();
    await expect.poll(() => closed).toEqual([true, true]);
  });

  test('beyond those that may be open is refused, and works later', async () => {
    server = await serve(
      (stream, headers) => {
        if (headers.get(':path') === '/') stream.receive(nobody);
      },
      { streamsMax: 2 },
    );
    const client = await raw();
    client.send(request(1), request(3), request(5));
    await expect.poll(() => client.frames.at(-1)).toMatchObject({ type: frameTypes.rstStream, id: 5 });
    expect(client.frames.at(-1)?.payload.readUInt32BE(0)).toBe(errorCodes.refusedStream);
    expect(client.isClosed).toBe(false);
  });
});

const nobody = {
  onData: () => undefined,
  onEnd: () => undefined,
  onRoom: () => undefined,
  onClose: () => undefined,
};

describe('a connection is ended, and the reason told,', () => {
  const cases: readonly (readonly [string, number, readonly Buffer[]])[] = [
    [
      'at a frame larger than allowed',
      errorCodes.frameSize,
      [Buffer.from('0040010000000000 01'.replaceAll(' ', ''), 'hex')],
    ],
    ['at data of no stream', errorCodes.protocol, [frameOf(frameTypes.data, 0, 1, Buffer.alloc(1))]],
    ['at a stream of the server’s', errorCodes.protocol, [request(2)]],
    [
      'at a frame within headers',
      errorCodes.protocol,
      [frameOf(frameTypes.headers, 0, 1, requestBlock), frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))],
    ],
    [
      'at headers that go on after nothing',
      errorCodes.protocol,
      [frameOf(frameTypes.continuation, flags.endHeaders, 1, requestBlock)],
    ],
    [
      'at headers in too many frames',
      errorCodes.enhanceYourCalm,
      [
        frameOf(frameTypes.headers, 0, 1, requestBlock),
        ...Array.from({ length: 40 }, () => frameOf(frameTypes.continuation, 0, 1, Buffer.alloc(0))),
      ],
    ],
    [
      'at a header table that is broken',
      errorCodes.compression,
      [frameOf(frameTypes.headers, flags.endHeaders, 1, Buffer.of(0xff, 0xff, 0xff, 0xff))],
    ],
    [
      'at more padding than there is',
      errorCodes.protocol,
      [request(1), frameOf(frameTypes.data, flags.padded, 1, Buffer.of(9, 1))],
    ],
    ['at a promise', errorCodes.protocol, [frameOf(frameTypes.pushPromise, 0, 1, Buffer.alloc(8))]],
    ['at a ping of a strange size', errorCodes.frameSize, [frameOf(frameTypes.ping, 0, 0, Buffer.alloc(7))]],
    [
      'at settings of a strange size',
      errorCodes.frameSize,
      [frameOf(frameTypes.settings, 0, 0, Buffer.alloc(5))],
    ],
    [
      'at a window larger than there is',
      errorCodes.flowControl,
      [numberFrame(frameTypes.windowUpdate, 0, 0x7fff_ffff)],
    ],
    [
      'at an initial window larger than there is',
      errorCodes.flowControl,
      [settingsFrame([[4, 0x8000_0000]])],
    ],
    [
      'at more data than the window of all streams allows',
      errorCodes.flowControl,
      [1, 3, 5, 7, 9].flatMap((id) => [
        request(id),
        ...Array.from({ length: 4 }, () => frameOf(frameTypes.data, 0, id, Buffer.alloc(15_000))),
      ]),
    ],
    [
      'when too many streams are taken back',
      errorCodes.enhanceYourCalm,
      Array.from({ length: 1200 }, (_, index) =>
        Buffer.concat([request(2 * index + 1), numberFrame(frameTypes.rstStream, 2 * index + 1, 8)]),
      ),
    ],
    [
      'at a flood of pings',
      errorCodes.enhanceYourCalm,
      Array.from({ length: 12_000 }, () => frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))),
    ],
    [
      'at a flood of settings',
      errorCodes.enhanceYourCalm,
      Array.from({ length: 12_000 }, () => settingsFrame([])),
    ],
    [
      'at a flood of empty data',
      errorCodes.enhanceYourCalm,
      [request(1), ...Array.from({ length: 12_000 }, () => frameOf(frameTypes.data, 0, 1, Buffer.alloc(0)))],
    ],
    [
      'at a flood of priorities',
      errorCodes.enhanceYourCalm,
      Array.from({ length: 12_000 }, () => frameOf(frameTypes.priority, 0, 1, Buffer.alloc(5))),
    ],
  ];

  test.each(cases)('%s', async (_what, code, frames) => {
    const target = await start((stream) => stream.receive(nobody));
    const client = await raw();
    client.send(...frames);
    await expect.poll(() => client.isClosed).toBe(true);
    const goaway = client.frames.find(({ type }) => type === frameTypes.goaway);
    expect(goaway?.payload.readUInt32BE(4)).toBe(code);
    await expect.poll(() => target.connections).toBe(0);
  });

  test('when it does not begin with settings', async () => {
    await start();
    if (server === null) return;
    const client = await openRaw(server.port);
    client.send(http2Preface, request(1));
    await expect.poll(() => client.isClosed).toBe(true);
    expect(client.frames.some(({ type }) => type === frameTypes.goaway)).toBe(true);
  });

  test('but not by a stream that misbehaves alone', async () => {
    await start((stream) => stream.receive(nobody));
    const client = await raw();
    client.send(frameOf(frameTypes.headers, flags.endHeaders, 1, encodeHeaders([['a', 'b']]))); // No method, no path.
    await expect.poll(() => client.frames.at(-1)).toMatchObject({ type: frameTypes.rstStream, id: 1 });
    client.send(request(3), numberFrame(frameTypes.windowUpdate, 3, 0));
    await expect.poll(() => client.frames.at(-1)).toMatchObject({ type: frameTypes.rstStream, id: 3 });
    client.send(request(5), numberFrame(frameTypes.windowUpdate, 5, 0x7fff_ffff));
    await expect.poll(() => client.frames.at(-1)).toMatchObject({ type: frameTypes.rstStream, id: 5 });
    client.send(request(7));
    for (let sent = 0; sent < 5; sent++) client.send(frameOf(frameTypes.data, 0, 7, Buffer.alloc(16_384)));
    await expect.poll(() => client.frames.at(-1)).toMatchObject({ type: frameTypes.rstStream, id: 7 });
    client.send(frameOf(0xbe, 0, 0, Buffer.alloc(10))); // A kind of frame that nobody knows yet.
    client.send(frameOf(frameTypes.ping, 0, 0, Buffer.from('still on')));
    await expect.poll(() => client.frames.at(-1)?.payload.toString()).toBe('still on');
    expect(client.isClosed).toBe(false);
  });

  test('whatever bytes come', async () => {
    const target = await start();
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      const client = await raw();
      client.send(bytes);
      client.destroy();
    });
    await fc.assert(property, { numRuns: 200 });
    await expect.poll(() => target.connections).toBe(0);
    expect((await exchange(target.port, [Buffer.from('well')])).map(String)).toEqual(['well']);
  });
});

test('frames that arrive in pieces are those that arrive whole', async () => {
  await start();
  const client = await raw();
  const bytes = Buffer.concat([
    request(1),
    frameOf(frameTypes.data, flags.endStream, 1, Buffer.from('in pieces')),
  ]);
  for (const byte of bytes) {
    client.send(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect
    .poll(() => client.frames.find(({ type }) => type === frameTypes.data)?.payload.toString())
    .toBe('in pieces');
});
