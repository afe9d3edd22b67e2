import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { ClientError } from '../../src/client/index.js';
import type { Client, Entry } from '../../src/client/index.js';
import { describeOnBoth } from './systems.js';

const keysOf = (entries: readonly Entry[]): string[] => entries.map((entry) => entry.keyText);

async function fill(client: Client, prefix: string, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, '0')}`);
  await Promise.all(keys.map((key) => client.put(key, `value of ${key}`)));
  return keys;
}

describeOnBoth('keys and values', 1, (system) => {
  test('what is put is got, with its history', async () => {
    const client = system.newClient();
    const { revision } = await client.put('colour', 'blue');
    const second = await client.put('colour', 'green', { previous: true });
    expect(second.revision).toBe(revision + 1);
    expect(second.previous).toMatchObject({ text: 'blue', modRevision: revision });
    expect(await client.get('colour')).toMatchObject({
      keyText: 'colour',
      text: 'green',
      createRevision: revision,
      modRevision: revision + 1,
      version: 2,
      lease: 0n,
    });
    expect((await client.get('colour', { revision }))?.text).toBe('blue');
    expect((await client.get('colour', { serializable: true }))?.text).toBe('green');
    expect(await client.get('no such key')).toBeUndefined();
  });

  test('keys and values are bytes', async () => {
    const client = system.newClient();
    const keys = ['\0', '__proto__', 'constructor', Buffer.from([0xff, 0x00, 0xfe]), Buffer.from([0xc3])];
    for (const key of keys) await client.put(key, Buffer.from([0, 0xff, 0x80]));
    for (const key of keys) {
      const entry = await client.get(key);
      expect(Buffer.from(entry?.key ?? [])).toEqual(Buffer.from(key));
      expect(Buffer.from(entry?.value ?? [])).toEqual(Buffer.from([0, 0xff, 0x80]));
    }
    for (const key of keys) expect((await client.delete(key)).deleted).toBe(1);
    await client.put('empty', '');
    expect((await client.get('empty'))?.text).toBe('');
  });

  test('large values go and come whole; too large ones are refused, and nothing happened', async () => {
    const client = system.newClient();
    const value = randomBytes(1024 * 1024);
    await client.put('large', value);
    const entry = await client.get('large');
    expect(value.equals(entry?.value ?? Buffer.alloc(0))).toBe(true);
    await expect(client.put('huge', Buffer.alloc(1600 * 1024))).rejects.toMatchObject({
      code: 'request-too-large',
      mayHaveHappened: false,
    });
    await client.delete('large');
  });

  test('JSON values', async () => {
    const client = system.newClient();
    await client.put('json', JSON.stringify({ answer: 42 }));
    expect((await client.get('json'))?.json()).toEqual({ answer: 42 });
  });

  test('deletes say how many and, if asked, what', async () => {
    const client = system.newClient();
    await fill(client, 'del/', 5);
    expect(await client.delete('del/00000', { previous: true })).toMatchObject({
      deleted: 1,
      previous: [{ text: 'value of del/00000' }],
    });
    expect((await client.delete('del/00000')).deleted).toBe(0);
    expect((await client.delete({ from: 'del/00001', to: 'del/00003' })).deleted).toBe(2);
    expect((await client.deletePrefix('del/')).deleted).toBe(2);
  });

  test('a thousand puts at once', async () => {
    const client = system.newClient();
    const keys = await fill(client, 'many/', 1000);
    expect(await client.prefix('many/').count()).toBe(keys.length);
    await client.deletePrefix('many/');
  });

  test('refusals have names, and nothing happened', async () => {
    const client = system.newClient();
    const { revision } = await client.put('a', 'b');
    await expect(client.get('a', { revision: revision + 1000 })).rejects.toMatchObject({
      code: 'future-revision',
    });
    await expect(client.put('x', 'y', { keepValue: true })).rejects.toMatchObject({ code: 'value-provided' });
    await expect(client.put('x', '', { keepValue: true })).rejects.toMatchObject({ code: 'key-not-found' });
    await expect(client.put('x', 'y', { lease: 12345678901234567n })).rejects.toMatchObject({
      code: 'lease-not-found',
      mayHaveHappened: false,
    });
    await expect(client.put('', 'y')).rejects.toBeInstanceOf(ClientError);
  });

  test('compaction gives up history', async () => {
    const client = system.newClient();
    const first = await client.put('history', '1');
    const second = await client.put('history', '2');
    expect(await client.compact(second.revision, { physical: true })).toBeGreaterThanOrEqual(second.revision);
    await expect(client.get('history', { revision: first.revision })).rejects.toMatchObject({
      code: 'compacted',
    });
    await expect(client.compact(second.revision)).rejects.toMatchObject({
      code: 'compacted',
      mayHaveHappened: false,
    });
    expect((await client.get('history', { revision: second.revision }))?.text).toBe('2');
  });

  describe('ranges', () => {
    test('page by page, in either order, limited, and without values', async () => {
      const client = system.newClient();
      const keys = await fill(client, 'page/', 250);
      const prefix = { prefix: 'page/' };
      expect(keysOf(await client.range(prefix, { pageSize: 7 }).collect())).toEqual(keys);
      expect(keysOf(await client.prefix('page/').collect())).toEqual(keys);
      const descending = await client.range(prefix, { pageSize: 40, order: 'descend' }).collect();
      expect(keysOf(descending)).toEqual(keys.toReversed());
      expect(keysOf(await client.range(prefix, { pageSize: 30, limit: 100 }).collect())).toEqual(
        keys.slice(0, 100),
      );
      const middle = { from: 'page/00010', to: 'page/00200' };
      expect(keysOf(await client.range(middle, { pageSize: 64 }).collect())).toEqual(keys.slice(10, 200));
      const [first] = await client.range(prefix, { keysOnly: true, limit: 1 }).collect();
      expect(first).toMatchObject({ keyText: keys[0], text: '', version: 1 });
      expect(await client.range({ from: 'page/00249' }, { limit: 1 }).collect()).toHaveLength(1);
    });

    test('all pages show one revision, whatever is written in between', async () => {
      const client = system.newClient();
      const keys = await fill(client, 'pinned/', 100);
      const seen: string[] = [];
      for await (const entry of client.prefix('pinned/', { pageSize: 10 })) {
        seen.push(`${entry.keyText} ${entry.text}`);
        if (seen.length % 10 !== 1) continue;
        await client.put(keys[99] ?? '', `changed at ${seen.length}`);
        await client.put(`pinned/00050 and ${seen.length}`, 'new');
        await client.delete(keys[98] ?? '');
      }
      expect(seen).toEqual(keys.map((key) => `${key} value of ${key}`));
      expect(await client.prefix('pinned/').count()).toBe(109);
    });

    test('leaving a loop reads no further page', async () => {
      const client = system.newClient();
      await fill(client, 'left/', 20);
      let count = 0;
      for await (const page of client.prefix('left/', { pageSize: 5 }).pages()) {
        count += page.entries.length;
        expect(page).toMatchObject({ count: 20, more: true });
        break;
      }
      expect(count).toBe(5);
    });

    test('one request with any order and filter', async () => {
      const client = system.newClient();
      await fill(client, 'sort/', 3);
      const { revision } = await client.put('sort/00001', 'again');
      const page = await client.page({ prefix: 'sort/' }, { sortBy: 'mod', order: 'descend', limit: 1 });
      expect(page).toMatchObject({ count: 3, more: true, revision });
      expect(keysOf(page.entries)).toEqual(['sort/00001']);
      const filtered = await client.page({ prefix: 'sort/' }, { minModRevision: revision });
      expect(keysOf(filtered.entries)).toEqual(['sort/00001']);
      expect(filtered.count).toBe(3);
    });
  });
});
