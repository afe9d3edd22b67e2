import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/index.js';
import { createMemoryDisk, createMemoryStore } from '../../src/storage/index.js';
import type { MemoryWrite } from '../../src/storage/index.js';
import { createImage } from '../../src/storage/memory-image.js';
import { bytes, del, describeDisk, put, read, textOf } from './conformance.js';

describeDisk('the memory disk', async () =>
  Promise.resolve({ disk: createMemoryDisk(), cleanUp: async () => Promise.resolve() }),
);

const never = (): boolean => false;
const always = (): boolean => true;

describe('a power cut', () => {
  it('takes what was not synced and keeps what was', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    await store.write([put('a', '1')], { sync: true });
    await store.write([put('b', '1')], { sync: false });
    disk.powerCut(never);
    expect(await read(await disk.open('s'), {})).toEqual(['a=1']);
  });

  it('can take an unsynced batch and keep a later one', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    for (const n of ['1', '2', '3']) await store.write([put(n, 'x')], { sync: false });
    disk.powerCut(({ number }) => number === 3);
    expect(await read(await disk.open('s'), {})).toEqual(['3=x']);
  });

  it('keeps a synced batch that came after a lost one, and their order where both survive', async () => {
    for (const survives of [never, always]) {
      const disk = createMemoryDisk();
      const store = await disk.open('s');
      await store.write([put('a', 'unsynced'), put('b', 'unsynced')], { sync: false });
      await store.write([put('a', 'synced')], { sync: true });
      disk.powerCut(survives);
      const kept = survives === always ? ['a=synced', 'b=unsynced'] : ['a=synced'];
      expect(await read(await disk.open('s'), {})).toEqual(kept);
    }
  });

  it('takes a batch whole or not at all', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const disk = createMemoryDisk({ random: seededRandom(seed) });
      const store = await disk.open('s');
      await store.write([put('a', '1'), put('b', '1'), put('c', '1')], { sync: false });
      disk.powerCut();
      expect([0, 3]).toContain((await read(await disk.open('s'), {})).length);
    }
  });

  it('is the same for the same seed', async () => {
    const run = async (): Promise<readonly string[]> => {
      const disk = createMemoryDisk({ random: seededRandom(7) });
      const store = await disk.open('s');
      for (let n = 0; n < 40; n++) await store.write([put(String(n), 'x')], { sync: n % 5 === 0 });
      disk.powerCut();
      return read(await disk.open('s'), {});
    };
    expect(await run()).toEqual(await run());
  });

  it('leaves the stores of the dead process dead', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    disk.powerCut();
    let settled = false;
    store.write([put('a', '1')], { sync: true }).then(
      () => (settled = true),
      () => (settled = true),
    );
    expect(() => store.getSync(bytes('a'))).toThrow(expect.objectContaining({ code: 'stopped' }));
    const anew = await disk.open('s');
    await anew.write([put('b', '1')], { sync: true });
    expect(settled).toBe(false);
    expect(await read(anew, {})).toEqual(['b=1']);
  });
});

describe('opening', () => {
  it('makes durable what is there', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    await store.write([put('a', '1')], { sync: false });
    await store.close();
    await disk.open('s');
    disk.powerCut(never);
    expect(await read(await disk.open('s'), {})).toEqual(['a=1']);
  });
});

describe('the end of a process', () => {
  it('loses nothing that was handed to the system', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    await store.write([put('a', '1')], { sync: false });
    disk.kill(never);
    expect(await read(await disk.open('s'), {})).toEqual(['a=1']);
  });

  it('leaves a write under way done or not done', async () => {
    for (const survives of [never, always]) {
      const disk = createMemoryDisk({ schedule: async () => new Promise(() => undefined) });
      const store = await disk.open('s');
      const write = store.write([put('a', '1')], { sync: true });
      write.catch(() => expect.fail('the write of a dead process settles'));
      await expect.poll(() => disk.writeCount('s')).toBe(1);
      disk.kill(survives);
      expect(await read(await disk.open('s'), {})).toEqual(survives === always ? ['a=1'] : []);
    }
  });
});

describe('the scheduler', () => {
  it('decides when a write takes effect and is told what it is', async () => {
    const seen: MemoryWrite[] = [];
    const dones: (() => void)[] = [];
    const disk = createMemoryDisk({
      schedule: async (write) => {
        seen.push(write);
        return new Promise((resolve) => dones.push(resolve));
      },
      faults: [{ store: 's', write: 2, type: 'stall', ms: 70 }],
    });
    const store = await disk.open('s');
    const writes = [store.write([put('a', '12')], { sync: true }), store.write([del('a')], { sync: false })];
    await expect.poll(() => dones.length).toBe(1);
    expect(store.getSync(bytes('a'))).toBeUndefined();
    dones[0]?.();
    await writes[0];
    expect(textOf(store.getSync(bytes('a')))).toBe('12');
    await expect.poll(() => dones.length).toBe(2);
    dones[1]?.();
    await writes[1];
    expect(seen).toEqual([
      { store: 's', number: 1, sync: true, sizeBytes: 3, stallMs: 0 },
      { store: 's', number: 2, sync: false, sizeBytes: 1, stallMs: 70 },
    ]);
  });
});

