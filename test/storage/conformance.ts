import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk, OrderedStore, StoreOperation, StoreRange, StoreReader } from '../../src/storage/index.js';

export interface DiskUnderTest {
  readonly disk: Disk;
  cleanUp(): Promise<void>;
}

/** What every implementation of Disk and OrderedStore promises. */
export function describeDisk(name: string, createDisk: () => Promise<DiskUnderTest>): void {
  describe(`${name}, as every disk,`, () => {
    let under: DiskUnderTest;
    let store: OrderedStore;

    beforeEach(async () => {
      under = await createDisk();
      store = await under.disk.open('one');
    });
    afterEach(async () => {
      await store.close();
      await under.cleanUp();
    });

    it('has no value for a key that was never written', () => {
      expect(store.getSync(bytes('a'))).toBeUndefined();
    });

    it('returns what was written, an empty value too', async () => {
      await store.write([put('a', 'x'), put('b', '')], { sync: true });
      expect(textOf(store.getSync(bytes('a')))).toBe('x');
      expect(textOf(store.getSync(bytes('b')))).toBe('');
    });

    it('applies the operations of a batch in order', async () => {
      await store.write([put('a', '1'), del('a'), put('b', '1'), put('b', '2'), del('c')], { sync: false });
      expect(await read(store, {})).toEqual(['b=2']);
    });

    it('applies writes in the order of the calls, though nobody waits in between', async () => {
      const writes = Array.from({ length: 300 }, async (_, n) =>
        store.write([del(`${n - 1}`), put(`${n}`, '')], { sync: n % 50 === 0 }),
      );
      await Promise.all(writes);
      // Had any one come before its predecessor, the key of that one would be left.
      expect(await read(store, {})).toEqual(['299=']);
    });

    it('takes the bytes of a batch at the call', async () => {
      const key = bytes('a');
      const value = bytes('x');
      const first = store.write([put('z', '1')], { sync: true });
      const done = store.write([{ type: 'put', key, value }], { sync: true });
      key.fill(0);
      value.fill(0);
      await Promise.all([first, done]);
      expect(await read(store, {})).toEqual(['a=x', 'z=1']);
    });

    it('orders keys by their bytes', async () => {
      const keys = ['\xff', 'b', '\x00', 'a\xff', 'a', 'a\x00', '\x7f', '\x80'];
      await store.write(
        keys.map((key) => put(key, '')),
        { sync: false },
      );
      expect(await read(store, {})).toEqual(
        ['\x00', 'a', 'a\x00', 'a\xff', 'b', '\x7f', '\x80', '\xff'].map((key) => `${key}=`),
      );
    });

    it('reads ranges: from inclusive, to exclusive, backwards, limited', async () => {
      await store.write(
        Array.from('abcdef').map((key) => put(key, '')),
        { sync: false },
      );
      expect(await read(store, { gte: bytes('b'), lt: bytes('e') })).toEqual(['b=', 'c=', 'd=']);
      expect(await read(store, { gte: bytes('b'), lt: bytes('e'), reverse: true })).toEqual([
        'd=',
        'c=',
        'b=',
      ]);
      expect(await read(store, { lt: bytes('e'), reverse: true, limit: 2 })).toEqual(['d=', 'c=']);
      expect(await read(store, { gte: bytes('c'), limit: 1 })).toEqual(['c=']);
      expect(await read(store, { limit: 0 })).toEqual([]);
      expect(await read(store, { gte: bytes('d'), lt: bytes('d') })).toEqual([]);
      expect(await read(store, { gte: bytes('e'), lt: bytes('b') })).toEqual([]);
      expect(await read(store, { gte: bytes('bb'), lt: bytes('cc') })).toEqual(['c=']);
    });

    it('reads a range larger than what is read ahead', async () => {
      const names = Array.from({ length: 3_000 }, (_, n) => String(n).padStart(5, '0'));
      const value = 'v'.repeat(300);
      await store.write(
        names.map((key) => put(key, value)),
        { sync: false },
      );
      expect(await read(store, {})).toEqual(names.map((key) => `${key}=${value}`));
      expect(await read(store, { reverse: true, limit: 2_500 })).toHaveLength(2_500);
    });

    it('keeps iterating over what was there when the iteration began', async () => {
      await store.write([put('a', '1'), put('b', '1')], { sync: false });
      const seen: string[] = [];
      for await (const [key, value] of store.entries({})) {
        await store.write([put('a', '2'), del('b'), put('c', '2')], { sync: false });
        seen.push(`${textOf(key)}=${textOf(value)}`);
      }
      expect(seen).toEqual(['a=1', 'b=1']);
      expect(await read(store, {})).toEqual(['a=2', 'c=2']);
    });

    it('lets an iteration be left early', async () => {
      await store.write([put('a', '1'), put('b', '1')], { sync: false });
      for await (const [key] of store.entries({})) {
        expect(textOf(key)).toBe('a');
        break;
      }
      expect(await read(store, {})).toHaveLength(2);
    });

    it('reads a snapshot as of its time, by key and by range', async () => {
      await store.write([put('a', '1'), put('b', '1')], { sync: false });
      const snapshot = store.snapshot();
      await store.write([put('a', '2'), del('b'), put('c', '2')], { sync: true });
      expect(textOf(snapshot.getSync(bytes('a')))).toBe('1');
      expect(snapshot.getSync(bytes('c'))).toBeUndefined();
      expect(await read(snapshot, { reverse: true })).toEqual(['b=1', 'a=1']);
      await snapshot.close();
      expect(await read(store, {})).toEqual(['a=2', 'c=2']);
    });

    it('compacts a range without changing what is in it, and tells its size', async () => {
      await store.write([put('a', 'x'.repeat(1_000)), put('b', '')], { sync: true });
      await store.compact({ gte: bytes('a'), lt: bytes('z') });
      expect(await read(store, {})).toHaveLength(2);
      expect(await store.sizeBytes()).toBeGreaterThan(0);
    });

    it('keeps what was written when it is closed and opened again', async () => {
      await store.write([put('a', '1')], { sync: false });
      await store.close();
      store = await under.disk.open('one');
      expect(await read(store, {})).toEqual(['a=1']);
    });

    it('finishes the writes under way before it closes', async () => {
      const write = store.write([put('a', '1')], { sync: true });
      await store.close();
      await write;
      store = await under.disk.open('one');
      expect(await read(store, {})).toEqual(['a=1']);
    });

    it('says that it is stopped once it is closed, whatever is asked', async () => {
      await store.close();
      expect(() => store.getSync(bytes('a'))).toThrow(expect.objectContaining({ code: 'stopped' }));
      expect(() => store.snapshot()).toThrow(expect.objectContaining({ code: 'stopped' }));
      await expect(store.write([put('a', '1')], { sync: true })).rejects.toMatchObject({ code: 'stopped' });
      await expect(read(store, {})).rejects.toMatchObject({ code: 'stopped' });
    });

    it('refuses to open a store twice', async () => {
      await expect(under.disk.open('one')).rejects.toMatchObject({ code: 'storage-failed' });
    });

    it('keeps stores apart, lists them, and removes one with all that is in it', async () => {
      const two = await under.disk.open('two');
      await store.write([put('a', '1')], { sync: true });
      await two.write([put('a', '2')], { sync: true });
      expect(await under.disk.list()).toEqual(['one', 'two']);
      await two.close();
      await under.disk.remove('two');
      await under.disk.remove('two');
      expect(await under.disk.list()).toEqual(['one']);
      const anew = await under.disk.open('two');
      expect(await read(anew, {})).toEqual([]);
      expect(await read(store, {})).toEqual(['a=1']);
      await anew.close();
    });
  });
}

