import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/base/index.js';
import { openStateMachine } from '../../src/mvcc/index.js';
import { createHarness, genesis, turn } from './harness.js';
import { alarm, checkpoint, compact, grant, put, remove } from './requests.js';

// Frozen: a store of today is read by the programs of tomorrow. Keys and contents of records are etcd's.
it('stores records and their description in these bytes', async () => {
  const harness = await createHarness();
  const { machine, disk } = harness;
  harness.done(put('k', 'v'));
  harness.done(remove('k'));
  harness.done(put('k', 'w'));
  await machine.flush();
  expect(hexOf(disk.dump('state'))).toEqual([
    ['00000000000000025f0000000000000000', '0a016b1002180220012a0176988c34a5'],
    ['00000000000000035f000000000000000074', '0a016b5e4decb2'],
    ['00000000000000045f0000000000000000', '0a016b1004180420012a01777d6b4978'],
    [
      '6d657461',
      '0201030403011030303030303030303030303030306131000000011030303030303030303030303030306131000115687474703a2f2f3132372e302e302e313a323338300000000392cd8acc03ed4adb16',
    ],
  ]);
  harness.done(compact(3));
  await machine.flush();
  await machine.compacted(3);
  expect(hexOf(disk.dump('state')).at(-1)).toEqual([
    '6d657461',
    '0201040406011030303030303030303030303030306131000000011030303030303030303030303030306131000115687474703a2f2f3132372e302e302e313a3233383000000002b8d7a8de0b1918e0dc',
  ]);
});

it('stores leases, alarms and users in these bytes', async () => {
  const { machine, disk, done } = await createHarness();
  done(grant(7n, 60));
  done(grant(-2n, 3_600));
  done(checkpoint(1, { id: 7n, remainingTtlSeconds: 15 }));
  done(put('k', 'v', { lease: 7n }));
  done(alarm('activate', 'no-space'));
  done(alarm('activate', 'corrupt'));
  done({ type: 'user-add', user: 'ann', hash: 'h', noPassword: false });
  done({ type: 'role-add', role: 'r' });
  await machine.flush();
  expect(hexOf(disk.dump('state')).filter(([key]) => key !== '6d657461')).toEqual([
    ['00000000000000025f0000000000000000', '0a016b1002180220012a017630074bfca7c8'],
    ['74610130303030303030303030303030306131', '865da1e6'],
    ['74610230303030303030303030303030306131', '6670c507'],
    ['746c0000000000000007', '781e794f4857'],
    ['746cfffffffffffffffe', 'a0380010b46a23'],
    ['747272', '0027523046'],
    ['7473', '0003095fb5a5'],
    ['7475616e6e', '00016800bcf3d4ab'],
  ]);
});

describe('a store is refused as corrupt', () => {
  /** Opens a store of a new cluster with one more entry. */
  async function openWith(key: string, value: Buffer): Promise<unknown> {
    const harness = await createHarness();
    await harness.close();
    const store = await harness.disk.open('state');
    await store.write([{ type: 'put', key: Buffer.from(key, 'hex'), value }], { sync: true });
    return openStateMachine(store, { cacheSizeBytesMax: 0, yieldToLoop: turn, genesis });
  }

  /** The content of a row, with a checksum that fits. */
  function sealed(key: string, content: string): Buffer {
    const row = Buffer.from(content, 'hex');
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32c(Buffer.concat([Buffer.from(key, 'hex'), row])));
    return Buffer.concat([row, checksum]);
  }

  it.each([
    ['a lease under a strange name', '746c07', '7800', /a lease under a strange name, 07/],
    [
      'a lease with something behind it',
      '746c0000000000000007',
      '780000',
      /the stored lease 7 cannot be read/,
    ],
    ['half a lease', '746c0000000000000007', '78', /the stored lease 7 cannot be read/],
    ['an alarm of no known kind', '74610361', '', /an alarm of no known kind, 0361/],
    ['an alarm with content', '74610161', '00', /an alarm with content, 0161/],
    ['a row of no known table', '747a61', '', /747a61 belongs to no table/],
  ])('with %s', async (_what, key, content, message) => {
    await expect(openWith(key, sealed(key, content))).rejects.toMatchObject({
      code: 'storage-corrupt',
      message: expect.stringMatching(message) as string,
    });
  });

  it('with a row that does not match its checksum, or has none', async () => {
    const key = '746c0000000000000007';
    const value = sealed(key, '781e');
    await expect(openWith(key, value)).rejects.toThrow(/holds 1 entries and should hold 0/); // It is whole.
    for (let bit = 0; bit < value.length * 8; bit++) {
      const damaged = Buffer.from(value);
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      await expect(openWith(key, damaged)).rejects.toThrow(/does not match its checksum/);
    }
    await expect(openWith('746c0000000000000008', value)).rejects.toThrow(/does not match its checksum/);
    await expect(openWith(key, value.subarray(0, 3))).rejects.toThrow(/does not match its checksum/);
  });

  it.each(['01', '61', '6d65746131', '75', 'ff'])('with the key %s, which nobody owns', async (key) => {
    await expect(openWith(key, Buffer.from('x'))).rejects.toMatchObject({
      code: 'storage-corrupt',
      message: expect.stringContaining(`does not know, ${key}:`) as string,
    });
  });
});

function hexOf(entries: readonly (readonly [string, Uint8Array])[]): string[][] {
  return entries.map(([key, value]) => [
    Buffer.from(key, 'latin1').toString('hex'),
    Buffer.from(value).toString('hex'),
  ]);
}
