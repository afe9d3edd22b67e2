import { afterEach, expect } from 'vitest';
import { encodeHeaders, http2Preface } from '../../src/http2/index.js';
import type { Headers, Http2Limits, Http2Stream, StreamReceiver } from '../../src/http2/index.js';
import { flags, frameOf, frameTypes, settingsFrame } from '../../src/http2/frames.js';
import { openRaw, serve } from './server.js';
import type { RawClient, RawFrame, TestServer } from './server.js';

/* A server and clients whose every byte is the test's, gone after it. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export const answerHeaders = encodeHeaders([[':status', '200']]);
export const trailers = encodeHeaders([['end', 'yes']]);

/** What a request has at least. */
export const plainFields: readonly (readonly [string, string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
];

/** HEADERS of a request. */
export function request(
  id: number,
  options: { readonly isLast?: boolean; readonly fields?: readonly (readonly [string, string])[] } = {},
): Buffer {
  const { isLast = false, fields = plainFields } = options;
  const frameFlags = flags.endHeaders | (isLast ? flags.endStream : 0);
  return frameOf(frameTypes.headers, frameFlags, id, encodeHeaders(fields));
}

export function data(id: number, sizeBytes: number, isLast = false): Buffer {
  return frameOf(frameTypes.data, isLast ? flags.endStream : 0, id, Buffer.alloc(sizeBytes));
}

/** Takes all that comes and does nothing with it. */
export const nobody: StreamReceiver = {
  onData: () => undefined,
  onEnd: () => undefined,
  onRoom: () => undefined,
  onClose: () => undefined,
};

export async function start(
  onStream: (stream: Http2Stream, headers: Headers) => void = (stream) => stream.receive(nobody),
  limits: Partial<Http2Limits> = {},
): Promise<TestServer> {
  const server = await serve(onStream, limits);
  cleanups.push(() => server.close());
  return server;
}

export async function open(
  server: TestServer,
  settings: readonly (readonly [number, number])[] = [],
): Promise<RawClient> {
  const client = await openRaw(server.port);
  cleanups.push(() => client.destroy());
  client.send(http2Preface, settingsFrame(settings));
  return client;
}

/** Once the server has taken everything that was sent before, it answers this. */
export async function settle(client: RawClient): Promise<void> {
  const mark = Buffer.from(
    String(Math.trunc(performance.now() * 1000))
      .slice(-8)
      .padStart(8, '0'),
  );
  client.send(frameOf(frameTypes.ping, 0, 0, mark));
  await expect
    .poll(
      () => client.isClosed || client.frames.some(({ type, payload }) => type === 6 && payload.equals(mark)),
      { interval: 1 },
    )
    .toBe(true);
}

export function goawayOf(client: RawClient): RawFrame | undefined {
  return client.frames.find(({ type }) => type === frameTypes.goaway);
}

/** The code with which the connection has been ended; null while it has not. */
export function endOf(client: RawClient): number | null {
  return goawayOf(client)?.payload.readUInt32BE(4) ?? null;
}

/** The code with which the stream has been reset; null while it has not. */
export function resetOf(client: RawClient, id: number): number | null {
  const reset = client.frames.find((frame) => frame.type === frameTypes.rstStream && frame.id === id);
  return reset?.payload.readUInt32BE(0) ?? null;
}
