import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createLinks, createProxies } from '../../../jepsen-like/live/network/index.js';
import type { Links, Proxies } from '../../../jepsen-like/live/network/index.js';

const host = '127.0.0.1';

/** One end of a connection, with all that it has heard. */
interface End {
  readonly socket: Socket;
  readonly heard: () => string;
  readonly events: string[];
}

function endOf(socket: Socket): End {
  let heard = '';
  const events: string[] = [];
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
  socket.on('end', () => events.push('end'));
  socket.on('error', (error) => events.push(error.message));
  socket.on('close', () => events.push('close'));
  return { socket, heard: () => heard, events };
}

interface World {
  readonly links: Links;
  readonly proxies: Proxies;
  readonly port: number;
  /** Those that machine b has taken. */
  readonly taken: End[];
}

/** Machine b listens behind a proxy; this process is machine a. */
async function newWorld(pids: ReadonlyMap<string, number> = new Map([['a', process.pid]])): Promise<World> {
  const taken: End[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => taken.push(endOf(socket)));
  server.listen({ host, port: 0 });
  await once(server, 'listening');
  const links = createLinks();
  const proxies = createProxies({ links, pids: () => pids });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  const port = await proxies.open('b', address.port);
  onTestFinished(async () => {
    await proxies.close();
    for (const { socket } of taken) socket.destroy();
    server.close();
  });
  return { links, proxies, port, taken };
}

