import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CallStream } from '../../src/api/method.js';
import { snapshotMethods } from '../../src/api/snapshot.js';
import { at, QuorateError } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import type { Member, SnapshotFile } from '../../src/member/index.js';
import { serveApi } from './serve.js';
import { stubMember } from './stub-member.js';

const path = '/etcdserverpb.Maintenance/Snapshot';

interface Source {
  readonly member: Member;
  /** Pieces that were taken. */
  readonly taken: () => number;
  /** Resolves when the file was closed, at its end or before. */
  readonly closed: Promise<void>;
}

/** A member whose snapshot has these many pieces, each of its own letter. */
function memberWith(pieceCount: number, status: Parameters<typeof stubMember>[1] = {}): Source {
  let taken = 0;
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      for (let index = 0; index < pieceCount; index++) {
        taken += 1;
        yield Buffer.alloc(32 * 1024, 65 + (index % 26));
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      close();
    }
  }
  const file: SnapshotFile = { sizeBytes: pieceCount * 32 * 1024, revision: 5, chunks: pieces() };
  const stub = stubMember({}, status);
  const member = stubMember(
    { maintenance: { ...stub.maintenance, snapshotFile: async () => Promise.resolve(file) } },
    status,
  );
  return { member, taken: () => taken, closed };
}

describe('Maintenance.Snapshot', () => {
  test('sends the file piece by piece, and its SHA-256 as the last', async () => {
    const { client } = await serveApi(memberWith(10).member);
    const answers = [];
    for await (const answer of client.stream(path, Buffer.alloc(0)).answers) {
      answers.push(etcdserverpb.SnapshotResponse.decode(answer));
    }
    const pieces = answers.slice(0, -1).map(({ blob }) => blob);
    expect(pieces.map(({ length }) => length)).toEqual(Array.from({ length: 10 }, () => 32 * 1024));
    expect(answers.map(({ remainingBytes }) => Number(remainingBytes) / 32 / 1024)).toEqual([
      9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0,
    ]);
    const digest = createHash('sha256').update(Buffer.concat(pieces)).digest();
    expect(Buffer.from(at(answers, 10).blob)).toEqual(digest);
  });

  test('is served by a learner', async () => {
    const { client } = await serveApi(memberWith(1, { isLearner: true }).member);
    let count = 0;
    for await (const answer of client.stream(path, Buffer.alloc(0)).answers)
      if (answer.length > 0) count += 1;
    expect(count).toBe(2);
  });

  test.each([
    ['permission-denied', 7, 'etcdserver: permission denied'],
    ['too-many-requests', 2, 'etcdserver: too many requests'],
  ] as const)('is refused in etcd’s words: %s', async (code, status, sentence) => {
    const { maintenance } = stubMember();
    const snapshotFile = async (): Promise<never> => Promise.reject(new QuorateError(code));
    const { client } = await serveApi(stubMember({ maintenance: { ...maintenance, snapshotFile } }));
    const read = async (): Promise<void> => {
      for await (const answer of client.stream(path, Buffer.alloc(0)).answers) expect(answer).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ code: status, details: sentence });
  });

  test('is given up when its client has gone, and read no faster than its client reads', async () => {
    const source = memberWith(1000);
    const { client } = await serveApi(source.member);
    const { answers, cancel } = client.stream(path, Buffer.alloc(0));
    for await (const answer of answers) {
      expect(answer.length).toBeGreaterThan(0);
      break; // Leaves the call open, unread.
    }
    cancel();
    await source.closed;
    expect(source.taken()).toBeLessThan(1000);
  });

  test('is given up when its client takes nothing for too long', async () => {
    const source = memberWith(10);
    const call: CallStream = {
      context: { requiresLeader: false, credentials: { token: null, commonName: null } },
      requests: (async function* () {
        yield Promise.resolve(Buffer.alloc(0));
      })(),
      send: () => false,
      drained: () => new Promise(() => undefined),
      signal: new AbortController().signal,
    };
    const [method] = snapshotMethods(source.member, { stallMsMax: 10 });
    if (method?.type !== 'stream') throw new Error('a method that streams');
    await expect(method.handle(call)).rejects.toThrow('the client takes the snapshot too slowly');
    await source.closed;
    expect(source.taken()).toBe(1);
  });

  test('is given up when its client takes it a drop at a time', async () => {
    const source = memberWith(1000);
    const call: CallStream = {
      context: { requiresLeader: false, credentials: { token: null, commonName: null } },
      requests: (async function* () {
        yield Promise.resolve(Buffer.alloc(0));
      })(),
      send: () => false,
      drained: () => new Promise((resolve) => setTimeout(resolve, 20)),
      signal: new AbortController().signal,
    };
    const [method] = snapshotMethods(source.member, { stallMsMax: 100 });
    if (method?.type !== 'stream') throw new Error('a method that streams');
    await expect(method.handle(call)).rejects.toThrow('the client takes the snapshot too slowly');
    // It never stopped, and was given up before the first mebibyte.
    expect(source.taken()).toBeLessThan(32);
  });
});
