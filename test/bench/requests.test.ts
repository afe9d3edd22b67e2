import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTemplate, createValuePool, keyText } from '../../bench/load/requests.js';
import type { RequestSpec } from '../../bench/load/requests.js';
import { seededRandom } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';

const prefix = 'some-';
const keyNumbers = fc.integer({ min: 0, max: 9_999_999_000 });

/** The message that a template would send about a key. */
function messageAbout(spec: RequestSpec, keyNumber: number): Buffer {
  const random = seededRandom(7);
  const template = createTemplate(spec, prefix, { pool: createValuePool(random), random });
  template.about(1); // What it was about before leaves nothing behind.
  template.about(keyNumber);
  expect(template.bytes.readUInt32BE(1)).toBe(template.bytes.length - 5);
  return template.bytes.subarray(5);
}

const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

describe('a template about a key is the request that protobuf would make of it', () => {
  test('a put has the key and a value of random bytes', () => {
    fc.assert(
      fc.property(keyNumbers, (keyNumber) => {
        const put = etcdserverpb.PutRequest.decode(messageAbout({ kind: 'put', valueBytes: 256 }, keyNumber));
        expect(textOf(put.key)).toBe(keyText(prefix, keyNumber));
        expect(put.value).toHaveLength(256);
        expect(new Set(put.value).size).toBeGreaterThan(100);
      }),
      { numRuns: 10 },
    );
  });

  test.each([true, false])('a get, serializable: %s', (serializable) => {
    const range = etcdserverpb.RangeRequest.decode(messageAbout({ kind: 'get', serializable }, 42));
    expect(textOf(range.key)).toBe('some-0000000042');
    expect(range.rangeEnd).toHaveLength(0);
    expect(range.serializable).toBe(serializable);
  });

  test('a range has as many keys as it should', () => {
    const range = etcdserverpb.RangeRequest.decode(messageAbout({ kind: 'range', keys: 1000 }, 9500));
    expect([textOf(range.key), textOf(range.rangeEnd)]).toEqual(['some-0000009500', 'some-0000010500']);
  });

  test('a transaction compares, puts and gets the same key', () => {
    const txn = etcdserverpb.TxnRequest.decode(messageAbout({ kind: 'txn', valueBytes: 100 }, 5));
    const keys = [
      txn.compare[0]?.key,
      txn.success[0]?.requestPut?.key,
      txn.success[1]?.requestRange?.key,
    ].map(textOf);
    expect(keys).toEqual(['some-0000000005', 'some-0000000005', 'some-0000000005']);
    expect(txn.success[0]?.requestPut?.value).toHaveLength(100);
  });

  test('a fill puts neighbours, each with bytes of its own', () => {
    const txn = etcdserverpb.TxnRequest.decode(messageAbout({ kind: 'fill', keys: 3, valueBytes: 64 }, 100));
    const puts = txn.success.map(({ requestPut }) => requestPut);
    expect(puts.map((put) => textOf(put?.key))).toEqual([
      'some-0000000100',
      'some-0000000101',
      'some-0000000102',
    ]);
    expect(new Set(puts.map((put) => textOf(put?.value))).size).toBe(3);
  });
});
