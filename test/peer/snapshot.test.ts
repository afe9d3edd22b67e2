import type { ServiceError } from '@grpc/grpc-js';
import { Client, credentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { describeCall } from '../../src/peer/handshake.js';
import { passBytes, snapshotPath } from '../../src/peer/service.js';
import { createSnapshotPacker } from '../../src/peer/snapshot-codec.js';
import type { SnapshotMeta } from '../../src/raft/index.js';
import type { StoreEntry } from '../../src/storage/index.js';
import type { TestMember } from './support.js';
import { acquaint, closeAll, clusterId, memberId, reach, startMember, until } from './support.js';

// Real sockets on a machine that may be busy: only what never comes fails.
vi.setConfig({ testTimeout: 30_000 });

afterEach(closeAll);

const meta: SnapshotMeta = {
  term: 4,
  index: 1_000,
  configuration: { voters: [memberId('a'), memberId('b')], outgoing: [], learners: [], learnersNext: [] },
};

function entry(n: number, valueSizeBytes = 100): StoreEntry {
  return [Buffer.from(n.toString().padStart(16, '0')), Buffer.alloc(valueSizeBytes, n % 256)];
}

/** As a store gives them: read ahead in pieces, with a turn of the event loop before each. */
async function* storeOf(count: number, valueSizeBytes = 100): AsyncGenerator<StoreEntry> {
  for (let n = 0; n < count; n++) {
    if (n % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    yield entry(n, valueSizeBytes);
  }
}

describe('a snapshot', () => {
  it('arrives whole and in order, and is told of only once it is stored', async () => {
    const a = await startMember('a');
    const b = await startMember('b', {
      handlers: { onSnapshot: (from, term) => told.push({ from, term, outcome: b.sinks[0]?.outcome }) },
    });
    const told: unknown[] = [];
    await acquaint(a, b);
    await a.network.sendSnapshot(b.id, 5, meta, storeOf(5_000));
    expect(told).toEqual([{ from: a.id, term: 5, outcome: 'finished' }]);
    const entries = b.sinks[0]?.entries ?? [];
    expect(entries.length).toBe(5_000);
    expect(
      entries.every(([key, value], n) => Buffer.concat([key, value]).equals(Buffer.concat([...entry(n)]))),
    ).toBe(true);
  });

  it('may be empty', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    await a.network.sendSnapshot(b.id, 5, meta, storeOf(0));
    expect(b.arrived).toEqual([{ from: a.id, term: 5, meta }]);
  });

  it('takes no more memory for being large: the sender reads no further than the receiver has stored', async () => {
    let stored = 0;
    let furthestAhead = 0;
    const a = await startMember('a');
    const b = await startMember('b', {
      handlers: {
        openSnapshot: () =>
          Promise.resolve({
            async write(entries) {
              await new Promise((resolve) => setImmediate(resolve));
              stored += entries.length;
            },
            finish: () => Promise.resolve(),
            abort: () => Promise.resolve(),
          }),
      },
    });
    await acquaint(a, b);
    async function* watched(): AsyncGenerator<StoreEntry> {
      let sent = 0;
      for await (const each of storeOf(200_000, 200)) {
        furthestAhead = Math.max(furthestAhead, sent++ - stored);
        yield each;
      }
    }
    await a.network.sendSnapshot(b.id, 5, meta, watched());
    expect(stored).toBe(200_000);
    // The reader of the stream holds sixteen chunks of about 1,200 entries, and the sockets some more.
    expect(furthestAhead).toBeLessThan(60_000);
  });

  it('waits for a sink that is slow, while messages pass', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const a = await startMember('a');
    const b = await startMember('b', { beforeWrite: () => released });
    await acquaint(a, b);
    const sending = a.network.sendSnapshot(b.id, 5, meta, storeOf(20_000, 1_000));
    await until('the sink', () => b.sinks.length === 1);
    await reach(a, b);
    await reach(b, a);
    expect(b.sinks[0]?.entries.length).toBe(0);
    release();
    await sending;
    expect(b.sinks[0]?.entries.length).toBe(20_000);
  });

  it('is refused while another one comes in', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const [a, c] = [await startMember('a'), await startMember('c')];
    const b = await startMember('b', { beforeWrite: () => released });
    await acquaint(a, b, c);
    const first = a.network.sendSnapshot(b.id, 5, meta, storeOf(10));
    await until('the sink', () => b.sinks.length === 1);
    await expect(c.network.sendSnapshot(b.id, 5, meta, storeOf(10))).rejects.toThrow(
      'receiving another snapshot',
    );
    release();
    await first;
    await c.network.sendSnapshot(b.id, 5, meta, storeOf(10));
  });

  it('fails on both sides when the store that it is read from fails', async () => {
    const [a, b] = [await startMember('a'), await startMember('b')];
    await acquaint(a, b);
    async function* broken(): AsyncGenerator<StoreEntry> {
      yield* storeOf(10_000);
      throw new Error('the disk is gone');
    }
    const sending = a.network.sendSnapshot(b.id, 5, meta, broken());
    await expect(sending).rejects.toMatchObject({ code: 'unavailable' });
    await expect(sending).rejects.toThrow('the disk is gone');
    await until('the abort', () => b.sinks[0]?.outcome === 'aborted');
    expect(b.arrived).toEqual([]);
  });

  it('fails on both sides when it cannot be stored', async () => {
    const a = await startMember('a');
    const b = await startMember('b', { beforeWrite: () => Promise.reject(new Error('no space left')) });
    await acquaint(a, b);
    await expect(a.network.sendSnapshot(b.id, 5, meta, storeOf(50_000))).rejects.toThrow('no space left');
    await until('the abort', () => b.sinks[0]?.outcome === 'aborted');
  });

  it('fails when the receiver does not want it', async () => {
    const a = await startMember('a');
    const b = await startMember('b', {
      handlers: { openSnapshot: () => Promise.reject(new Error('an older one than mine')) },
    });
    await acquaint(a, b);
    await expect(a.network.sendSnapshot(b.id, 5, meta, storeOf(10))).rejects.toThrow(
      'an older one than mine',
    );
    await expect(a.network.sendSnapshot(b.id, 5, meta, storeOf(10))).rejects.toThrow(
      'an older one than mine',
    );
  });

  it('ends when either side stops, or the receiver is removed', async () => {
    const never = (): Promise<void> => new Promise(() => undefined);
    async function* endless(): AsyncGenerator<StoreEntry> {
      for (;;) yield* storeOf(1_000);
    }
    const [a, b, c] = [
      await startMember('a'),
      await startMember('b', { beforeWrite: never }),
      await startMember('c'),
    ];
    await acquaint(a, b, c);
    const toB = a.network.sendSnapshot(b.id, 5, meta, endless());
    const toC = a.network.sendSnapshot(c.id, 5, meta, endless());
    await until('both sinks', () => b.sinks.length === 1 && c.sinks.length === 1);
    a.network.setPeers([{ id: c.id, urls: [c.url] }]);
    await expect(toB).rejects.toThrow('given up');
    const failure = expect(toC).rejects.toThrow('the member is stopping');
    await c.network.close();
    await failure;
    expect(c.sinks[0]?.outcome).toBe('aborted');
    await expect(a.network.sendSnapshot(b.id, 5, meta, storeOf(1))).rejects.toThrow('no peer');
  });
});

