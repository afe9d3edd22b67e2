import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.js';
import { encodeBatch } from '../../src/peer/codec.js';
import { describeCall } from '../../src/peer/handshake.js';
import { fetchMembers } from '../../src/peer/index.js';
import { callPath, membersPath, passBytes, raftPath, snapshotPath } from '../../src/peer/service.js';
import { createSnapshotPacker } from '../../src/peer/snapshot-codec.js';
import type { Message } from '../../src/raft/index.js';
import { startBystander } from './bystander.js';
import type { Bystander } from './bystander.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

/*
 * The peer port without TLS: whoever reaches it may say anything. Nobody who is no member gets a word in, and whoever
 * takes a member's name gets nothing in that is not whole and well-formed.
 */

const stranger = 'abad1deaabad1dea';
let target: Target;
let bystander: Bystander;
let clusterId: string;
let self: string;
/** Is a member in the log, a learner that never came: what anybody can claim to be. */
let absent: string;

beforeAll(async () => {
  target = await startTarget();
  const known = await fetchMembers([`http://127.0.0.1:${target.peerPort}`], 10_000);
  clusterId = known.clusterId;
  self = known.members[0]?.id ?? '';
  await using client = connect([target.endpoint]);
  const { member } = await client.addMember(['http://127.0.0.1:1'], { isLearner: true });
  absent = member.id;
  bystander = startBystander(target);
  await bystander.answered();
});

afterAll(async () => {
  await bystander.stop();
  await expectBoundedMemory(target);
  await target.end();
});

interface Claim {
  readonly cluster?: string;
  readonly from?: string;
  readonly to?: string;
}

function metadataOf({ cluster = clusterId, from = stranger, to = self }: Claim): Metadata {
  const caller = { clusterId: cluster, memberId: from, advertiseUrls: ['http://127.0.0.1:1'] };
  return describeCall(caller, to);
}

/** Sends these messages in one call, and tells how it ended. */
async function stream(
  path: string,
  metadata: Metadata,
  messages: readonly Buffer[],
): Promise<ServiceError | null> {
  const client = open();
  try {
    return await new Promise((resolve) => {
      const call = client.makeClientStreamRequest(path, passBytes, passBytes, metadata, resolve);
      call.on('error', () => undefined);
      for (const message of messages) call.write(message);
      call.end();
    });
  } finally {
    client.close();
  }
}

