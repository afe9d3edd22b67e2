import { connect as connectTcp } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { etcdserverpb } from '../../src/gen/protos.js';
import { startBystander } from './bystander.js';
import type { Bystander } from './bystander.js';
import {
  call,
  callHeaders,
  errorCodeOf,
  flags,
  frame,
  headerBlock,
  isGoaway,
  isHeaders,
  isReset,
  message,
  openRaw,
  settingIds,
  settings,
  statusIn,
  types,
  uint32,
} from './frames.js';
import type { RawConnection } from './frames.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

/* HTTP/2 and gRPC frames that no honest client sends, on the client port of a real server. */

const codes = {
  none: 0,
  protocol: 1,
  flowControl: 3,
  frameSize: 6,
  compression: 9,
  enhanceYourCalm: 11,
} as const;
const watchPath = { ':path': '/etcdserverpb.Watch/Watch' };
const range = Buffer.from(etcdserverpb.RangeRequest.encode({ key: Buffer.from('bystander') }).finish());

let target: Target;
let bystander: Bystander;
const open: RawConnection[] = [];

beforeAll(async () => {
  target = await startTarget();
  bystander = startBystander(target);
  await bystander.answered();
});

afterEach(async () => {
  await bystander.answered();
  for (const connection of open.splice(0)) connection.destroy();
});

afterAll(async () => {
  await bystander.stop();
  await expectBoundedMemory(target);
  await target.end();
});

async function connect(values: Readonly<Record<number, number>> = {}): Promise<RawConnection> {
  const connection = await openRaw(target.clientPort, { settings: values });
  open.push(connection);
  return connection;
}

function many(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
}

/** A client's streams have odd numbers. */
function streamOf(index: number): number {
  return 2 * index + 1;
}

describe('A gRPC message', () => {
  const tooLarge = 2 * 1024 * 1024 + 1;
  const unreadable = /^13 grpc: error unmarshalling request/;
  it.each([
    ['of four gigabytes, as it says', message(1, range, { length: 0xffff_ffff }), /^8 .*larger than max/],
    ['one byte above the limit, as it says', message(1, range, { length: tooLarge }), /^8 .*larger than max/],
    ['that is shorter than it says', message(1, range, { length: 100 }), /^13 the call ended/],
    ['that is longer than it says', message(1, range, { length: 3 }), unreadable],
    ['that is compressed', message(1, range, { compressed: 1 }), /^12 .*compressed/],
    ['with a flag that there is not', message(1, range, { compressed: 255 }), /^12 .*compressed/],
    ['that never comes', frame(types.data, flags.endStream, 1), /^13 the call ended/],
    ['of half a prefix', frame(types.data, flags.endStream, 1, Buffer.of(0, 0, 0)), /^13 the call ended/],
  ] as const)(
    '%s is refused, to a method with one answer and to one with many',
    async (_, bytes, refusal) => {
      const connection = await connect();
      await connection.write(call(1), bytes);
      expect(statusIn(await connection.next(isHeaders(1)))).toMatch(refusal);
      const onStreamThree = Buffer.from(bytes);
      onStreamThree.writeUInt32BE(3, 5);
      await connection.write(call(3, { ':path': '/etcdserverpb.Maintenance/Snapshot' }), onStreamThree);
      expect(statusIn(await connection.next(isHeaders(3)))).not.toMatch(/^(0|none)/);
      await connection.write(call(5), message(5, range));
      expect(await connection.next(isHeaders(5))).not.toBeNull();
    },
  );

  it.each(['application/json', 'text/plain', 'application/x-protobuf', ''])(
    'sent as %j is refused',
    async (type) => {
      const connection = await connect();
      await connection.write(call(1, { 'content-type': type }), message(1, range));
      const answer = await connection.next(isHeaders(1));
      expect(answer?.payload.toString('latin1')).toContain('415');
    },
  );

  it.each([
    ['to a method that there is not', { ':path': '/etcdserverpb.KV/__proto__' }, /^12 unknown method/],
    ['to a service that there is not', { ':path': '/constructor/Range' }, /^12 unknown service/],
    ['to no method', { ':path': '*' }, /^8 malformed method name/],
    ['with a deadline that is none', { 'grpc-timeout': '1e9S' }, /^13 malformed grpc-timeout/],
    ['with a token that is none', { token: 'x'.repeat(5000) }, /^(16|0)/],
  ] as const)('%s is refused', async (_, headers, refusal) => {
    const connection = await connect();
    await connection.write(call(1, headers), message(1, range));
    const isLast = (each: { readonly flag: number; readonly stream: number }): boolean =>
      each.stream === 1 && (each.flag & flags.endStream) !== 0;
    expect(statusIn(await connection.next(isLast))).toMatch(refusal);
  });
});

