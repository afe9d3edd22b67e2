import type { ClientWritableStream, ServerReadableStream, ServiceError } from '@grpc/grpc-js';
import { Client, credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { encodeBatch } from '../../src/peer/codec.js';
import { describeCall } from '../../src/peer/handshake.js';
import { createPeerNetwork, fetchMembers } from '../../src/peer/index.js';
import { passBytes, raftPath } from '../../src/peer/service.js';
import { seededRandom, silentLogger } from '../../src/base/index.js';
import type { Message } from '../../src/raft/index.js';
import type { TestMember } from './support.js';
import {
  acquaint,
  closeAll,
  clusterId,
  freeUrl,
  heartbeat,
  memberId,
  proposal,
  reach,
  startMember,
  until,
} from './support.js';

// Real sockets on a machine that may be busy: only what never comes fails.
vi.setConfig({ testTimeout: 30_000 });

afterEach(closeAll);

function contexts(messages: readonly Message[]): number[] {
  return messages.flatMap((message) => (message.type === 'heartbeat' ? [message.readContext] : []));
}

describe('messages between members', () => {
  it('arrive in the order in which they were sent, none twice, none lost', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    const sent: number[] = [];
    for (let n = 1; n <= 3_000; n++) {
      a.network.send([heartbeat(a, b, n)]);
      sent.push(n);
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('the last message', () => contexts(b.messages()).at(-1) === 3_000);
    expect(contexts(b.messages())).toEqual(sent);
    expect(a.unreachable).toEqual([]);
  });

  it('of one call for one peer arrive as one batch', async () => {
    const [a, b, c] = [await startMember('a'), await startMember('b'), await startMember('c')];
    await acquaint(a, b, c);
    a.network.send([heartbeat(a, b, 1), heartbeat(a, c, 2), heartbeat(a, b, 3), heartbeat(a, c, 4)]);
    await until('both batches', () => b.batches.length > 0 && c.batches.length > 0);
    expect(b.batches.map(contexts)).toEqual([[1, 3]]);
    expect(c.batches.map(contexts)).toEqual([[2, 4]]);
  });

  it('may be large: entries of 1.5 MiB in a batch of several', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    const data = Buffer.alloc(1.5 * 1024 * 1024, 5);
    a.network.send([proposal(a, b, data), proposal(a, b, data), heartbeat(a, b, 1)]);
    await until('all three', () => b.messages().length === 3);
    const second = b.messages()[1];
    if (second?.type !== 'propose') throw new Error('a proposal was sent second');
    expect(Buffer.from(second.entries[0]?.data ?? []).equals(data)).toBe(true);
  });

  it('never call back into the member from within send', async () => {
    const a = await startMember('a');
    const gone = { id: memberId('b'), urls: [await freeUrl()] };
    a.network.setPeers([gone]);
    await until('the first refusal', () => a.lost.length > 0);
    const before = a.unreachable.length;
    for (let n = 0; n < 5; n++) {
      a.network.send([{ type: 'timeout-now', from: a.id, to: gone.id, term: 1 }]);
      expect(a.unreachable.length).toBe(before);
    }
    await until('the word that they were dropped', () => a.unreachable.length > before);
    expect(a.unreachable.length).toBe(before + 1);
  });
});

