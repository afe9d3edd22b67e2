import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyValue, Outcome, RangeRequest, RangeResponse } from '../../src/mvcc/index.js';
import { createHarness } from './harness.js';
import type { Harness } from './harness.js';
import { compact, put, range, remove } from './requests.js';

let harness: Harness;

beforeEach(async () => {
  harness = await createHarness();
});

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`refused: ${outcome.error}`);
  return outcome.value;
}

async function read(key: string, rest: Partial<RangeRequest> = {}): Promise<RangeResponse> {
  return valueOf(await harness.machine.range(range(key, rest)));
}

async function keys(key: string, rest: Partial<RangeRequest> = {}): Promise<string> {
  return (await read(key, rest)).kvs.map((kv) => kv.key).join(' ');
}

function text(kv: KeyValue | undefined): string {
  if (kv === undefined) return 'nothing';
  const { key, createRevision, modRevision, version, value } = kv;
  return `${key}=${Buffer.from(value).toString()} c${createRevision} m${modRevision} v${version}`;
}

describe('a key', () => {
  it('counts its versions from its creation, and anew after a deletion', async () => {
    harness.done(put('k', '1'));
    harness.done(put('k', '2'));
    expect(text((await read('k')).kvs[0])).toBe('k=2 c2 m3 v2');
    harness.done(remove('k'));
    expect(await read('k')).toMatchObject({ kvs: [], count: 0, more: false, revision: 4 });
    harness.done(put('k', '3'));
    expect(text((await read('k')).kvs[0])).toBe('k=3 c5 m5 v1');
  });

  it('stays readable at every revision', async () => {
    harness.done(put('k', '1'));
    harness.done(put('other', 'x'));
    harness.done(put('k', '2'));
    harness.done(remove('k'));
    const seen = [];
    for (let revision = 1; revision <= 5; revision++) seen.push(text((await read('k', { revision })).kvs[0]));
    expect(seen).toEqual(['nothing', 'k=1 c2 m2 v1', 'k=1 c2 m2 v1', 'k=2 c2 m4 v2', 'nothing']);
  });

  it('is bytes: any of them, in byte order', async () => {
    for (const key of ['\xff', '\0', 'a', 'a\0', '__proto__', '\x80']) {
      harness.done({ ...put('x', ''), key });
    }
    const response = await read('', { key: '\0', rangeEnd: '\0' });
    expect(response.kvs.map((kv) => kv.key)).toEqual(['\0', '__proto__', 'a', 'a\0', '\x80', '\xff']);
  });
});

describe('a range', () => {
  beforeEach(() => {
    // Created a, b, c, d (revisions 2 to 5); b modified at 6, a at 7 and 8; values against the order of keys.
    for (const pair of ['a9', 'b8', 'c7', 'd6', 'b5', 'a4', 'a3']) {
      harness.done(put(pair.charAt(0), pair.charAt(1)));
    }
  });

  it('is [key, range end), to the end with \\0, and one key without a range end', async () => {
    expect(await keys('b', { rangeEnd: 'd' })).toBe('b c');
    expect(await keys('b', { rangeEnd: '\0' })).toBe('b c d');
    expect(await keys('b')).toBe('b');
    expect(await keys('', { key: '\0', rangeEnd: '\0' })).toBe('a b c d');
    expect(await keys('d', { rangeEnd: 'b' })).toBe('');
    expect(await keys('bb', { rangeEnd: 'bc' })).toBe('');
  });

  it('counts all its keys, whatever the limit, and tells whether there are more', async () => {
    const all = { rangeEnd: '\0' };
    expect(await read('a', { ...all, limit: 2 })).toMatchObject({ more: true, count: 4, kvs: { length: 2 } });
    expect(await read('a', { ...all, limit: 4 })).toMatchObject({
      more: false,
      count: 4,
      kvs: { length: 4 },
    });
    expect(await read('a', { ...all, limit: -1 })).toMatchObject({
      more: false,
      count: 4,
      kvs: { length: 4 },
    });
    expect(await read('a', { ...all, countOnly: true, limit: 1 })).toMatchObject({
      more: false,
      count: 4,
      kvs: [],
    });
    expect(await read('a', { ...all, revision: 3, countOnly: true })).toMatchObject({
      count: 2,
      revision: 8,
    });
    expect(await read('a', { ...all, revision: 4, limit: 1 })).toMatchObject({ count: 3, more: true });
  });

  it('sorts by any target, both ways; upwards when only a target is given', async () => {
    const sorted = (
      sortTarget: RangeRequest['sortTarget'],
      sortOrder: RangeRequest['sortOrder'],
    ): Promise<string> => keys('a', { rangeEnd: '\0', sortTarget, sortOrder });
    expect(await sorted('key', 'none')).toBe('a b c d');
    expect(await sorted('key', 'ascend')).toBe('a b c d');
    expect(await sorted('key', 'descend')).toBe('d c b a');
    expect(await sorted('create', 'descend')).toBe('d c b a');
    expect(await sorted('mod', 'ascend')).toBe('c d b a');
    expect(await sorted('mod', 'none')).toBe('c d b a');
    expect(await sorted('value', 'ascend')).toBe('a b d c');
    expect(await sorted('version', 'ascend')).toBe('c d b a');
    expect(await sorted('version', 'descend')).toBe('a b c d');
  });

  it('sorts before it limits', async () => {
    const options = { rangeEnd: '\0', limit: 1 } as const;
    expect(await keys('a', { ...options, sortTarget: 'mod', sortOrder: 'ascend' })).toBe('c');
    expect(await keys('a', { ...options, sortTarget: 'key', sortOrder: 'descend' })).toBe('d');
  });

  it('reads only one more than the limit, as etcd does, when a target is given without an order', async () => {
    expect(await keys('a', { rangeEnd: '\0', limit: 1, sortTarget: 'mod' })).toBe('b');
  });

  it('filters by creation and modification before sort and limit, not in the count', async () => {
    const all = { rangeEnd: '\0' };
    expect(await keys('a', { ...all, minModRevision: 6 })).toBe('a b');
    expect(await keys('a', { ...all, maxModRevision: 5 })).toBe('c d');
    expect(await keys('a', { ...all, minCreateRevision: 3, maxCreateRevision: 4 })).toBe('b c');
    expect(await read('a', { ...all, minModRevision: 6, limit: 1 })).toMatchObject({ count: 4, more: true });
    // The lock recipe: the oldest of the keys created up to a revision.
    const oldest = { sortTarget: 'create', sortOrder: 'descend', limit: 1, maxCreateRevision: 4 } as const;
    expect(await keys('a', { ...all, ...oldest })).toBe('c');
  });

  it('leaves values out on request', async () => {
    const { kvs } = await read('a', {
      rangeEnd: '\0',
      keysOnly: true,
      sortTarget: 'value',
      sortOrder: 'ascend',
    });
    expect(kvs.map(text)).toEqual(['a= c2 m8 v3', 'b= c3 m6 v2', 'd= c5 m5 v1', 'c= c4 m4 v1']);
  });
});