describe('Headers', () => {
  const named = (count: number, size: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, 'x'.repeat(size)]));
  /** Enters the table of the connection, as its newest. */
  const entered = Buffer.concat([
    Buffer.of(0x40, 1),
    Buffer.from('n'),
    Buffer.of(127, 0xa1, 0x1e),
    Buffer.alloc(4000, 'v'),
  ]);

  it.each([
    ['too large', call(1, named(5, 3200)), codes.enhanceYourCalm],
    ['too many', call(1, named(600, 1)), codes.enhanceYourCalm],
    [
      'that unfold to 12 MB',
      frame(
        types.headers,
        flags.endHeaders,
        1,
        Buffer.concat([headerBlock(callHeaders), entered, Buffer.alloc(3000, 0xbe)]),
      ),
      codes.enhanceYourCalm,
    ],
    [
      'without a path',
      frame(types.headers, flags.endHeaders, 1, headerBlock({ ':method': 'POST' })),
      codes.protocol,
    ],
  ] as const)('%s are refused, and the connection goes on', async (_, bytes, code) => {
    const connection = await connect();
    await connection.write(bytes);
    expect(errorCodeOf(await connection.next(isReset(1)))).toBe(code);
    await connection.write(call(3), message(3, range));
    expect(await connection.next(isHeaders(3))).not.toBeNull();
  });

  it.each([
    ['that are no HPACK', Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
    ['that refer to what there is not', Buffer.of(0xbe)],
    ['with a text longer than the block', Buffer.of(0x00, 0x7f, 0x20, 0x61)],
    ['that want a table larger than allowed', Buffer.of(0x3f, 0xff, 0xff, 0x03)],
  ] as const)('%s end the connection', async (_, block) => {
    const connection = await connect();
    await connection.write(frame(types.headers, flags.endHeaders, 1, block));
    expect(errorCodeOf(await connection.next(isGoaway))).toBe(codes.compression);
    await connection.closed;
  });
});

describe('A frame', () => {
  const maxWindow = 0x7fff_ffff;
  it.each([
    ['larger than allowed', frame(types.ping, 0, 0, Buffer.alloc(16_385)), codes.frameSize],
    ['that lies about its length', Buffer.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1), codes.frameSize],
    ['of data on no stream', frame(types.data, 0, 99, Buffer.alloc(1)), codes.protocol],
    ['of data on stream zero', frame(types.data, 0, 0, Buffer.alloc(1)), codes.protocol],
    [
      'of headers on a stream of even number',
      frame(types.headers, flags.endHeaders, 2, Buffer.alloc(0)),
      codes.protocol,
    ],
    ['that resets no stream', frame(types.reset, 0, 99, uint32(8)), codes.protocol],
    ['with a ping of another size', frame(types.ping, 0, 0, Buffer.alloc(7)), codes.frameSize],
    ['with half a setting', frame(types.settings, 0, 0, Buffer.alloc(5)), codes.frameSize],
    [
      'that widens the connection beyond all windows',
      frame(types.windowUpdate, 0, 0, uint32(maxWindow)),
      codes.flowControl,
    ],
    [
      'that sets a window beyond all windows',
      settings({ [settingIds.initialWindowSize]: 0x8000_0000 }),
      codes.flowControl,
    ],
    ['that promises something', frame(5, 0, 1, Buffer.alloc(4)), codes.protocol],
    ['that goes on with what has not begun', frame(types.continuation, 0, 1), codes.protocol],
    [
      'within headers',
      Buffer.concat([frame(types.headers, 0, 1), frame(types.ping, 0, 0, Buffer.alloc(8))]),
      codes.protocol,
    ],
  ] as const)('%s ends the connection', async (_, bytes, code) => {
    const connection = await connect();
    await connection.write(bytes);
    expect(errorCodeOf(await connection.next(isGoaway))).toBe(code);
    await connection.closed;
  });

  it('that widens a stream beyond all windows ends the stream', async () => {
    const connection = await connect();
    await connection.write(call(1), frame(types.windowUpdate, 0, 1, uint32(maxWindow)));
    expect(errorCodeOf(await connection.next(isReset(1)))).toBe(codes.flowControl);
  });

  it('of data beyond the window ends the stream or the connection', async () => {
    const connection = await connect();
    // A method that does not read: its stream has sent no first message yet, and this is none.
    await connection.write(
      call(1, watchPath),
      message(1, Buffer.alloc(16_000), { length: 2_000_000, flag: 0 }),
    );
    const piece = frame(types.data, 0, 1, Buffer.alloc(16_000));
    for (let sent = 0; sent < 1000 && !connection.isClosed; sent++) await connection.write(piece);
    const refused = await connection.next((each) => isGoaway(each) || isHeaders(1)(each) || isReset(1)(each));
    expect(refused === null || refused.type !== types.data).toBe(true);
  });
});