describe('a peer that reads too slowly', () => {
  it('costs a bounded queue and drops, and is served again once it reads', async () => {
    const stalled = await startStalledPeer(memberId('b'));
    const a = await startMember('a', { queue: { messagesMax: 10, sizeBytesMax: 1e6 } });
    a.network.setPeers([{ id: memberId('b'), urls: [stalled.url] }]);
    await until('the stream', () => stalled.isOpen());
    const sent = 200;
    for (let n = 0; n < sent; n++) {
      a.network.send([
        {
          type: 'propose',
          from: a.id,
          to: memberId('b'),
          term: n,
          entries: [{ kind: 'normal', data: Buffer.alloc(50_000) }],
        },
      ]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('the word that some were dropped', () => a.unreachable.length > 0);
    stalled.read();
    a.network.send([{ type: 'timeout-now', from: a.id, to: memberId('b'), term: sent }]);
    await until('what was queued', () => stalled.receivedBytes() > 0);
    expect(stalled.receivedBytes()).toBeLessThan((sent / 2) * 50_000);
    expect(a.lost).toEqual([]);
    await stalled.stop();
  });
});

describe('a peer that stops', () => {
  it('is reported as lost at once, and reached again after its restart', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    await b.network.close();
    await until('the loss', () => a.lost.includes(b.id));
    const again = await startMember('b', { url: b.url });
    again.network.setPeers([{ id: a.id, urls: [a.url] }]);
    await reach(a, again);
    await reach(again, a);
  });

  it('is waited for, at any of its addresses', async () => {
    const a = await startMember('a');
    const [wrong, right] = [await freeUrl(), await freeUrl()];
    a.network.setPeers([{ id: memberId('b'), urls: [wrong, right] }]);
    await until('a refused connection', () => a.lost.length > 0);
    const b = await startMember('b', { url: right });
    await reach(a, b);
  });

  it('is not taken for lost by a peer whose own stream moves to another of its addresses', async () => {
    const a = await startMember('a');
    const [first, second] = [await freeUrl(), await freeUrl()];
    const b = await startMember('b', { listenUrls: [first, second] });
    b.network.setPeers([{ id: a.id, urls: [a.url] }]);
    a.network.setPeers([{ id: b.id, urls: [first] }]);
    await reach(a, b);
    await reach(b, a);
    b.lost.length = 0;
    a.network.setPeers([{ id: b.id, urls: [second] }]);
    await reach(a, b);
    expect(b.lost).toEqual([]);
  });
});

describe('a peer that takes connections but says nothing', () => {
  it('is waited for without a new connection each time', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const random = seededRandom(1);
    let failures = 0;
    const below = (bound: number): number => {
      failures++;
      return random.below(bound);
    };
    const backoff = { minMs: 2, maxMs: 4 };
    const a = await startMember('a', { connectTimeoutMs: 40, backoff, random: { ...random, below } });
    a.network.setPeers([{ id: memberId('b'), urls: [`http://127.0.0.1:${port}`] }]);
    await until('several failures', () => failures >= 5);
    expect(sockets.length).toBe(1);
    await until('a new connection in the end', () => sockets.length === 2);
    await a.network.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('members check whom they speak to', () => {
  it('refuses a member of another cluster, and tells it why', async () => {
    const a = await startMember('a', {
      identity: { clusterId: 'ffffffffffffffff', memberId: memberId('a') },
    });
    const b = await startMember('b');
    a.network.setPeers([{ id: b.id, urls: [b.url] }]);
    await until('the refusal', () => a.refused.length > 0);
    expect(a.refused[0]?.peer).toBe(b.id);
    expect(a.refused[0]?.reason).toContain(`a member of cluster ${clusterId}`);
    expect(b.batches).toEqual([]);
    expect(a.lost).toEqual([]);
  });

  it('refuses who looks for another member, and tells it why', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    a.network.setPeers([{ id: memberId('c'), urls: [b.url] }]);
    await until('the refusal', () => a.refused.length > 0);
    expect(a.refused[0]?.reason).toContain(`this is member ${b.id}`);
  });

  it('refuses a member that has been removed, and takes it back when it is listed again', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    a.network.setPeers([]);
    await until('the refusal', () => b.refused.length > 0);
    expect(b.refused).toEqual([{ peer: a.id, reason: `member ${b.id} has been removed from the cluster` }]);
    a.network.setPeers([{ id: b.id, urls: [b.url] }]);
    await reach(b, a);
  });

  it('refuses a member whose removal it remembers from before its restart', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    a.network.setPeers([], [b.id]);
    b.network.setPeers([{ id: a.id, urls: [a.url] }]);
    await until('the refusal', () => b.refused.length > 0);
    expect(b.refused[0]?.reason).toContain('has been removed');
  });

  it('does not try hotly where it is refused', async () => {
    const a = await startMember('a', { backoff: { minMs: 20, maxMs: 80 } });
    const b = await startMember('b');
    a.network.setPeers([{ id: memberId('c'), urls: [b.url] }]);
    const refusals = (): number => b.log.filter(({ message }) => message === 'refused a peer').length;
    const start = performance.now();
    await until('several refusals', () => refusals() >= 5);
    // The first comes at once; half of 20, 40, 80 and 80 ms are the least that the others wait.
    expect(performance.now() - start).toBeGreaterThan(100);
    expect(a.refused.length).toBe(1);
  });

  it('takes in a member of its cluster that it has not heard of, and can answer it', async () => {
    const [away, newLeader] = [await startMember('a'), await startMember('b')];
    newLeader.network.setPeers([{ id: away.id, urls: [away.url] }]);
    await reach(newLeader, away);
    await reach(away, newLeader);
    away.network.setPeers([{ id: newLeader.id, urls: [newLeader.url] }]);
    await reach(away, newLeader);
  });
});

describe('a member that has a leader', () => {
  it('takes in nobody that its log has not named, until it has', async () => {
    const a = await startMember('a', { handlers: { admits: () => false } });
    const b = await startMember('b', { backoff: { minMs: 10, maxMs: 20 } });
    b.network.setPeers([{ id: a.id, urls: [a.url] }]);
    const reason = `${b.id} is no member that this one knows of`;
    await until('the refusal', () => b.log.some(({ fields }) => String(fields['reason']).startsWith(reason)));
    expect(a.log.map(({ message }) => message)).toContain('refused a peer');
    expect([a.batches, b.lost, b.refused]).toEqual([[], [], []]);
    a.network.setPeers([{ id: b.id, urls: [b.url] }]);
    await reach(b, a);
  });
});

describe('a hostile stream', () => {
  interface Hostile {
    readonly call: ClientWritableStream<Buffer>;
    readonly ended: Promise<ServiceError | null>;
    close(): void;
  }

  function openStream(target: TestMember, from: string, to = target.id): Hostile {
    const client = new Client(target.url.replace('http://', ''), credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const caller = { clusterId, memberId: from, advertiseUrls: ['http://127.0.0.1:1'] };
    let end: (error: ServiceError | null) => void = () => undefined;
    const ended = new Promise<ServiceError | null>((resolve) => (end = resolve));
    const call = client.makeClientStreamRequest(
      raftPath,
      passBytes,
      passBytes,
      describeCall(caller, to),
      (error) => end(error),
    );
    call.on('error', () => undefined);
    return {
      call,
      ended,
      close: () => {
        call.cancel();
        client.close();
      },
    };
  }

  it('that forges a sender is cut off, logged, and brings nothing in', async () => {
    const a = await startMember('a');
    const stream = openStream(a, memberId('b'));
    const route = { from: memberId('d'), to: a.id };
    stream.call.write(encodeBatch(route, [{ type: 'timeout-now', ...route, term: 99 }]));
    const error = await stream.ended;
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    expect(error?.details).toContain('claims another sender');
    expect(a.batches).toEqual([]);
    expect(a.log.map(({ message }) => message)).toContain('cut the stream of a peer');
    stream.close();
  });

  it('that does not decode is cut off, and nothing after it is read', async () => {
    const a = await startMember('a');
    const stream = openStream(a, memberId('b'));
    const route = { from: memberId('b'), to: a.id };
    stream.call.write(Buffer.from('not a batch'));
    stream.call.write(encodeBatch(route, [{ type: 'timeout-now', ...route, term: 99 }]));
    expect((await stream.ended)?.code).toBe(status.INVALID_ARGUMENT);
    expect(a.batches).toEqual([]);
    stream.close();
  });

  it('that sends a frame beyond all bounds is cut off', async () => {
    const a = await startMember('a');
    const stream = openStream(a, memberId('b'));
    stream.call.write(Buffer.alloc(17 * 1024 * 1024));
    expect((await stream.ended)?.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(a.batches).toEqual([]);
    stream.close();
  });

  it('that does not say who it is, is refused', async () => {
    const a = await startMember('a');
    for (const from of ['', 'somebody', a.id, memberId('B')]) {
      const stream = openStream(a, from);
      expect((await stream.ended)?.code).toBe(status.INVALID_ARGUMENT);
      stream.close();
    }
  });

  it('of a member that has a newer one is ended', async () => {
    const a = await startMember('a');
    const older = openStream(a, memberId('b'));
    await until('the first stream', () => a.log.some(({ message }) => message.includes('new to us')));
    const newer = openStream(a, memberId('b'));
    expect((await older.ended)?.code).toBe(status.ABORTED);
    const route = { from: memberId('b'), to: a.id };
    newer.call.write(encodeBatch(route, [{ type: 'timeout-now', ...route, term: 9 }]));
    await until('a message on the newer one', () => a.messages().length === 1);
    older.close();
    newer.close();
  });

  it('comes in no more than a few of unknown members at a time', async () => {
    const a = await startMember('a');
    const streams = Array.from({ length: 17 }, (_, n) => openStream(a, n.toString(16).padStart(16, '0')));
    const first = await Promise.race(streams.map(({ ended }) => ended));
    expect(first?.code).toBe(status.RESOURCE_EXHAUSTED);
    for (const stream of streams) stream.close();
  });

  it('of bytes that are not even HTTP harms nobody', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    const socket = connect(Number(new URL(a.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(Buffer.alloc(100_000, 'x'));
    socket.resume();
    await closed;
    await reach(b, a);
  });
});

describe('strangers who fill the port', () => {
  it('keep no member out, and cost none its stream', async () => {
    const connectionsMax = 8;
    const [a, b, c] = [
      await startMember('a', { connectionsMax }),
      await startMember('b'),
      await startMember('c'),
    ];
    a.network.setPeers([b, c].map(({ id, url }) => ({ id, urls: [url] })));
    b.network.setPeers([{ id: a.id, urls: [a.url] }]);
    await reach(b, a);
    const strangers: Socket[] = [];
    for (let opened = 0; opened < 3 * connectionsMax; opened++) {
      const socket = connect(Number(new URL(a.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      await once(socket, 'connect');
      strangers.push(socket);
    }
    await until(
      'the end of the older ones',
      () => strangers.filter(({ closed }) => closed).length >= 2 * connectionsMax,
    );
    expect([a.lost, b.lost]).toEqual([[], []]);
    c.network.setPeers([{ id: a.id, urls: [a.url] }]);
    await reach(c, a);
    for (const socket of strangers) socket.destroy();
  });
});

describe('listening', () => {
  it('names the address that is taken', async () => {
    const a = await startMember('a');
    await expect(startMember('b', { url: a.url })).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringMatching(`^peer address ${a.url} is already in use`) as string,
    });
  });

  it('names an address that is none', async () => {
    for (const url of ['127.0.0.1:2380', 'http://', 'http://127.0.0.1:2380/path', 'unix:///tmp/x']) {
      await expect(startMember('a', { url })).rejects.toMatchObject({ code: 'invalid-configuration' });
    }
  });

  it('frees what it had bound when another address fails', async () => {
    const taken = await startMember('a');
    const free = await freeUrl();
    await expect(startMember('b', { listenUrls: [free, taken.url] })).rejects.toThrow('already in use');
    await startMember('c', { url: free });
  });

  it('ends within its time although a client holds on', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    const socket = connect(Number(new URL(a.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    await a.network.close();
    // Nobody has closed the other end, and yet the port is free.
    await startMember('a', { url: a.url });
    socket.destroy();
  });

  it('may end before it has begun', async () => {
    const identity = { clusterId, memberId: memberId('a') };
    const options = {
      identity,
      listenUrls: [await freeUrl()],
      logger: silentLogger,
      random: seededRandom(1),
    };
    const network = createPeerNetwork(options);
    network.setPeers([{ id: memberId('b'), urls: [await freeUrl()] }]);
    network.send([{ type: 'timeout-now', from: memberId('a'), to: memberId('b'), term: 1 }]);
    await network.close();
    await network.close();
  });
});

describe('a newcomer', () => {
  const known = {
    id: memberId('a'),
    name: 'alpha',
    peerUrls: ['http://127.0.0.1:2380'],
    clientUrls: ['http://127.0.0.1:2379', 'http://[::1]:2379'],
    isLearner: true,
  };

  it('learns the cluster and its members from whichever member answers', async () => {
    const a = await startMember('a', { handlers: { describeMembers: () => [known] } });
    expect(await fetchMembers([await freeUrl(), a.url], 2_000)).toEqual({ clusterId, members: [known] });
  });

  it('hears of every address that did not answer', async () => {
    const [first, second] = [await freeUrl(), await freeUrl()];
    const failure = fetchMembers([first, second], 2_000);
    await expect(failure).rejects.toMatchObject({ code: 'unavailable' });
    await expect(failure).rejects.toThrow(first);
    await expect(failure).rejects.toThrow(second);
    await expect(fetchMembers([], 2_000)).rejects.toMatchObject({ code: 'invalid-configuration' });
  });
});

interface StalledPeer {
  readonly url: string;
  isOpen(): boolean;
  read(): void;
  receivedBytes(): number;
  stop(): Promise<void>;
}

/** A peer that takes the stream of anybody but reads it only when told to. */
async function startStalledPeer(id: string): Promise<StalledPeer> {
  const url = await freeUrl();
  const server = new Server();
  let stream: ServerReadableStream<Buffer, Buffer> | null = null;
  let receivedBytes = 0;
  const codec = { requestSerialize: passBytes, requestDeserialize: passBytes };
  const method = { path: raftPath, requestStream: true, responseStream: false, ...codec } as const;
  server.addService(
    { raft: { ...method, responseSerialize: passBytes, responseDeserialize: passBytes } },
    {
      raft(call: ServerReadableStream<Buffer, Buffer>) {
        expect(call.metadata.get('quorate-to')).toEqual([id]);
        call.on('error', () => undefined);
        call.sendMetadata(call.metadata);
        stream = call;
      },
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(url.replace('http://', ''), ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return {
    url,
    isOpen: () => stream !== null,
    read: () => stream?.on('data', (bytes: Buffer) => (receivedBytes += bytes.length)),
    receivedBytes: () => receivedBytes,
    stop() {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
