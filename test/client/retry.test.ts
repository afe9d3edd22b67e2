import { constants } from 'node:http2';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { ClientError, compare, connect, op } from '../../src/client/index.js';
import type { Client, ClientOptions } from '../../src/client/index.js';
import { answer, dropConnection, hang, refuse, startFakeMember } from './fake-member.js';

const unavailable = 14;

function newClient(endpoints: readonly string[], options: ClientOptions = {}): Client {
  const client = connect(endpoints, { startAt: 'first', ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A port of this machine on which nobody listens. */
async function deadEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
}

/** Something that accepts connections and says this, or nothing. */
async function strangeEndpoint(greeting?: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (greeting !== undefined) socket.end(greeting);
    onTestFinished(() => void socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
}

describe('a write whose outcome is unknown', () => {
  test.each([
    ['the connection breaks', dropConnection, 'unavailable'],
    ['the leader changed', refuse(unavailable, 'etcdserver: leader changed'), 'leader-changed'],
    ['the member gave up waiting', refuse(unavailable, 'etcdserver: request timed out'), 'timed-out'],
    [
      'the member gave up waiting, and says why',
      refuse(unavailable, 'etcdserver: request timed out, possibly due to previous leader failure'),
      'timed-out',
    ],
    ['the member stopped', refuse(unavailable, 'etcdserver: server stopped'), 'stopped'],
    ['a proxy gave up', refuse(unavailable, 'upstream connect error'), 'unavailable'],
    ['nobody knows what this means', refuse(13, 'something went wrong'), 'internal'],
    ['the answer holds no message', refuse(0, ''), 'unavailable'],
  ])('is not sent again: %s', async (_, behaviour, code) => {
    const [first, second] = [await startFakeMember(behaviour), await startFakeMember(answer())];
    const client = newClient([first.endpoint, second.endpoint]);
    const failure = client.put('k', 'v');
    await expect(failure).rejects.toBeInstanceOf(ClientError);
    await expect(failure).rejects.toMatchObject({ code, mayHaveHappened: true, endpoint: first.endpoint });
    await expect(failure).rejects.toThrow('it may have happened nevertheless');
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
  });

  test('deletes, compactions and transactions that write are writes too', async () => {
    const member = await startFakeMember(dropConnection);
    const client = newClient([member.endpoint]);
    const writes = [
      () => client.delete('k'),
      () => client.compact(5),
      () => client.txn().if(compare.exists('k')).then(op.get('k')).else(op.delete('k')).commit(),
    ];
    for (const write of writes) await expect(write()).rejects.toMatchObject({ mayHaveHappened: true });
    expect(member.requests).toHaveLength(writes.length);
  });
});

describe('a write that cannot have happened is sent to another member', () => {
  test.each([
    ['there is no leader', refuse(unavailable, 'etcdserver: no leader')],
    ['the member is a learner', refuse(unavailable, 'etcdserver: rpc not supported for learner')],
    ['the core dropped it', refuse(2, 'raft proposal dropped')],
  ])('%s', async (_, behaviour) => {
    const [first, second] = [await startFakeMember(behaviour), await startFakeMember(answer(9))];
    const client = newClient([first.endpoint, second.endpoint]);
    expect(await client.put('k', 'v')).toMatchObject({ revision: 9 });
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
    await client.put('k', 'v');
    expect([first.requests.length, second.requests.length]).toEqual([1, 2]);
  });

  test('nobody listens', async () => {
    const member = await startFakeMember(answer());
    expect(await newClient([await deadEndpoint(), member.endpoint]).put('k', 'v')).toMatchObject({
      revision: 7,
    });
  });

  test('somebody listens and says nothing', async () => {
    const member = await startFakeMember(answer());
    const client = newClient([await strangeEndpoint(), member.endpoint], { connectTimeoutMs: 50 });
    expect(await client.put('k', 'v')).toMatchObject({ revision: 7 });
  });

  test('the stream is refused', async () => {
    const first = await startFakeMember((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const second = await startFakeMember(answer());
    expect(await newClient([first.endpoint, second.endpoint]).put('k', 'v')).toMatchObject({ revision: 7 });
  });

  test('a member with too much to do gets it again, later', async () => {
    const member = await startFakeMember(refuse(2, 'etcdserver: too many requests'));
    const writing = newClient([member.endpoint]).put('k', 'v');
    await vi.waitUntil(() => member.requests.length >= 3);
    member.behave(answer());
    expect(await writing).toMatchObject({ revision: 7 });
  });

  test('all are down for a while', async () => {
    const member = await startFakeMember(refuse(unavailable, 'etcdserver: no leader'));
    const client = newClient([await deadEndpoint(), member.endpoint, await deadEndpoint()]);
    const writing = client.put('k', 'v');
    await vi.waitUntil(() => member.requests.length >= 2);
    member.behave(answer());
    expect(await writing).toMatchObject({ revision: 7 });
  });
});

describe('a read is sent again', () => {
  test.each([
    ['the connection breaks', dropConnection],
    ['the leader changed', refuse(unavailable, 'etcdserver: leader changed')],
    ['the member stopped', refuse(unavailable, 'etcdserver: server stopped')],
    ['the member timed out', refuse(unavailable, 'etcdserver: request timed out')],
  ])('%s', async (_, behaviour) => {
    const [first, second] = [await startFakeMember(behaviour), await startFakeMember(answer())];
    const client = newClient([first.endpoint, second.endpoint]);
    expect(await client.get('k')).toBeUndefined();
    expect(await client.txn().then(op.get('k')).commit()).toBeDefined();
    expect([first.requests.length, second.requests.length]).toEqual([1, 2]);
  });

  test('a member that hangs has its share of the time only', async () => {
    const [first, second] = [await startFakeMember(hang), await startFakeMember(answer())];
    const client = newClient([first.endpoint, second.endpoint], { timeoutMs: 2000 });
    expect(await client.get('k')).toBeUndefined();
  });

  test('a refusal is final', async () => {
    const first = await startFakeMember(refuse(11, 'etcdserver: mvcc: required revision has been compacted'));
    const second = await startFakeMember(answer());
    const client = newClient([first.endpoint, second.endpoint]);
    await expect(client.get('k', { revision: 1 })).rejects.toMatchObject({ code: 'compacted' });
    expect(second.requests).toHaveLength(0);
  });
});

describe('giving up', () => {
  test('at the deadline, without having sent anything', async () => {
    const client = newClient([await deadEndpoint(), await deadEndpoint()], { timeoutMs: 200 });
    const failure = client.put('k', 'v');
    await expect(failure).rejects.toMatchObject({ code: 'unavailable', mayHaveHappened: false });
    await expect(failure).rejects.toThrow('ECONNREFUSED');
  });

  test('after so many rounds', async () => {
    const member = await startFakeMember(refuse(unavailable, 'etcdserver: no leader'));
    const client = newClient([member.endpoint], { roundsMax: 3, timeoutMs: 60_000 });
    await expect(client.put('k', 'v')).rejects.toMatchObject({ code: 'no-leader', mayHaveHappened: false });
    expect(member.requests).toHaveLength(3);
  });

  test('at the deadline of one request', async () => {
    const member = await startFakeMember(hang);
    const client = newClient([member.endpoint]);
    const call = { timeoutMs: 100 };
    await expect(client.get('k', call)).rejects.toMatchObject({ code: 'timed-out', mayHaveHappened: false });
    await expect(client.put('k', 'v', call)).rejects.toMatchObject({
      code: 'timed-out',
      mayHaveHappened: true,
    });
  });

  test('when told to, before and after it was sent', async () => {
    const member = await startFakeMember(hang);
    const client = newClient([member.endpoint]);
    const reason = new Error('no longer wanted');
    const before = { signal: AbortSignal.abort(reason) };
    await expect(client.put('k', 'v', before)).rejects.toMatchObject({
      code: 'canceled',
      mayHaveHappened: false,
      cause: reason,
    });
    expect(member.requests).toHaveLength(0);

    const controller = new AbortController();
    const writing = client.put('k', 'v', { signal: controller.signal });
    const reading = client.get('k', { signal: controller.signal });
    const settled = Promise.allSettled([writing, reading]);
    await vi.waitUntil(() => member.requests.length === 2);
    controller.abort();
    await settled;
    await expect(writing).rejects.toMatchObject({ code: 'canceled', mayHaveHappened: true });
    await expect(reading).rejects.toMatchObject({ code: 'canceled', mayHaveHappened: false });
  });

  test('when told to, between two tries', async () => {
    const member = await startFakeMember(refuse(unavailable, 'etcdserver: no leader'));
    const controller = new AbortController();
    // How long to pause is drawn right before the pause.
    const drawing = vi.spyOn(Math, 'random').mockImplementation(() => {
      queueMicrotask(() => controller.abort());
      return 0.5;
    });
    onTestFinished(() => drawing.mockRestore());
    const writing = newClient([member.endpoint]).put('k', 'v', { signal: controller.signal });
    await expect(writing).rejects.toMatchObject({ code: 'canceled', mayHaveHappened: false });
    expect(member.requests).toHaveLength(1);
  });
});

describe('what is no member', () => {
  test.each([
    ['an HTTP/1 server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a mail server', '220 mail.example ready\r\n'],
  ])('%s', async (_, greeting) => {
    const client = newClient([await strangeEndpoint(greeting)], { roundsMax: 1 });
    await expect(client.put('k', 'v')).rejects.toMatchObject({ code: 'unavailable', mayHaveHappened: false });
  });

  test('a web page over HTTP/2', async () => {
    const page = (stream: Parameters<ReturnType<typeof answer>>[0]) => {
      stream.respond({ ':status': 404, 'content-type': 'text/html' });
      stream.end('<h1>Not here</h1>');
    };
    const member = await startFakeMember(page);
    await expect(newClient([member.endpoint]).get('k')).rejects.toThrow("no member's client port");
  });
});

describe('closing', () => {
  test('ends what is under way, and says what may have happened', async () => {
    const member = await startFakeMember(hang);
    const client = newClient([member.endpoint]);
    const outcomes = Promise.allSettled([client.put('k', 'v'), client.get('k')]);
    await vi.waitUntil(() => member.requests.length === 2);
    await client.close();
    expect(await outcomes).toMatchObject([
      { reason: { code: 'canceled', mayHaveHappened: true } },
      { reason: { code: 'canceled', mayHaveHappened: false } },
    ]);
    await vi.waitUntil(() => member.connectionCount === 0);
  });

  test('a closed client says so, and closing twice is fine', async () => {
    const member = await startFakeMember(answer());
    const client = newClient([member.endpoint]);
    await client.put('k', 'v');
    await Promise.all([client.close(), client.close()]);
    await expect(client.put('k', 'v')).rejects.toMatchObject({ code: 'canceled', mayHaveHappened: false });
    expect(member.requests).toHaveLength(1);
  });

  test('`await using` closes', async () => {
    const member = await startFakeMember(answer());
    {
      await using client = connect(member.endpoint);
      await client.put('k', 'v');
      expect(member.connectionCount).toBe(1);
    }
    await vi.waitUntil(() => member.connectionCount === 0);
  });

  test('a thousand requests at once share one connection', async () => {
    const member = await startFakeMember(answer());
    const client = newClient([member.endpoint]);
    await Promise.all(Array.from({ length: 1000 }, () => client.put('k', 'v')));
    expect([member.requests.length, member.connectionCount]).toEqual([1000, 1]);
  });
});
