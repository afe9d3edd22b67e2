import { describe, expect, it } from 'vitest';
import { decodeKeyValue, operationsOfState, readStateMeta, readStateTables } from '../../src/mvcc/index.js';
import { bytesOfKey, some } from '../../src/base/index.js';
import { unseal } from '../../src/mvcc/seal.js';
import type { MemoryDisk } from '../../src/storage/index.js';
import { createHarness } from './harness.js';
import type { Harness } from './harness.js';
import { checkpoint, compare, grant, put, range, remove, revoke, txn } from './requests.js';

const notFound = { ok: false, error: 'lease-not-found' };
const everything = range('', { key: '\0', rangeEnd: '\0' });

/** The keys of each lease. */
function bound({ machine: { leases } }: Harness): Record<string, readonly string[]> {
  return Object.fromEntries(leases.list().map(({ id }) => [String(id), leases.keysOf(id)]));
}

async function keysAlive({ machine }: Harness): Promise<string[]> {
  const outcome = await machine.range(everything);
  return outcome.ok ? outcome.value.kvs.map((kv) => kv.key) : [];
}

/** The keys deleted at a revision, in the order of their records. */
function deletedAt(disk: MemoryDisk, revision: number): string[] {
  return disk
    .dump('state')
    .filter(([key]) => key.endsWith('t') && Buffer.from(key, 'latin1').readUInt32BE(4) === revision)
    .map(([key, value]) => decodeKeyValue(unseal(bytesOfKey(key), value)).key);
}

describe('a grant', () => {
  it('makes a lease with all of its time left, and no revision', async () => {
    const harness = await createHarness();
    expect(harness.done(grant(7n, 60))).toEqual({ type: 'lease-grant', revision: 1 });
    expect(harness.machine.leases.get(7n)).toEqual({ id: 7n, ttlSeconds: 60, remainingTtlSeconds: 0 });
    expect(harness.machine).toMatchObject({ revision: 1, leases: { size: 1 } });
  });

  it('takes any id of 64 bits; lists are in their order', async () => {
    const harness = await createHarness();
    const ids = [2n ** 63n - 1n, -1n, 1n, -(2n ** 63n)];
    for (const id of ids) harness.done(grant(id));
    expect(harness.machine.leases.list().map(({ id }) => id)).toEqual([
      -(2n ** 63n),
      -1n,
      1n,
      2n ** 63n - 1n,
    ]);
  });

  it('of an id that is there is refused and leaves the lease as it was', async () => {
    const harness = await createHarness();
    harness.done(grant(7n, 60));
    expect(harness.apply(grant(7n, 10))).toEqual({ ok: false, error: 'lease-exists' });
    expect(harness.machine.leases.get(7n)?.ttlSeconds).toBe(60);
  });
});

describe('a put', () => {
  it('binds its key to the lease, instead of the one before; 0 to none', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    harness.done(grant(2n));
    harness.done(put('k', '', { lease: 1n }));
    expect(bound(harness)).toEqual({ 1: ['k'], 2: [] });
    harness.done(put('k', '', { lease: 2n }));
    expect(bound(harness)).toEqual({ 1: [], 2: ['k'] });
    harness.done(put('k', ''));
    expect(bound(harness)).toEqual({ 1: [], 2: [] });
  });

  it('keeps the lease if it is told to ignore it', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    harness.done(put('k', '', { lease: 1n }));
    harness.done(put('k', 'new', { ignoreLease: true }));
    expect(bound(harness)).toEqual({ 1: ['k'] });
    harness.done(put('k', '', { ignoreValue: true }));
    expect(bound(harness)).toEqual({ 1: [] });
  });

  it('to a lease that is not there is refused, in a transaction as a whole', async () => {
    const harness = await createHarness();
    expect(harness.apply(put('k', '', { lease: 1n }))).toEqual(notFound);
    expect(harness.apply(txn([], [put('a', ''), txn([], [put('k', '', { lease: 1n })])]))).toEqual(notFound);
    harness.done(grant(1n));
    harness.done(revoke(1n));
    expect(harness.apply(put('k', '', { lease: 1n }))).toEqual(notFound);
    expect(harness.machine).toMatchObject({ revision: 1, keyCount: 0 });
  });

  it('to a lease that is not there passes in the branch that is not taken', async () => {
    const harness = await createHarness();
    const untaken = txn([compare('k', 'equal', { type: 'lease', lease: 5n })], [put('k', '', { lease: 5n })]);
    expect(harness.done(untaken)).toMatchObject({ succeeded: false });
  });
});

