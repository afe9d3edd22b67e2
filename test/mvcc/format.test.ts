import { expect, it } from 'vitest';
import { createHarness } from './harness.js';
import { compact, put, remove } from './requests.js';

// Frozen: a store of today is read by the programs of tomorrow. The records are etcd's.
it('stores records and their description in these bytes', async () => {
  const harness = await createHarness();
  const { machine, disk } = harness;
  harness.done(put('k', 'v'));
  harness.done(remove('k'));
  harness.done(put('k', 'w'));
  await machine.flush();
  expect(hexOf(disk.dump('state'))).toEqual([
    ['00000000000000025f0000000000000000', '0a016b1002180220012a0176'],
    ['00000000000000035f000000000000000074', '0a016b'],
    ['00000000000000045f0000000000000000', '0a016b1004180420012a0177'],
    [
      '6d657461',
      '0101030403011030303030303030303030303030306131000000011030303030303030303030303030306131000115687474703a2f2f3132372e302e302e313a32333830000000924025a0',
    ],
  ]);
  harness.done(compact(3));
  await machine.flush();
  await machine.compacted(3);
  expect(hexOf(disk.dump('state')).at(-1)).toEqual([
    '6d657461',
    '0101040406011030303030303030303030303030306131000000011030303030303030303030303030306131000115687474703a2f2f3132372e302e302e313a32333830000000442df324',
  ]);
});

function hexOf(entries: readonly (readonly [string, Uint8Array])[]): string[][] {
  return entries.map(([key, value]) => [
    Buffer.from(key, 'latin1').toString('hex'),
    Buffer.from(value).toString('hex'),
  ]);
}