describe('a planned fault', () => {
  it.each([
    { code: 'EIO', applied: false },
    { code: 'ENOSPC', applied: true },
  ] as const)('fails the write ($code, applied: $applied) and all that follow', async ({ code, applied }) => {
    const disk = createMemoryDisk({ faults: [{ store: 's', write: 2, type: 'fail', code, applied }] });
    const store = await disk.open('s');
    await store.write([put('a', '1')], { sync: true });
    await expect(store.write([put('b', '1')], { sync: true })).rejects.toMatchObject({
      code: 'storage-failed',
    });
    await expect(store.write([put('c', '1')], { sync: true })).rejects.toMatchObject({
      code: 'storage-failed',
    });
    expect(() => store.getSync(bytes('a'))).toThrow(expect.objectContaining({ code: 'storage-failed' }));
    await store.close();
    expect(await read(await disk.open('s'), {})).toEqual(applied ? ['a=1', 'b=1'] : ['a=1']);
  });

  it('misdirects, loses or fails to sync a write and still reports success', async () => {
    const disk = createMemoryDisk({
      faults: [
        { store: 's', write: 2, type: 'misdirect' },
        { store: 's', write: 3, type: 'lose' },
        { store: 's', write: 4, type: 'unsynced' },
      ],
    });
    const store = await disk.open('s');
    await store.write([put('a', '1'), put('c', '1')], { sync: true });
    await store.write([put('b', '2')], { sync: true });
    expect(await read(store, {})).toEqual(['a=1', 'c=2']);
    await store.write([put('d', '3')], { sync: true });
    expect(store.getSync(bytes('d'))).toBeUndefined();
    await store.write([put('e', '4')], { sync: true });
    disk.powerCut(never);
    expect(await read(await disk.open('s'), {})).toEqual(['a=1', 'c=2']);
  });
});

describe('damage at rest', () => {
  it('flips a bit, brings an old version back, or erases', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    await store.write([put('a', 'a'), put('b', '1'), put('c', '1'), put('d', '1')], { sync: true });
    await store.write([put('b', '2'), del('d')], { sync: true });
    expect(disk.damage('s', { type: 'flip-bit', key: 'a', bit: 1 })).toBe(true);
    expect(disk.damage('s', { type: 'stale', key: 'b' })).toBe(true);
    expect(disk.damage('s', { type: 'erase', key: 'c' })).toBe(true);
    expect(disk.damage('s', { type: 'stale', key: 'd' })).toBe(true);
    expect(await read(store, {})).toEqual(['a=c', 'b=1', 'd=1']);
    expect(disk.dump('s').map(([key]) => key)).toEqual(['a', 'b', 'd']);
  });

  it('says so when there is nothing to damage', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    await store.write([put('a', 'a')], { sync: true });
    expect(disk.damage('s', { type: 'flip-bit', key: 'a', bit: 8 })).toBe(false);
    expect(disk.damage('s', { type: 'stale', key: 'a' })).toBe(false);
    expect(disk.damage('s', { type: 'erase', key: 'b' })).toBe(false);
    expect(disk.damage('none', { type: 'erase', key: 'b' })).toBe(false);
  });

  it('survives a power cut', async () => {
    const disk = createMemoryDisk();
    const store = await disk.open('s');
    await store.write([put('a', 'a')], { sync: true });
    await store.write([put('b', 'b')], { sync: false });
    disk.damage('s', { type: 'flip-bit', key: 'a', bit: 1 });
    disk.powerCut(never);
    expect(await read(await disk.open('s'), {})).toEqual(['a=c']);
  });
});

describe('a store on its own', () => {
  it('needs no disk', async () => {
    const store = createMemoryStore();
    await store.write([put('a', '1')], { sync: true });
    expect(await read(store, {})).toEqual(['a=1']);
  });
});

describe('the image', () => {
  const changes = fc.array(
    fc.record({ key: fc.nat({ max: 400 }), value: fc.option(fc.nat({ max: 255 })), fork: fc.boolean() }),
    { minLength: 1, maxLength: 1_000, size: 'max' },
  );

  it('is an ordered map, and its forks do not see each other', () => {
    fc.assert(
      fc.property(changes, fc.nat({ max: 400 }), fc.nat({ max: 400 }), (list, from, to) => {
        let image = createImage();
        const twin = new Map<string, number>();
        const forks: { image: ReturnType<typeof createImage>; twin: Map<string, number> }[] = [];
        const name = (n: number): string => String(n).padStart(3, '0');
        for (const { key, value, fork } of list) {
          if (fork && forks.length < 5) {
            forks.push({ image, twin: new Map(twin) });
            image = image.fork();
          }
          if (value === null) {
            image.delete(name(key));
            twin.delete(name(key));
          } else {
            image.set(name(key), Uint8Array.of(value));
            twin.set(name(key), value);
          }
        }
        for (const each of [...forks, { image, twin }]) {
          const sorted = [...each.twin].sort(([a], [b]) => (a < b ? -1 : 1));
          const within = sorted.filter(([key]) => key >= name(from) && key < name(to));
          const walked = (reverse: boolean): unknown[] =>
            [...each.image.walk({ gte: name(from), lt: name(to), reverse })].map(([key, [value]]) => [
              key,
              value,
            ]);
          expect([...each.image.walk({})].map(([key, [value]]) => [key, value])).toEqual(sorted);
          if (from < to) {
            expect(walked(false)).toEqual(within);
            expect(walked(true)).toEqual(within.reverse());
          }
          expect(each.image.count).toBe(each.twin.size);
          expect(each.image.sizeBytes).toBe(each.twin.size * 4);
          expect(each.image.get(name(from))?.[0]).toBe(each.twin.get(name(from)));
        }
      }),
      { numRuns: 100 },
    );
  });
});