describe('a deletion', () => {
  it('unbinds the keys that it removes; made again, they are free', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    for (const key of ['a', 'b', 'c']) harness.done(put(key, '', { lease: 1n }));
    harness.done(remove('a', { rangeEnd: 'c' }));
    expect(bound(harness)).toEqual({ 1: ['c'] });
    harness.done(put('a', ''));
    expect(bound(harness)).toEqual({ 1: ['c'] });
  });

  it('may stand beside puts in one transaction, nested or not', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    harness.done(grant(2n));
    harness.done(put('a', '', { lease: 1n }));
    harness.done(txn([], [remove('a'), txn([], [put('b', '', { lease: 1n })]), put('c', '', { lease: 2n })]));
    expect(bound(harness)).toEqual({ 1: ['b'], 2: ['c'] });
  });
});

describe('a revocation', () => {
  it('deletes the keys of the lease, in their order and in one revision', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    for (const key of ['c', 'a', 'ÿ', 'b']) harness.done(put(key, '', { lease: 1n }));
    harness.done(put('other', ''));
    expect(harness.done(revoke(1n))).toEqual({ type: 'lease-revoke', revision: 7 });
    expect(harness.machine).toMatchObject({ revision: 7, leases: { size: 0 } });
    expect(await keysAlive(harness)).toEqual(['other']);
    await harness.machine.flush();
    expect(deletedAt(harness.disk, 7)).toEqual(['a', 'b', 'c', '\xc3\xbf']);
  });

  it('without keys makes no revision', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    expect(harness.done(revoke(1n))).toEqual({ type: 'lease-revoke', revision: 1 });
    expect(harness.machine).toMatchObject({ revision: 1, leases: { size: 0 } });
  });

  it('leaves keys that have gone to another lease', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    harness.done(grant(2n));
    harness.done(put('k', '', { lease: 1n }));
    harness.done(put('k', '', { lease: 2n }));
    harness.done(revoke(1n));
    expect(await keysAlive(harness)).toEqual(['k']);
  });

  it('of a lease that is not there is refused; the id may be granted again, and has no keys then', async () => {
    const harness = await createHarness();
    expect(harness.apply(revoke(1n))).toEqual(notFound);
    harness.done(grant(1n));
    harness.done(put('k', '', { lease: 1n }));
    harness.done(revoke(1n));
    harness.done(grant(1n));
    expect(bound(harness)).toEqual({ 1: [] });
  });

  it('by a leader counts only in its own term: its successor may have kept the lease alive', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    harness.done(put('k', '', { lease: 1n }));
    harness.term = 3;
    for (const term of [1, 2, 4]) {
      expect(harness.apply(revoke(1n, term))).toEqual({ ok: false, error: 'leader-changed' });
    }
    expect(bound(harness)).toEqual({ 1: ['k'] });
    harness.done(revoke(1n, 3));
    expect(bound(harness)).toEqual({});
  });
});

describe('a checkpoint', () => {
  it('notes what is left; 0 is all of it again; leases that are gone are passed over', async () => {
    const harness = await createHarness();
    harness.done(grant(1n, 60));
    harness.done(grant(2n, 60));
    const seen = [
      { id: 1n, remainingTtlSeconds: 20 },
      { id: 9n, remainingTtlSeconds: 5 },
      { id: 2n, remainingTtlSeconds: 30 },
    ];
    expect(harness.done(checkpoint(1, ...seen))).toEqual({ type: 'lease-checkpoint', revision: 1 });
    harness.done(checkpoint(1, { id: 2n, remainingTtlSeconds: 0 }));
    expect(harness.machine.leases.list()).toEqual([
      { id: 1n, ttlSeconds: 60, remainingTtlSeconds: 20 },
      { id: 2n, ttlSeconds: 60, remainingTtlSeconds: 0 },
    ]);
  });

  it('of a former leader counts no more', async () => {
    const harness = await createHarness();
    harness.done(grant(1n, 60));
    harness.term = 2;
    const late = checkpoint(1, { id: 1n, remainingTtlSeconds: 1 });
    expect(harness.apply(late)).toEqual({ ok: false, error: 'leader-changed' });
    expect(harness.machine.leases.get(1n)?.remainingTtlSeconds).toBe(0);
  });
});