function open(): Client {
  return new Client(`127.0.0.1:${target.peerPort}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** What the forger would have happen. */
function forgedMessages(from: string): readonly Message[] {
  const term = 2 ** 40;
  const last = { term: term - 1, index: 2 ** 40 };
  const data = Buffer.from('forged');
  return [
    { type: 'vote', from, to: self, term, last, transfer: true },
    { type: 'heartbeat', from, to: self, term, commit: 2 ** 40, readContext: 1 },
    {
      type: 'append',
      from,
      to: self,
      term,
      previous: { term: 0, index: 0 },
      entries: [{ term, index: 1, kind: 'normal', data }],
      commit: 1,
    },
    { type: 'timeout-now', from, to: self, term },
    { type: 'propose', from, to: self, term: 1, entries: [{ kind: 'normal', data }] },
  ];
}

async function termOf(): Promise<unknown> {
  await using client = connect([target.endpoint]);
  const { term, leader } = await client.status(target.endpoint);
  return { term, leader };
}

describe('A caller that is no member', () => {
  const claims: readonly [string, Claim, status, string][] = [
    ['another cluster', { cluster: 'f'.repeat(16) }, status.FAILED_PRECONDITION, 'the caller belongs to'],
    ['another receiver', { to: 'f'.repeat(16) }, status.FAILED_PRECONDITION, 'the caller looks for'],
    ['a sender of no member', {}, status.PERMISSION_DENIED, 'is no member'],
    ['a sender that is none', { from: '../../etc' }, status.INVALID_ARGUMENT, 'who it is'],
  ];

  it.each(claims)(
    'is refused with %s, on a Raft stream, with a snapshot and in a call',
    async (_, claim, code, why) => {
      const before = await termOf();
      const from = claim.from ?? stranger;
      const batch = encodeBatch({ from, to: self }, forgedMessages(from));
      for (const path of [raftPath, snapshotPath, callPath]) {
        const error = await stream(path, metadataOf(claim), [batch]);
        expect([error?.code, error?.details]).toEqual([code, expect.stringContaining(why)]);
      }
      expect(await termOf()).toEqual(before);
      await bystander.answered();
    },
  );

  it('is refused when it takes the name of the member itself', async () => {
    const error = await stream(raftPath, metadataOf({ from: self }), []);
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
  });

  it('is refused however often it tries', async () => {
    const batch = encodeBatch({ from: stranger, to: self }, forgedMessages(stranger));
    const client = open();
    const codes = await Promise.all(
      Array.from(
        { length: 500 },
        (_, n) =>
          new Promise((resolve) => {
            const from = n.toString(16).padStart(16, '0');
            const call = client.makeClientStreamRequest(
              raftPath,
              passBytes,
              passBytes,
              metadataOf({ from }),
              (error) => resolve(error?.code),
            );
            call.on('error', () => undefined);
            call.write(batch);
          }),
      ),
    );
    expect(new Set(codes)).toEqual(new Set([status.PERMISSION_DENIED]));
    client.close();
    await bystander.answered();
  });

  it('may ask who the members are, and nothing that does not decode', async () => {
    const client = open();
    const ask = (path: string, bytes: Buffer): Promise<number> =>
      new Promise((resolve) => {
        const done = (error: ServiceError | null): void => resolve(error?.code ?? 0);
        client.makeUnaryRequest(path, passBytes, passBytes, bytes, new Metadata(), done);
      });
    expect(await ask(membersPath, Buffer.alloc(0))).toBe(0);
    expect(await ask('/quorate.peer.Peer/Nothing', Buffer.alloc(0))).toBe(status.UNIMPLEMENTED);
    expect(await ask('/etcdserverpb.KV/Range', Buffer.alloc(0))).toBe(status.UNIMPLEMENTED);
    expect(await ask(membersPath, Buffer.alloc(20 * 1024 * 1024))).toBe(status.RESOURCE_EXHAUSTED);
    client.close();
    await bystander.answered();
  });
});

describe('Whoever takes the name of a member', () => {
  it.each([
    ['bytes that are no batch', () => Buffer.from('not a batch'), status.INVALID_ARGUMENT],
    [
      'messages of another sender',
      () => encodeBatch({ from: stranger, to: self }, forgedMessages(stranger)),
      status.INVALID_ARGUMENT,
    ],
    [
      'messages for another receiver',
      () => encodeBatch({ from: absent, to: stranger }, forgedMessages(absent)),
      status.INVALID_ARGUMENT,
    ],
    ['a batch beyond all bounds', () => Buffer.alloc(17 * 1024 * 1024), status.RESOURCE_EXHAUSTED],
  ] as const)('is cut off for %s', async (_, batch, code) => {
    const before = await termOf();
    const error = await stream(raftPath, metadataOf({ from: absent }), [batch()]);
    expect(error?.code).toBe(code);
    expect(await termOf()).toEqual(before);
    await bystander.answered();
  });
});

describe('A snapshot that is not what it says', () => {
  const configuration = { voters: ['1'.repeat(16)], outgoing: [], learners: [], learnersNext: [] };
  const meta = { term: 2 ** 40, index: 2 ** 40, configuration };

  function chunks(): Buffer[] {
    const packer = createSnapshotPacker(1000);
    const made = [packer.header({ term: 2 ** 40, meta })];
    for (let n = 0; n < 100; n++) {
      const chunk = packer.add([Buffer.from(`key ${n}`), Buffer.alloc(100, n)]);
      if (chunk !== null) made.push(chunk);
    }
    return [...made, ...packer.finish()];
  }

  function flipped(): Buffer[] {
    return chunks().map((chunk, place) => {
      if (place === 2) chunk[50] = (chunk[50] ?? 0) ^ 1;
      return chunk;
    });
  }

  it.each([
    ['a wrong checksum', flipped, status.INVALID_ARGUMENT, 'wrong checksum'],
    ['chunks out of order', () => chunks().reverse(), status.INVALID_ARGUMENT, 'out of its place'],
    ['a chunk too few', () => chunks().toSpliced(3, 1), status.INVALID_ARGUMENT, 'out of its place'],
    ['no end', () => chunks().slice(0, -1), status.INVALID_ARGUMENT, 'stops before its end'],
    [
      'a giant chunk',
      () => [...chunks().slice(0, 2), Buffer.alloc(5 << 20)],
      status.INVALID_ARGUMENT,
      'too large',
    ],
    ['whole chunks of what is no state', chunks, status.UNAVAILABLE, 'not what its sender announced'],
  ] as const)('is refused for %s and leaves nothing behind', async (_, made, code, why) => {
    const stores = async (): Promise<string[]> => readdir(join(target.dataFolder, 'data'));
    const before = [await stores(), await termOf()];
    const error = await stream(snapshotPath, metadataOf({ from: absent }), made());
    expect([error?.code, error?.details]).toEqual([code, expect.stringContaining(why)]);
    await expect.poll(stores).toEqual(before[0]);
    expect(await termOf()).toEqual(before[1]);
    await bystander.answered();
  });
});

describe('What is not even gRPC', () => {
  async function socketTo(): Promise<Socket> {
    const socket = connectTcp(target.peerPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect');
    return socket;
  }

  it.each([
    ['garbage', Buffer.alloc(100_000, 'x')],
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: m\r\n\r\n')],
    ['a TLS hello', Buffer.from('16030100050100000103031603010005010000010303', 'hex')],
  ])('is cut off: %s', async (_, bytes) => {
    const socket = await socketTo();
    const closed = once(socket, 'close');
    socket.write(bytes);
    await closed;
    await bystander.answered();
  });

  it('takes no more connections than there are for members, whatever it opens', async () => {
    const sockets = await Promise.all(Array.from({ length: 1000 }, () => socketTo()));
    await expect
      .poll(() => sockets.filter(({ closed }) => closed).length, { timeout: 10_000 })
      .toBeGreaterThan(700);
    // A member would be let in all the same.
    expect((await fetchMembers([`http://127.0.0.1:${target.peerPort}`], 10_000)).clusterId).toBe(clusterId);
    await bystander.answered();
    for (const socket of sockets) socket.destroy();
  });
});