describe('a hostile snapshot', () => {
  const header = createSnapshotPacker(1_000).header({ term: 5, meta });

  function goodChunks(): Buffer[] {
    const packer = createSnapshotPacker(200);
    const chunks = [packer.header({ term: 5, meta })];
    for (let n = 0; n < 10; n++) {
      const chunk = packer.add(entry(n));
      if (chunk !== null) chunks.push(chunk);
    }
    return [...chunks, ...packer.finish()];
  }

  async function upload(
    target: TestMember,
    chunks: readonly Buffer[],
    end = true,
  ): Promise<ServiceError | null> {
    const client = new Client(target.url.replace('http://', ''), credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const caller = { clusterId, memberId: memberId('a'), advertiseUrls: ['http://127.0.0.1:1'] };
    const error = await new Promise<ServiceError | null>((resolve) => {
      const metadata = describeCall(caller, target.id);
      const call = client.makeClientStreamRequest(snapshotPath, passBytes, passBytes, metadata, resolve);
      call.on('error', () => undefined);
      for (const chunk of chunks) call.write(chunk);
      if (end) call.end();
      else until('the sink', () => target.sinks.length > 0).then(() => call.cancel(), resolve);
    });
    client.close();
    return error;
  }

  async function expectRefused(chunks: readonly Buffer[], code: status, reason: string): Promise<void> {
    const b = await startMember('b');
    const error = await upload(b, chunks);
    expect(error?.code).toBe(code);
    expect(error?.details).toContain(reason);
    expect(b.arrived).toEqual([]);
    await until('the abort', () => b.sinks.every(({ outcome }) => outcome === 'aborted'));
    // Nothing is left behind: the next one is taken.
    expect(await upload(b, goodChunks())).toBe(null);
    expect(b.arrived.length).toBe(1);
  }

  it('with a flipped bit is refused', async () => {
    const chunks = goodChunks();
    const target = chunks[2];
    if (target === undefined) throw new Error('there are more than two chunks');
    target[50] = (target[50] ?? 0) ^ 1;
    await expectRefused(chunks, status.INVALID_ARGUMENT, 'wrong checksum');
  });

  it('that is reordered, repeated or torn is refused', async () => {
    const chunks = goodChunks();
    await expectRefused(
      [...chunks.slice(0, 2), ...chunks.slice(2, 4).reverse()],
      status.INVALID_ARGUMENT,
      'its place',
    );
    await expectRefused([...chunks.slice(0, 2), ...chunks.slice(1)], status.INVALID_ARGUMENT, 'its place');
    await expectRefused(chunks.slice(0, -1), status.INVALID_ARGUMENT, 'stops before its end');
  });

  it('in giant chunks is refused', async () => {
    await expectRefused([header, Buffer.alloc(5 * 1024 * 1024)], status.INVALID_ARGUMENT, 'too large');
    await expectRefused(
      [header, Buffer.alloc(17 * 1024 * 1024)],
      status.RESOURCE_EXHAUSTED,
      'larger than max',
    );
  });

  it('of nonsense is refused before anything is opened', async () => {
    const b = await startMember('b');
    expect((await upload(b, [Buffer.from('nonsense')]))?.code).toBe(status.INVALID_ARGUMENT);
    expect((await upload(b, []))?.code).toBe(status.INVALID_ARGUMENT);
    expect(b.sinks).toEqual([]);
  });

  it('whose sender goes away half-way leaves nothing behind', async () => {
    const b = await startMember('b');
    expect((await upload(b, goodChunks().slice(0, 5), false))?.code).toBe(status.CANCELLED);
    await until('the abort', () => b.sinks[0]?.outcome === 'aborted');
    expect(await upload(b, goodChunks())).toBe(null);
  });
});
