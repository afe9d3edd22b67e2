import { describe, expect, it } from 'vitest';
import {
  validateCompact,
  validateDeleteRange,
  validatePut,
  validateRange,
  validateTxn,
} from '../../src/mvcc/index.js';
import type { TxnOperation, TxnRequest } from '../../src/mvcc/index.js';
import { compact, compare, put, range, remove, txn } from './requests.js';

describe('a request by itself', () => {
  it('needs a key', () => {
    expect(validateRange(range(''))).toBe('empty-key');
    expect(validatePut(put('', 'v'))).toBe('empty-key');
    expect(validateDeleteRange(remove(''))).toBe('empty-key');
    expect(validateTxn(txn([compare('', 'equal', { type: 'version', version: 0 })], []))).toBe('empty-key');
  });

  it('may ask for any revision, limit and range', () => {
    expect(validateRange(range('k', { revision: -5, limit: -1, rangeEnd: 'a' }))).toBeNull();
    expect(validateDeleteRange(remove('k', { rangeEnd: '\0' }))).toBeNull();
    expect(validateCompact(compact(-1))).toBeNull();
  });

  it('names an order that exists', () => {
    expect(validateRange(range('k', { sortOrder: 'invalid' }))).toBe('invalid-sort-option');
    expect(validateRange(range('k', { sortTarget: 'invalid' }))).toBe('invalid-sort-option');
    expect(validateRange(range('', { sortTarget: 'invalid' }))).toBe('empty-key');
  });

  it('does not give what it wants ignored', () => {
    expect(validatePut(put('k', 'v', { ignoreValue: true }))).toBe('value-provided');
    expect(validatePut(put('k', '', { ignoreValue: true }))).toBeNull();
    expect(validatePut(put('k', 'v', { ignoreLease: true, lease: 1n }))).toBe('lease-provided');
    expect(validatePut(put('k', 'v', { ignoreLease: true }))).toBeNull();
    expect(validatePut(put('k', 'v', { ignoreValue: true, ignoreLease: true, lease: 1n }))).toBe(
      'value-provided',
    );
  });
});

describe('the size of a transaction', () => {
  const puts = (count: number): TxnOperation[] => Array.from({ length: count }, (_, i) => put(`k${i}`, ''));
  const compares = (count: number): TxnRequest['compare'] =>
    Array.from({ length: count }, () => compare('k', 'equal', { type: 'version', version: 0 }));

  it('is that of its longest list, 128 at most', () => {
    expect(validateTxn(txn(compares(128), puts(128), puts(128)))).toBeNull();
    expect(validateTxn(txn(compares(129), []))).toBe('too-many-operations');
    expect(validateTxn(txn([], puts(129)))).toBe('too-many-operations');
    expect(validateTxn(txn([], [], puts(129)))).toBe('too-many-operations');
  });

  it('leaves to nested transactions what it has not used', () => {
    expect(validateTxn(txn([], [txn([], puts(127))]))).toBeNull();
    expect(validateTxn(txn([], [txn([], puts(128))]))).toBe('too-many-operations');
    expect(validateTxn(txn(compares(100), [txn(compares(29), [])]))).toBe('too-many-operations');
    expect(validateTxn(txn(compares(100), [txn(compares(28), []), txn(compares(28), [])]))).toBeNull();
  });

  it('bounds its depth', () => {
    const nested = (levels: number): TxnRequest =>
      levels === 0 ? txn([], []) : txn([], [nested(levels - 1)]);
    expect(validateTxn(nested(128))).toBeNull();
    expect(validateTxn(nested(129))).toBe('too-many-operations');
  });
});

describe('the operations of a transaction', () => {
  it('have content', () => {
    expect(validateTxn(txn([], [{ type: 'none' }]))).toBe('key-not-found');
    expect(validateTxn(txn([], [], [txn([], [{ type: 'none' }])]))).toBe('key-not-found');
  });

  it('are checked in order, before overlaps', () => {
    expect(validateTxn(txn([], [put('a', ''), put('a', ''), put('', '')]))).toBe('empty-key');
    expect(validateTxn(txn([], [range('', {}), { type: 'none' }]))).toBe('empty-key');
    expect(validateTxn(txn([], [put('a', 'v', { ignoreValue: true })], [{ type: 'none' }]))).toBe(
      'value-provided',
    );
  });
});