/** One step of a random run over a store. */
export type Step =
  | { readonly type: 'write'; readonly operations: readonly StoreOperation[]; readonly sync: boolean }
  | { readonly type: 'read'; readonly range: StoreRange }
  | { readonly type: 'get'; readonly key: Uint8Array }
  | { readonly type: 'reopen' };

const key = fc
  .array(fc.constantFrom(0, 1, 97, 98, 255), { minLength: 1, maxLength: 3 })
  .map((list) => Uint8Array.from(list));

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('write' as const),
        operations: fc.array(
          fc.oneof(
            fc.record({ type: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 4 }) }),
            fc.record({ type: fc.constant('del' as const), key }),
          ),
          { maxLength: 6 },
        ),
        sync: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('read' as const),
        range: fc.record(
          { gte: key, lt: key, reverse: fc.boolean(), limit: fc.nat({ max: 5 }) },
          { requiredKeys: [] },
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('get' as const), key }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
  ),
  { maxLength: 30 },
);

/** Runs the steps and returns all that was read. */
export async function runSteps(disk: Disk, list: readonly Step[]): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  let store = await disk.open('model');
  for (const step of list) {
    switch (step.type) {
      case 'write':
        await store.write(step.operations, { sync: step.sync });
        break;
      case 'read':
        seen.push(await read(store, step.range));
        break;
      case 'get':
        seen.push(textOf(store.getSync(step.key)));
        break;
      case 'reopen':
        await store.close();
        store = await disk.open('model');
        break;
    }
  }
  seen.push(await read(store, {}));
  await store.close();
  await disk.remove('model');
  return seen;
}

export async function read(reader: StoreReader, range: StoreRange): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const [k, value] of reader.entries(range)) lines.push(`${textOf(k)}=${textOf(value)}`);
  return lines;
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function put(k: string, value: string): StoreOperation {
  return { type: 'put', key: bytes(k), value: bytes(value) };
}

export function del(k: string): StoreOperation {
  return { type: 'del', key: bytes(k) };
}

export function textOf(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString('latin1');
}