describe('A flood', () => {
  const waiting = call(1);
  it.each([
    [
      'of calls that are taken back at once (CVE-2023-44487)',
      (n: number) =>
        Buffer.concat([call(streamOf(n + 1)), frame(types.reset, 0, streamOf(n + 1), uint32(8))]),
    ],
    ['of pings', () => frame(types.ping, 0, 0, Buffer.alloc(8))],
    ['of settings', () => settings({ [settingIds.initialWindowSize]: 65_535 })],
    ['of priorities', (n: number) => frame(types.priority, 0, streamOf(n + 1), Buffer.alloc(5))],
    ['of empty data', () => frame(types.data, 0, 1)],
    ['of frames of no known type', () => frame(0x42, 0, 0)],
    [
      'of calls without a path',
      (n: number) => frame(types.headers, flags.endHeaders, streamOf(n + 1), headerBlock({ a: 'b' })),
    ],
    [
      'of headers beyond all bounds',
      (n: number) => call(streamOf(n + 1), { x: 'y'.repeat(4000), z: 'y'.repeat(13_000) }),
    ],
  ] as const)('%s ends its connection', async (_, make) => {
    const connection = await connect();
    await connection.write(waiting);
    let made = 0;
    // Answers are read, so that nothing but the flood itself is at fault.
    while (!connection.isClosed && made < 1_000_000) {
      await connection.write(many(500, (index) => make(made + index)));
      made += 500;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await connection.closed;
    expect(made).toBeLessThan(1_000_000);
  });

  it('of continued headers ends its connection', async () => {
    const connection = await connect();
    await connection.write(frame(types.headers, 0, 1, headerBlock(callHeaders)));
    for (let sent = 0; sent < 1000 && !connection.isClosed; sent++) {
      await connection.write(frame(types.continuation, 0, 1, headerBlock({ x: 'y'.repeat(1000) })));
    }
    expect([codes.enhanceYourCalm, null]).toContain(errorCodeOf(await connection.next(isGoaway)));
    await connection.closed;
  });

  it('of empty continuations ends its connection', async () => {
    const connection = await connect();
    await connection.write(frame(types.headers, 0, 1));
    for (let sent = 0; sent < 1000 && !connection.isClosed; sent++) {
      await connection.write(many(10, () => frame(types.continuation, 0, 1)));
    }
    await connection.closed;
  });
});

describe('A connection with thousands of calls that wait', () => {
  const callsMax = 9000;

  async function waitingCalls(): Promise<RawConnection> {
    const connection = await connect({ [settingIds.initialWindowSize]: 0 });
    for (let sent = 0; sent < callsMax; sent += 500) {
      await connection.write(
        many(500, (index) => {
          const stream = streamOf(sent + index);
          return Buffer.concat([call(stream), message(stream, range)]);
        }),
      );
    }
    await connection.next(isHeaders(streamOf(callsMax - 1)));
    return connection;
  }

  it('may change its windows in large frames, and costs nobody else', async () => {
    const connection = await waitingCalls();
    // Each to another size than before, 2700 times in each frame.
    const changes = (n: number): Buffer =>
      frame(
        types.settings,
        0,
        0,
        many(2700, (index) => settings({ [settingIds.initialWindowSize]: (n + index) % 2 }).subarray(9)),
      );
    const rounds = bystander.rounds;
    for (let sent = 0; sent < 100 && !connection.isClosed; sent++) await connection.write(changes(sent));
    await bystander.answered();
    expect(bystander.rounds).toBeGreaterThan(rounds);
  });

  it('may open the window byte by byte, and costs nobody else', async () => {
    const connection = await waitingCalls();
    // The windows of all streams open; that of the connection is used up by them, and then opens by single bytes.
    await connection.write(settings({ [settingIds.initialWindowSize]: 100_000 }));
    for (let sent = 0; sent < 20 && !connection.isClosed; sent++) {
      await connection.write(many(1000, () => frame(types.windowUpdate, 0, 0, uint32(1))));
    }
    await bystander.answered();
  });

  it('gets no more of them than there may be', async () => {
    const connection = await connect();
    for (let sent = 0; sent < 12_000 && !connection.isClosed; sent += 500) {
      await connection.write(many(500, (index) => call(streamOf(sent + index), watchPath)));
    }
    expect(errorCodeOf(await connection.next((each) => each.type === types.reset))).toBe(7);
  });
});

describe('What is not HTTP/2', () => {
  it.each([
    ['the beginning of TLS', Buffer.from('16030100050100000103031603010005010000010303', 'hex')],
    [
      'a preface and then garbage',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(1000, 0xff)]),
    ],
    [
      'a preface and then data',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(types.data, 0, 1)]),
    ],
    ['half a preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')],
  ] as const)('is cut off: %s', async (_, bytes) => {
    const socket = connectTcp(target.clientPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(bytes);
    await closed;
  });
});