describe('the keys that a transaction writes', () => {
  const overlap = (...operations: TxnOperation[]): boolean => {
    const inThen = validateTxn(txn([], operations));
    expect(validateTxn(txn([], [], operations)), 'the same in the other branch').toBe(inThen);
    if (inThen !== null) expect(inThen).toBe('duplicate-key');
    return inThen !== null;
  };

  it('are put once', () => {
    expect(overlap(put('a', ''), put('a', ''))).toBe(true);
    expect(overlap(put('a', ''), put('b', ''))).toBe(false);
    expect(validateTxn(txn([], [put('a', '')], [put('a', '')]))).toBeNull();
  });

  it('are put or deleted', () => {
    expect(overlap(put('a', ''), remove('a'))).toBe(true);
    expect(overlap(remove('a'), put('a', ''))).toBe(true);
    expect(overlap(remove('a', { rangeEnd: 'c' }), put('b', ''))).toBe(true);
    expect(overlap(remove('a', { rangeEnd: 'c' }), put('c', ''))).toBe(false);
    expect(overlap(remove('b', { rangeEnd: 'c' }), put('a', ''))).toBe(false);
    expect(overlap(remove('c', { rangeEnd: 'a' }), put('b', ''))).toBe(false);
    expect(overlap(remove('a'), put('a\0', ''))).toBe(false);
  });

  it('may be deleted twice', () => {
    expect(overlap(remove('a', { rangeEnd: 'c' }), remove('b', { rangeEnd: 'd' }), remove('b'))).toBe(false);
    expect(overlap(remove('a', { rangeEnd: 'c' }), remove('b', { rangeEnd: 'd' }), put('c', ''))).toBe(true);
    expect(
      overlap(remove('a'), remove('x', { rangeEnd: 'z' }), remove('b', { rangeEnd: 'y' }), put('z', '')),
    ).toBe(false);
  });

  it('count through nested transactions', () => {
    expect(overlap(put('a', ''), txn([], [put('a', '')]))).toBe(true);
    expect(overlap(put('a', ''), txn([], [], [put('a', '')]))).toBe(true);
    expect(overlap(txn([], [put('a', '')]), txn([], [put('a', '')]))).toBe(true);
    expect(overlap(put('a', ''), txn([], [txn([], [remove('a')])]))).toBe(true);
    expect(overlap(remove('a'), txn([], [txn([], [], [put('a', '')])]))).toBe(true);
    expect(overlap(txn([], [remove('a')]), txn([], [put('a', '')]))).toBe(true);
  });

  it('do not conflict between then and else', () => {
    expect(overlap(txn([], [put('a', '')], [put('a', '')]))).toBe(false);
    expect(overlap(txn([], [put('a', '')], [remove('a')]))).toBe(false);
    expect(overlap(txn([], [put('a', '')], [put('a', '')]), put('a', ''))).toBe(true);
  });

  it('may do two things that etcd 3.4 lets through', () => {
    expect(overlap(txn([], [put('a', '')]), txn([], [remove('a')]))).toBe(false);
    expect(overlap(remove('a', { rangeEnd: '\0' }), put('b', ''))).toBe(false);
  });

  it('are compared fast, however many', () => {
    const deletes = Array.from({ length: 60 }, (_, i) =>
      txn(
        [],
        Array.from({ length: 60 }, (_, j) =>
          remove(`d${(i * 37) % 60}/${j}`, { rangeEnd: `d${(i * 37) % 60}/${j}x` }),
        ),
      ),
    );
    expect(overlap(...deletes, put('e', ''))).toBe(false);
    expect(overlap(...deletes, put('d3/5', ''))).toBe(true);
  });
});