describe('leases', () => {
  it('and what is bound to them come back from the store', async () => {
    const harness = await createHarness();
    for (const id of [1n, 2n, 3n, -4n]) harness.done(grant(id, 60));
    for (const key of ['b', 'a', 'gone', 'moved', 'freed']) harness.done(put(key, '', { lease: 1n }));
    harness.done(remove('gone'));
    harness.done(put('moved', '', { lease: -4n }));
    harness.done(put('freed', ''));
    harness.done(put('revoked', '', { lease: 3n }));
    harness.done(revoke(3n));
    harness.done(checkpoint(1, { id: 2n, remainingTtlSeconds: 15 }));
    await harness.machine.flush();
    const before = [harness.machine.leases.list(), bound(harness)];
    expect(before[1]).toEqual({ 1: ['a', 'b'], 2: [], '-4': ['moved'] });
    await harness.restart({ replay: false });
    expect([harness.machine.leases.list(), bound(harness)]).toEqual(before);
    harness.done(revoke(1n));
    expect(await keysAlive(harness)).toEqual(['freed', 'moved']);
  });

  it('can be compared with in a read, too', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    harness.done(put('k', '', { lease: 1n }));
    const isBound = txn([compare('k', 'equal', { type: 'lease', lease: 1n })], [range('k')]);
    expect(await harness.machine.readTxn(isBound)).toMatchObject({ value: { succeeded: true } });
  });

  it('of a thousand keys end in one revision', async () => {
    const harness = await createHarness();
    harness.done(grant(1n));
    for (let i = 0; i < 1_000; i++) harness.done(put(`k${i}`, '', { lease: 1n }));
    harness.done(revoke(1n));
    expect(harness.machine).toMatchObject({ revision: 1_002, keyCount: 0 });
  });
});

/** Not by our own log, but from a snapshot of somebody else's store. */
describe('a key bound to a lease that does not exist', () => {
  async function imported(): Promise<Harness> {
    const harness = await createHarness();
    harness.done(grant(7n));
    harness.done(put('k', 'v', { lease: 7n }));
    await harness.machine.flush();
    // As a restored store may be: the lease is gone, and the description knows it.
    harness.disk.kill();
    const store = await harness.disk.open('state');
    const lease = bytesOfKey(`tl${'\0'.repeat(7)}\x07`);
    await store.write([{ type: 'del', key: lease }], { sync: true });
    const meta = some(readStateMeta(store), 'a description');
    await store.write(await operationsOfState(store, meta, await readStateTables(store)), { sync: true });
    await store.close();
    await harness.restart({ replay: false });
    return harness;
  }

  it('shows the lease, and is otherwise as any other', async () => {
    const harness = await imported();
    expect(await harness.machine.range(range('k'))).toMatchObject({ value: { kvs: [{ lease: 7n }] } });
    expect(harness.machine.leases.get(7n)).toBeUndefined();
    expect(harness.machine.leases.keysOf(7n)).toEqual([]);
    expect(harness.apply(revoke(7n))).toEqual(notFound);
    harness.done(put('k', 'w', { ignoreLease: true }));
    harness.done(remove('k'));
    expect(harness.machine.keyCount).toBe(0);
  });

  it('belongs to the lease once it is granted, before and after a restart', async () => {
    const harness = await imported();
    harness.done(grant(7n));
    expect(bound(harness)).toEqual({ 7: ['k'] });
    await harness.machine.flush();
    await harness.restart();
    expect(bound(harness)).toEqual({ 7: ['k'] });
    harness.done(revoke(7n));
    expect(harness.machine.keyCount).toBe(0);
  });
});