describe('a revision', () => {
  it('that is not yet there is refused', async () => {
    expect(await harness.machine.range(range('k', { revision: 2 }))).toEqual({
      ok: false,
      error: 'future-revision',
    });
  });

  it('that is compacted is refused; the compacted one itself is not', async () => {
    for (const value of ['1', '2', '3']) harness.done(put('k', value));
    harness.done(compact(3));
    expect(await harness.machine.range(range('k', { revision: 2 }))).toEqual({
      ok: false,
      error: 'compacted',
    });
    expect(text((await read('k', { revision: 3 })).kvs[0])).toBe('k=2 c2 m3 v2');
    expect(text((await read('k', { revision: -7 })).kvs[0])).toBe('k=3 c2 m4 v3');
  });
});

describe('a long read', () => {
  const count = 3_000;
  const name = (i: number): string => `k${String(i).padStart(5, '0')}`;

  beforeEach(() => {
    for (let i = 0; i < count; i++) harness.done(put(name(i), 'before'));
  });

  it('is not answered at once', () => {
    expect(harness.machine.rangeSync(range('k', { rangeEnd: 'l' }))).toBeNull();
    expect(harness.machine.rangeSync(range('k', { rangeEnd: 'l', limit: 3 }))).not.toBeNull();
    expect(harness.machine.rangeSync(range('k', { rangeEnd: 'l', countOnly: true }))).toMatchObject({
      value: { count },
    });
  });

  it('sees one revision throughout, whatever happens meanwhile', async () => {
    const at = harness.machine.revision;
    const reading = read('k', { rangeEnd: 'l' });
    const limited = read('k', { rangeEnd: 'l', limit: count - 1, minModRevision: 1 });
    const counting = read('k', { rangeEnd: 'l', countOnly: true, revision: at - 1 });
    for (let i = 0; i < count; i += 2) harness.done(put(name(i), 'after'));
    for (let i = 1; i < count; i += 4) harness.done(remove(name(i)));
    for (let i = 1; i < count; i += 8) harness.done(put(name(i), 'again'));
    for (let i = 0; i < 100; i++) harness.done(put(`${name(i)}-new`, 'new'));
    const { kvs, ...rest } = await reading;
    expect(rest).toEqual({ type: 'range', revision: at, count, more: false });
    expect(kvs.map((kv) => kv.key)).toEqual(Array.from({ length: count }, (_, i) => name(i)));
    expect(new Set(kvs.map((kv) => Buffer.from(kv.value).toString()))).toEqual(new Set(['before']));
    expect(await limited).toMatchObject({ revision: at, count, more: true, kvs: { length: count - 1 } });
    expect((await counting).count).toBe(count - 1);
  });

  it('keeps what it needs from compaction', async () => {
    harness = await createHarness({ cacheSizeBytesMax: 0 });
    for (let i = 0; i < count; i++) harness.done(put(name(i), 'before'));
    const at = harness.machine.revision;
    const reading = read('k', { rangeEnd: 'l' });
    for (let i = 0; i < count; i++) harness.done(put(name(i), 'after'));
    harness.done(compact(harness.machine.revision));
    await harness.machine.flush();
    const { kvs, revision } = await reading;
    expect(revision).toBe(at);
    expect(kvs).toHaveLength(count);
    expect(kvs.every((kv) => Buffer.from(kv.value).toString() === 'before')).toBe(true);
    await harness.machine.compacted(harness.machine.compactRevision);
    expect(await read('k', { rangeEnd: 'l', countOnly: true })).toMatchObject({ count });
  });
});
