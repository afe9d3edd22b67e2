import { describe, expect, it } from 'vitest';
import { createMemoryDisk, openWal } from '../../../src/storage/index.js';
import type {
  MemoryDisk,
  MemoryDiskOptions,
  Wal,
  WalContents,
  WalOptions,
} from '../../../src/storage/index.js';
import { keyOf } from '../../../src/base/index.js';
import { blockKey, encodeBlock } from '../../../src/storage/wal/format.js';
import { failure } from '../failure.js';
import { append, configuration, entries, entry, genesis, hardState, metaAt, plain } from './fixture.js';

interface Opened {
  readonly disk: MemoryDisk;
  readonly wal: Wal;
  readonly contents: WalContents;
}

async function open(
  disk: MemoryDisk,
  options?: WalOptions,
  identity = genesis.identity,
): Promise<{ readonly wal: Wal; readonly contents: WalContents }> {
  const store = await disk.open('wal');
  try {
    return await openWal(store, { ...genesis, identity }, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function create(options?: MemoryDiskOptions): Promise<Opened> {
  const disk = createMemoryDisk(options);
  return { disk, ...(await open(disk)) };
}

async function reopen({ disk, wal }: { readonly disk: MemoryDisk; readonly wal: Wal }): Promise<Opened> {
  await wal.close();
  return { disk, ...(await open(disk)) };
}

function indexes({ contents }: { readonly contents: WalContents }): readonly string[] {
  return contents.entries.map(({ index, term }) => `${index}/${term}`);
}

/** First indexes of the blocks in the store. */
function blocks(disk: MemoryDisk): readonly number[] {
  const keys = disk.dump('wal').map(([key]) => Buffer.from(key, 'latin1'));
  return keys.filter((key) => key.length === 9).map((key) => Number(key.readBigUInt64BE(1)));
}

/** A disk whose writes wait for `release`. */
function slowDisk(): { disk: MemoryDisk; release: () => void; readonly writes: { sync: boolean }[] } {
  const writes: { sync: boolean }[] = [];
  let waiting: (() => void)[] = [];
  let slow = false;
  const disk = createMemoryDisk({
    schedule: async (write) => {
      if (!slow && write.number === 1) {
        slow = true; // The birth of the log need not wait.
        return;
      }
      writes.push({ sync: write.sync });
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
  });
  const release = (): void => {
    const released = waiting;
    waiting = [];
    for (const resolve of released) resolve();
  };
  return { disk, release, writes };
}

describe('a new log', () => {
  it('begins with the configuration and the state store it was given', async () => {
    const { contents } = await create();
    expect(contents).toEqual({
      identity: genesis.identity,
      hardState: hardState(0, null, 0),
      snapshot: { index: 0, term: 0, configuration },
      entries: [],
      stateStore: 'state-1',
      tornEntries: 0,
    });
  });

  it('is the same when it is opened again', async () => {
    const first = await create();
    const second = await reopen(first);
    expect(second.contents).toEqual(first.contents);
  });
});

describe('an append', () => {
  it('is there after the end of the process and after a power cut', async () => {
    for (const end of ['kill', 'powerCut'] as const) {
      const { disk, wal } = await create();
      await wal.append(append({ hardState: hardState(2, 'b', 1), entries: entries(1, 3, 2) }));
      disk[end](() => false);
      const { contents } = await open(disk);
      expect(plain(contents)).toEqual(
        plain({
          hardState: hardState(2, 'b', 1),
          snapshot: metaAt(0, 0),
          stateStore: 'state-1',
          entries: entries(1, 3, 2),
        }),
      );
    }
  });

  it('keeps kind and data of entries, empty data too', async () => {
    const opened = await create();
    const list = [
      { index: 1, term: 1, kind: 'configuration' as const, data: Buffer.from([0, 255]) },
      { index: 2, term: 1, kind: 'normal' as const, data: Buffer.alloc(0) },
    ];
    await opened.wal.append(append({ entries: list }));
    const { contents } = await reopen(opened);
    expect(contents.entries).toEqual(list);
  });

  it('makes one block and one synced batch, however many entries it has', async () => {
    const { disk, wal } = await create();
    await wal.append(append({ hardState: hardState(1, 'a', 0), entries: entries(1, 64) }));
    expect(blocks(disk)).toEqual([1]);
    expect(disk.writeCount('wal')).toBe(2);
  });

  it('replaces entries from its first on: whole blocks, and the rest of a block', async () => {
    const opened = await create();
    const { wal, disk } = opened;
    for (const first of [1, 4, 7, 10]) await wal.append(append({ entries: entries(first, first + 2) }));
    await wal.append(append({ entries: entries(6, 7, 2) }));
    expect(blocks(disk)).toEqual([1, 4]);
    await wal.append(append({ entries: entries(8, 8, 2) }));
    await wal.append(append({ entries: entries(8, 9, 3) }));
    expect(indexes(await reopen(opened))).toEqual([
      ...['1/1', '2/1', '3/1', '4/1', '5/1', '6/2', '7/2'],
      ...['8/3', '9/3'],
    ]);
  });

  it('can replace the whole log', async () => {
    const opened = await create();
    await opened.wal.append(append({ entries: entries(1, 5) }));
    await opened.wal.append(append({ entries: entries(1, 2, 2) }));
    expect(indexes(await reopen(opened))).toEqual(['1/2', '2/2']);
  });

  it('without anything in it resolves after those before it', async () => {
    const { disk, wal } = await create();
    const order: number[] = [];
    const first = wal.append(append({ entries: entries(1, 1) })).then(() => order.push(1));
    const second = wal.append(append({})).then(() => order.push(2));
    await Promise.all([first, second]);
    expect(order).toEqual([1, 2]);
    expect(disk.writeCount('wal')).toBe(2);
  });
});

describe('group commit', () => {
  it('gathers what comes while a batch is under way, in one batch and one block', async () => {
    const { disk, release, writes } = slowDisk();
    const { wal } = await open(disk);
    const resolved: number[] = [];
    const done = [1, 2, 3, 4].map(async (index) =>
      wal.append(append({ entries: [entry(index)] })).then(() => resolved.push(index)),
    );
    await expect.poll(() => writes.length).toBe(1);
    release();
    await expect.poll(() => writes.length).toBe(2);
    expect(resolved).toEqual([1]);
    release();
    await Promise.all(done);
    expect(resolved).toEqual([1, 2, 3, 4]);
    expect(blocks(disk)).toEqual([1, 2]);
  });

  it('lets a later append replace entries that still wait', async () => {
    const { disk, release, writes } = slowDisk();
    const { wal } = await open(disk);
    const done = [
      wal.append(append({ entries: entries(1, 2) })),
      wal.append(append({ entries: entries(3, 6) })),
      wal.append(append({ entries: entries(5, 5, 2) })),
      wal.append(append({ entries: entries(2, 2, 3) })),
      wal.append(append({ hardState: hardState(4, 'c', 1), entries: entries(3, 3, 4) })),
    ];
    await expect.poll(() => writes.length).toBe(1);
    release();
    await expect.poll(() => writes.length).toBe(2);
    release();
    await Promise.all(done);
    disk.powerCut(() => false);
    const { contents } = await open(disk, {}).finally(release);
    expect(indexes({ contents })).toEqual(['1/1', '2/3', '3/4']);
    expect(contents.hardState).toEqual(hardState(4, 'c', 1));
  });

  it('tells how many bytes wait', async () => {
    const { disk, release, writes } = slowDisk();
    const { wal } = await open(disk);
    expect(wal.queuedSizeBytes).toBe(0);
    const done = [1, 2].map(async (index) =>
      wal.append(append({ entries: [entry(index, 1, 'x'.repeat(100))] })),
    );
    expect(wal.queuedSizeBytes).toBe(226);
    await expect.poll(() => writes.length).toBe(1);
    release();
    await expect.poll(() => writes.length).toBe(2);
    expect(wal.queuedSizeBytes).toBe(113);
    release();
    await Promise.all(done);
    expect(wal.queuedSizeBytes).toBe(0);
  });
});

describe('syncing', () => {
  it('is left out only for a mere commit index that need not be durable', async () => {
    const writes: boolean[] = [];
    const { wal } = await create({
      schedule: async ({ sync }) => {
        writes.push(sync);
        return Promise.resolve();
      },
    });
    await wal.append(append({ entries: entries(1, 3), mustSync: false }));
    await wal.append(append({ hardState: hardState(1, null, 0), mustSync: false }));
    await wal.append(append({ hardState: hardState(1, 'a', 0), mustSync: false }));
    await wal.append(append({ hardState: hardState(1, 'a', 1), mustSync: false }));
    await wal.append(append({ hardState: hardState(1, 'a', 2), mustSync: true }));
    await wal.compact(metaAt(1));
    await wal.append(append({ reset: { meta: metaAt(9), stateStore: 's' }, mustSync: false }));
    expect(writes.slice(1, 6)).toEqual([true, true, true, false, true]);
    expect(writes.slice(6)).not.toContain(false);
  });
});

describe('compaction', () => {
  it('forgets entries, removes blocks that hold nothing else, and keeps the rest readable', async () => {
    const opened = await create();
    const { disk, wal } = opened;
    for (const first of [1, 4, 7]) await wal.append(append({ entries: entries(first, first + 2) }));
    await wal.append(append({ hardState: hardState(1, 'a', 9) }));
    await wal.compact(metaAt(5));
    await wal.settle();
    expect(blocks(disk)).toEqual([4, 7]);
    const again = await reopen(opened);
    expect(again.contents.snapshot).toEqual(metaAt(5));
    expect(indexes(again)).toEqual(['6/1', '7/1', '8/1', '9/1']);
    await again.wal.compact(metaAt(9));
    await again.wal.append(append({ entries: entries(10, 11, 2) }));
    const last = await reopen(again);
    expect(blocks(disk)).toEqual([10]);
    expect(indexes(last)).toEqual(['10/2', '11/2']);
  });

  it('behind what is already forgotten does nothing', async () => {
    const { disk, wal } = await create();
    await wal.append(append({ hardState: hardState(1, 'a', 3), entries: entries(1, 3) }));
    await wal.compact(metaAt(2));
    const before = disk.writeCount('wal');
    await wal.compact(metaAt(2));
    await wal.compact(metaAt(1));
    expect(disk.writeCount('wal')).toBe(before);
  });

  it('says that what it forgets is committed, and does not take that back', async () => {
    const opened = await create();
    await opened.wal.append(append({ hardState: hardState(1, 'a', 1), entries: entries(1, 6) }));
    await opened.wal.compact(metaAt(4));
    await opened.wal.append(append({ hardState: hardState(2, null, 3) }));
    expect((await reopen(opened)).contents.hardState).toEqual(hardState(2, null, 4));
  });

  it('leaves a block that is replaced in part intact below the cut', async () => {
    const opened = await create();
    await opened.wal.append(append({ hardState: hardState(1, 'a', 3), entries: entries(1, 6) }));
    await opened.wal.compact(metaAt(3));
    await opened.wal.append(append({ entries: entries(5, 5, 2) }));
    await opened.wal.append(append({ entries: entries(4, 4, 3) }));
    expect(indexes(await reopen(opened))).toEqual(['4/3']);
  });

  it('is finished by the next process: blocks that were cut off and not deleted are no part of the log', async () => {
    const { disk, wal } = await create();
    for (const first of [1, 2, 3]) await wal.append(append({ entries: [entry(first)] }));
    await wal.append(append({ hardState: hardState(1, 'a', 3) }));
    await wal.compact(metaAt(2));
    disk.kill(() => false);
    expect(blocks(disk)).toEqual([1, 2, 3]);
    const again = { disk, ...(await open(disk)) };
    expect(indexes(again)).toEqual(['3/1']);
    await again.wal.settle();
    expect(blocks(disk)).toEqual([3]);
  });

  it('deletes many blocks little by little, and appends do not wait for all of them', async () => {
    const { disk, wal } = await create();
    for (let index = 1; index <= 2_500; index++) await wal.append(append({ entries: [entry(index)] }));
    await wal.append(append({ hardState: hardState(1, 'a', 2_500) }));
    await wal.compact(metaAt(2_500));
    await wal.append(append({ entries: [entry(2_501)] }));
    expect(blocks(disk).length).toBeGreaterThan(1);
    await wal.settle();
    expect(blocks(disk)).toEqual([2_501]);
  });
});

describe('a reset', () => {
  it('drops the log and begins anew, with another state store', async () => {
    const opened = await create();
    await opened.wal.append(append({ entries: entries(1, 4) }));
    const reset = { meta: metaAt(20, 3), stateStore: 'state-2' };
    await opened.wal.append(
      append({ hardState: hardState(3, null, 20), reset, entries: entries(21, 22, 3) }),
    );
    const { contents, disk, wal } = await reopen(opened);
    expect(blocks(disk)).toEqual([21]);
    expect(plain(contents)).toEqual(
      plain({
        hardState: hardState(3, null, 20),
        snapshot: metaAt(20, 3),
        stateStore: 'state-2',
        entries: entries(21, 22, 3),
      }),
    );
    await wal.append(append({ entries: entries(23, 23, 3) }));
  });

  it('within a longer log leaves nothing of it', async () => {
    const opened = await create();
    await opened.wal.append(append({ entries: entries(1, 9) }));
    await opened.wal.append(append({ reset: { meta: metaAt(5, 2), stateStore: 's' } }));
    const again = await reopen(opened);
    expect(again.contents.entries).toEqual([]);
    expect(again.contents.hardState.commit).toBe(5);
  });

  it('undoes what still waits', async () => {
    const { disk, release, writes } = slowDisk();
    const { wal } = await open(disk);
    const done = [
      wal.append(append({ hardState: hardState(1, 'a', 2), entries: entries(1, 2) })),
      wal.append(append({ entries: entries(3, 6) })),
      wal.compact(metaAt(2)),
      wal.append(append({ reset: { meta: metaAt(8, 2), stateStore: 's' } })),
      wal.append(append({ entries: entries(9, 9, 2) })),
    ];
    await expect.poll(() => writes.length).toBe(1);
    release();
    await expect.poll(() => writes.length).toBe(2);
    release();
    await Promise.all(done);
    disk.kill(() => false);
    const { contents } = await open(disk);
    expect(contents.snapshot).toEqual(metaAt(8, 2));
    expect(indexes({ contents })).toEqual(['9/2']);
  });
});

describe('a log that cannot go on', () => {
  it('rejects everything after a failed write', async () => {
    const { disk, wal } = await create({
      faults: [{ store: 'wal', write: 3, type: 'fail', code: 'EIO', applied: false }],
    });
    await wal.append(append({ entries: [entry(1)] }));
    const failed = [2, 3].map(async (index) => wal.append(append({ entries: [entry(index)] })));
    for (const each of failed) await expect(each).rejects.toThrow(failure('storage-failed'));
    await expect(wal.append(append({}))).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(wal.compact(metaAt(1))).rejects.toMatchObject({ code: 'storage-failed' });
    await expect(wal.settle()).rejects.toMatchObject({ code: 'storage-failed' });
    await wal.close();
    expect(indexes(await open(disk))).toEqual(['1/1']);
  });

  it.each([
    ['entries follow on', append({ entries: entries(5, 6, 2) })],
    ['contiguous', append({ entries: [entry(4), entry(6)] })],
    ['committed entry is not replaced', append({ entries: entries(2, 3, 2) })],
    ['term does not decrease', append({ hardState: hardState(1, null, 2) })],
    ['vote is not taken back', append({ hardState: hardState(2, 'b', 2) })],
    ['vote is not taken back', append({ hardState: hardState(2, null, 2) })],
    ['committed is in the log', append({ hardState: hardState(2, 'a', 4) })],
    ['does not take back', append({ reset: { meta: metaAt(1), stateStore: 's' } })],
  ])('refuses an append that contradicts it: %s', async (message, wrong) => {
    const opened = await create();
    const { wal } = opened;
    await wal.append(append({ hardState: hardState(2, 'a', 2), entries: entries(1, 3, 2) }));
    await expect(wal.append(wrong)).rejects.toThrow(message);
    await expect(wal.append(append({ entries: entries(4, 4, 2) }))).rejects.toThrow(message);
    expect(indexes(await reopen(opened))).toEqual(['1/2', '2/2', '3/2']);
  });

  it('refuses to cut off what is not in it', async () => {
    const { wal } = await create();
    await wal.append(append({ hardState: hardState(1, 'a', 2), entries: entries(1, 3) }));
    await expect(wal.compact(metaAt(4))).rejects.toThrow('in the log');
  });

  it('is stopped once it is closed, and closing waits for what is under way', async () => {
    const { disk, wal } = await create();
    const last = wal.append(append({ entries: [entry(1)] }));
    await wal.close();
    await last;
    await wal.close();
    await expect(wal.append(append({}))).rejects.toMatchObject({ code: 'stopped' });
    expect(indexes(await open(disk))).toEqual(['1/1']);
  });
});

describe('opening', () => {
  it('refuses the log of another member or another cluster, and names both', async () => {
    const { disk, wal } = await create();
    await wal.close();
    const other = { clusterId: 'dddddddddddddddd', memberId: 'bbbbbbbbbbbbbbbb' };
    for (const identity of [
      { ...other, clusterId: genesis.identity.clusterId },
      { ...genesis.identity, clusterId: other.clusterId },
    ]) {
      const words = [
        genesis.identity.memberId,
        genesis.identity.clusterId,
        identity.memberId,
        identity.clusterId,
      ];
      await expect(open(disk, {}, identity)).rejects.toThrow(failure('wrong-cluster', ...words));
    }
  });

  it('refuses an empty store where there must be a log, and writes nothing to it', async () => {
    const disk = createMemoryDisk();
    await expect(open(disk, { mayCreate: false })).rejects.toThrow(failure('storage-corrupt', 'empty'));
    await expect(open(disk, { knownDurableIndex: 1 })).rejects.toThrow(failure('storage-corrupt', 'empty'));
    expect(disk.dump('wal')).toEqual([]);
  });

  it('refuses a log that ends before what the caller knows was durable', async () => {
    const { disk, wal } = await create();
    await wal.append(append({ entries: entries(1, 3) }));
    await wal.close();
    const message = failure('storage-corrupt', 'member aaaaaaaaaaaaaaaa', 'at index 4', 'up to index 5');
    await expect(open(disk, { knownDurableIndex: 5 })).rejects.toThrow(message);
    expect(indexes(await open(disk, { knownDurableIndex: 3 }))).toHaveLength(3);
  });

  it('cuts off, for good, blocks beyond the end that do not belong to it', async () => {
    const { disk, wal } = await create();
    await wal.append(append({ entries: entries(1, 3) }));
    await wal.close();
    const store = await disk.open('wal');
    const stray = encodeBlock(entries(4, 6), Buffer.alloc(16)).value;
    const broken = Buffer.from(encodeBlock(entries(7, 8), Buffer.alloc(16)).value).fill(0, 20);
    await store.write(
      [
        { type: 'put', key: blockKey(4), value: stray },
        { type: 'put', key: blockKey(7), value: broken },
      ],
      { sync: true },
    );
    await store.close();
    const opened = { disk, ...(await open(disk)) };
    expect(opened.contents.tornEntries).toBe(4);
    expect(indexes(opened)).toEqual(['1/1', '2/1', '3/1']);
    disk.powerCut(() => false);
    expect(blocks(disk)).toEqual([1]);
    const again = { disk, ...(await open(disk)) };
    expect(again.contents.tornEntries).toBe(0);
    await again.wal.append(append({ entries: entries(4, 4, 2) }));
    expect(indexes(await reopen(again))).toEqual(['1/1', '2/1', '3/1', '4/2']);
  });

  it('refuses a head that is older than the last block: its vote may be too', async () => {
    const { disk, wal } = await create();
    await wal.append(append({ entries: [entry(1)] }));
    await wal.append(append({ hardState: hardState(5, 'b', 1), entries: [entry(2)] }));
    disk.kill();
    disk.damage('wal', { type: 'stale', key: 'h' });
    await expect(open(disk)).rejects.toThrow(failure('storage-corrupt', 'at index 2', 'head is older'));
  });

  it('says where a log ends that should go on', async () => {
    const { disk, wal } = await create();
    await wal.append(append({ entries: entries(1, 2) }));
    await wal.append(append({ entries: entries(3, 5) }));
    disk.kill();
    disk.damage('wal', { type: 'erase', key: keyOf(blockKey(3)) });
    const message = failure('storage-corrupt', 'at index 3', 'ends before it', 'up to index 5');
    await expect(open(disk)).rejects.toThrow(message);
  });

  it('finds a lost batch though nothing but the deletion of old blocks followed it', async () => {
    const { disk, wal } = await create({ faults: [{ store: 'wal', write: 3, type: 'lose' }] });
    await wal.append(append({ hardState: hardState(1, 'a', 2), entries: entries(1, 2) }));
    await wal.compact(metaAt(2));
    await expect.poll(() => disk.writeCount('wal')).toBe(4);
    disk.kill();
    await expect(open(disk)).rejects.toMatchObject({ code: 'storage-corrupt' });
  });
});

describe('settling', () => {
  it('costs nothing while nothing new was appended', async () => {
    const { disk, wal } = await create();
    await wal.append(append({ entries: [entry(1)] }));
    await wal.settle();
    const before = disk.writeCount('wal');
    await wal.settle();
    await wal.close();
    expect(disk.writeCount('wal')).toBe(before);
  });

  it('waits for the appends before it', async () => {
    const { disk, release, writes } = slowDisk();
    const { wal } = await open(disk);
    const order: string[] = [];
    const done = [
      wal.append(append({ entries: [entry(1)] })).then(() => order.push('append')),
      wal.settle().then(() => order.push('settled')),
    ];
    for (let count = 1; count <= 3; count++) {
      await expect.poll(() => writes.length).toBe(count);
      release();
    }
    await Promise.all(done);
    expect(order).toEqual(['append', 'settled']);
    expect(writes.map(({ sync }) => sync)).toEqual([true, false, false]);
  });
});