function dial(port: number): End {
  const socket = connect({ host, port, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  return endOf(socket);
}

async function joined(world: World): Promise<{ readonly a: End; readonly b: End }> {
  const before = world.taken.length;
  const a = dial(world.port);
  await until(() => world.taken.length > before);
  const b = world.taken.at(-1);
  if (b === undefined) throw new Error('b has taken a connection');
  return { a, b };
}

/** The last bound, on however busy a machine. */
const until = (isTrue: () => boolean): Promise<unknown> =>
  vi.waitUntil(isTrue, { timeout: 30_000, interval: 5 });

const there = [['a', 'b']] as const;
const back = [['b', 'a']] as const;

/** Long enough for bytes on the loopback to pass, if they could. */
async function settled(world: World): Promise<void> {
  const witness = createServer((socket) => endOf(socket).socket.end('seen'));
  witness.listen({ host, port: 0 });
  await once(witness, 'listening');
  const address = witness.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  const port = await world.proxies.open('witness', address.port);
  const other = dial(port);
  await until(() => other.heard() === 'seen');
  witness.close();
}

describe('proxies', () => {
  test('pass bytes both ways', async () => {
    const { a, b } = await joined(await newWorld());
    a.socket.write('hello');
    b.socket.write('welcome');
    await until(() => b.heard() === 'hello' && a.heard() === 'welcome');
  });

  test.each([
    { name: 'of the one who dialed', pairs: there, isBackCut: false },
    { name: 'of the one who was dialed', pairs: back, isBackCut: true },
  ])('hold the bytes $name while that direction is cut, and no others', async ({ pairs, isBackCut }) => {
    const world = await newWorld();
    const { a, b } = await joined(world);
    const [mute, other] = isBackCut ? [b, a] : [a, b];
    const mend = world.links.cut(pairs);
    mute.socket.write('one ');
    other.socket.write('heard');
    mute.socket.write('two');
    await until(() => mute.heard() === 'heard');
    await settled(world);
    expect(other.heard()).toBe('');
    mend();
    await until(() => other.heard() === 'one two');
  });

  test('hold back what was cut twice until it was mended twice', async () => {
    const world = await newWorld();
    const { a, b } = await joined(world);
    const mends = [world.links.cut(there), world.links.cut(there)];
    a.socket.write('late');
    mends[0]?.();
    mends[0]?.(); // Mending again what was mended means nothing.
    await settled(world);
    expect(b.heard()).toBe('');
    mends[1]?.();
    await until(() => b.heard() === 'late');
  });

  test.each([
    { direction: 'there', pairs: there },
    { direction: 'back', pairs: back },
  ])('make no connection while the way $direction is cut', async ({ pairs }) => {
    const world = await newWorld();
    const mend = world.links.cut(pairs);
    const a = dial(world.port);
    a.socket.write('first');
    await settled(world);
    expect(world.taken).toEqual([]);
    mend();
    await until(() => world.taken[0]?.heard() === 'first');
  });

  test('forget a connection that was given up before it was made', async () => {
    const world = await newWorld();
    const mend = world.links.cut(there);
    const a = dial(world.port);
    a.socket.write('nobody will hear this');
    await once(a.socket, 'connect');
    await settled(world);
    a.socket.destroy();
    await settled(world);
    mend();
    const { b } = await joined(world);
    expect(world.taken).toEqual([b]);
  });

  test('hold back the end of a connection, too', async () => {
    const world = await newWorld();
    const { a, b } = await joined(world);
    const mend = world.links.cut(there);
    a.socket.end('bye');
    await settled(world);
    expect(b.events).toEqual([]);
    mend();
    await until(() => b.events.includes('end'));
    expect(b.heard()).toBe('bye');
    b.socket.end('bye, too');
    await until(() => a.heard() === 'bye, too');
  });

  test('pass on that a connection broke', async () => {
    const { a, b } = await joined(await newWorld());
    b.socket.resetAndDestroy();
    await until(() => a.events.includes('read ECONNRESET'));
  });

  test('make whoever sends too much into a cut link wait', async () => {
    const world = await newWorld();
    const { a, b } = await joined(world);
    const mend = world.links.cut(there);
    const size = 64 * 1024 * 1024;
    let isFlushed = false;
    a.socket.write(Buffer.alloc(size, 'x'), () => (isFlushed = true));
    await settled(world);
    expect(isFlushed).toBe(false);
    mend();
    await until(() => b.heard().length === size);
  });

  test('break all connections at once when told', async () => {
    const world = await newWorld();
    const { a, b } = await joined(world);
    world.proxies.reset();
    await until(() => a.events.includes('close') && b.events.includes('close'));
    const again = await joined(world);
    again.a.socket.write('again');
    await until(() => again.b.heard() === 'again');
  });

  test('let bytes come late, and in order', async () => {
    const world = await newWorld();
    const { a, b } = await joined(world);
    const end = world.links.slow(there, 50);
    const words = Array.from({ length: 40 }, (_, index) => `${index} `);
    for (const word of words) {
      a.socket.write(word);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => b.heard() === words.join(''));
    end();
    expect(world.links.delayMsOf('a', 'b')).toBe(0);
  });

  test('do nothing to connections of strangers', async () => {
    const world = await newWorld(new Map([['c', 1]]));
    world.links.cut([...there, ...back, ['c', 'b'], ['b', 'c']]);
    const { a, b } = await joined(world);
    a.socket.write('it is me');
    await until(() => b.heard() === 'it is me');
  });

  test('tell processes apart', async () => {
    const pids = new Map([['a', process.pid]]);
    const world = await newWorld(pids);
    const script =
      "const s = require('net').connect(+process.argv[1], '127.0.0.1'); s.on('error', () => {}); process.stdin.pipe(s);";
    const child = spawn(process.execPath, ['-e', script, String(world.port)], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    onTestFinished(() => void child.kill());
    if (child.pid === undefined) throw new Error('a process was started');
    pids.set('c', child.pid);
    await until(() => world.taken.length === 1);
    const { a, b } = await joined(world);
    const mend = world.links.cut([['c', 'b']]);
    child.stdin.write('of c');
    a.socket.write('of a');
    await until(() => b.heard() === 'of a');
    await settled(world);
    expect(world.taken[0]?.heard()).toBe('');
    mend();
    await until(() => world.taken[0]?.heard() === 'of c');
  });
});
