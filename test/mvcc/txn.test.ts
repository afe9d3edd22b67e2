import { beforeEach, describe, expect, it } from 'vitest';
import type { Compare, TxnOperation, TxnResponse } from '../../src/mvcc/index.js';
import { createHarness, plain } from './harness.js';
import type { Harness } from './harness.js';
import { compact, compare, put, range, remove, txn } from './requests.js';

let harness: Harness;

beforeEach(async () => {
  harness = await createHarness();
});

function run(
  compares: readonly Compare[],
  success: readonly TxnOperation[],
  failure: readonly TxnOperation[] = [],
): TxnResponse {
  const response = harness.done(txn(compares, success, failure));
  if (response.type !== 'txn') throw new Error('a transaction answers as one');
  return response;
}

function holds(...compares: Compare[]): boolean {
  return run(compares, []).succeeded;
}

describe('a comparison', () => {
  beforeEach(() => {
    harness.done(put('k', 'm'));
    harness.done(put('k', 'n')); // Created at 2, modified at 3, version 2.
  });

  it.each([
    [
      { type: 'version', version: 2 },
      { type: 'version', version: 1 },
      { type: 'version', version: 3 },
    ],
    [
      { type: 'create', revision: 2 },
      { type: 'create', revision: 1 },
      { type: 'create', revision: 3 },
    ],
    [
      { type: 'mod', revision: 3 },
      { type: 'mod', revision: 2 },
      { type: 'mod', revision: 4 },
    ],
    [
      { type: 'lease', lease: 0n },
      { type: 'lease', lease: -1n },
      { type: 'lease', lease: 1n },
    ],
    [
      { type: 'value', value: Buffer.from('n') },
      { type: 'value', value: Buffer.from('') },
      { type: 'value', value: Buffer.from('n\0') },
    ],
  ] as Compare['target'][][])('compares %o', (...targets) => {
    const results = (['equal', 'not-equal', 'greater', 'less'] as const).map((result) =>
      targets.map((target) => holds(compare('k', result, target))),
    );
    expect(results).toEqual([
      [true, false, false],
      [false, true, true],
      [false, true, false],
      [false, false, true],
    ]);
  });

  it('takes a missing key for 0, and has no value to compare', () => {
    expect(holds(compare('none', 'equal', { type: 'create', revision: 0 }))).toBe(true);
    expect(holds(compare('none', 'less', { type: 'mod', revision: 1 }))).toBe(true);
    expect(holds(compare('none', 'not-equal', { type: 'version', version: 0 }))).toBe(false);
    for (const result of ['equal', 'not-equal', 'greater', 'less'] as const) {
      expect(holds(compare('none', result, { type: 'value', value: Buffer.from('') })), result).toBe(false);
    }
  });

  it('of a range wants every key to match', () => {
    harness.done(put('l', 'n'));
    const target = { type: 'value', value: Buffer.from('n') } as const;
    expect(holds(compare('k', 'equal', target, 'm'))).toBe(true);
    harness.done(put('k2', 'other'));
    expect(holds(compare('k', 'equal', target, 'm'))).toBe(false);
    expect(holds(compare('k', 'equal', target, '\0'))).toBe(false);
    expect(holds(compare('x', 'equal', target, 'z'))).toBe(false);
    expect(holds(compare('x', 'equal', { type: 'version', version: 0 }, 'z'))).toBe(true);
  });

  it('joins others with and', () => {
    const [yes, no] = [2, 1].map((version) => compare('k', 'equal', { type: 'version' as const, version }));
    if (yes === undefined || no === undefined) throw new Error('both');
    expect(holds()).toBe(true);
    expect(holds(yes, yes)).toBe(true);
    expect(holds(yes, no)).toBe(false);
  });
});

describe('a transaction', () => {
  it('makes one revision for all that it changes', () => {
    const response = run([], [put('a', '1'), put('b', '2'), remove('zz'), put('c', '3')]);
    expect(plain(response)).toEqual({
      type: 'txn',
      revision: 2,
      succeeded: true,
      responses: [
        { type: 'put', revision: 2, previous: null },
        { type: 'put', revision: 2, previous: null },
        { type: 'delete-range', revision: 2, deleted: 0, previous: [] },
        { type: 'put', revision: 2, previous: null },
      ],
    });
    expect(harness.machine.revision).toBe(2);
  });

  it('makes none if it changes nothing', () => {
    expect(run([], [remove('a', { rangeEnd: '\0' }), range('a')])).toMatchObject({ revision: 1 });
    expect(harness.machine.revision).toBe(1);
  });

  it('lets an operation see those before it, and tells the revision that it saw', () => {
    const response = run([], [range('a'), put('a', '1'), range('a'), range('a', { revision: 1 })]);
    expect(response.responses).toMatchObject([
      { revision: 1, count: 0 },
      { revision: 2 },
      { revision: 2, count: 1, kvs: [{ key: 'a', modRevision: 2 }] },
      { revision: 2, count: 0 },
    ]);
  });

  it('makes all comparisons first, nested ones too', () => {
    const isThere = compare('a', 'greater', { type: 'version', version: 0 });
    const response = run([], [put('a', '1'), txn([isThere], [put('then', '')], [put('else', '')])]);
    expect(response.responses[1]).toMatchObject({ type: 'txn', succeeded: false, revision: 2 });
    expect(harness.machine.rangeSync(range('else'))).toMatchObject({ value: { count: 1 } });
  });

  it('deletes several keys in order, each a change of its own', () => {
    run([], [put('b', ''), put('a', ''), put('c', '')]);
    const response = harness.done(remove('a', { rangeEnd: '\0', prevKv: true }));
    expect(response).toMatchObject({
      deleted: 3,
      previous: [{ key: 'a' }, { key: 'b' }, { key: 'c' }],
      revision: 3,
    });
  });
});

describe('what a transaction would break', () => {
  const refuse = (operations: readonly TxnOperation[]): unknown => {
    const before = harness.machine.revision;
    const outcome = harness.apply(txn([], operations));
    expect(harness.machine.revision).toBe(before);
    return outcome.ok ? 'nothing' : outcome.error;
  };

  it('is found before anything is written', () => {
    harness.done(put('k', ''));
    harness.done(put('k', ''));
    harness.done(compact(3));
    expect(refuse([put('a', ''), put('b', '', { lease: 5n })])).toBe('lease-not-found');
    expect(refuse([put('a', ''), put('b', '', { ignoreValue: true })])).toBe('key-not-found');
    expect(refuse([put('a', ''), put('b', '', { ignoreLease: true })])).toBe('key-not-found');
    expect(refuse([put('a', ''), range('k', { revision: 4 })])).toBe('future-revision');
    expect(refuse([put('a', ''), txn([], [range('k', { revision: 2 })])])).toBe('compacted');
    expect(refuse([{ type: 'none' }])).toBe('key-not-found');
    expect(harness.machine.rangeSync(range('a'))).toMatchObject({ value: { count: 0 } });
  });

  it('on the path that is not taken does not matter', () => {
    const never = compare('a', 'greater', { type: 'version', version: 0 });
    expect(run([never], [put('b', '', { lease: 5n })], []).succeeded).toBe(false);
  });

  // etcd issue 18667: which revisions are gone may not depend on how far a member is with removing them.
  it('does not depend on how far compaction has come', async () => {
    for (const value of ['1', '2', '3']) harness.done(put('k', value));
    harness.done(compact(3));
    const early = harness.apply(txn([], [range('k', { revision: 2 }), put('x', '')]));
    await harness.machine.flush();
    await harness.machine.compacted(3);
    expect(harness.apply(txn([], [range('k', { revision: 2 }), put('x', '')]))).toEqual(early);
    expect(early).toEqual({ ok: false, error: 'compacted' });
  });
});

describe('a put', () => {
  it('keeps the value on request, and gives back what was there', () => {
    harness.done(put('k', 'old'));
    const response = harness.done(put('k', '', { ignoreValue: true, prevKv: true }));
    expect(plain(response)).toMatchObject({ previous: { key: 'k', value: 'old', version: 1 } });
    expect(plain(harness.machine.rangeSync(range('k')))).toMatchObject({
      value: { kvs: [{ value: 'old', version: 2 }] },
    });
  });

  it('is refused if it keeps what is not there, or binds to a lease that is not', () => {
    expect(harness.apply(put('k', '', { ignoreValue: true }))).toEqual({ ok: false, error: 'key-not-found' });
    expect(harness.apply(put('k', '', { ignoreLease: true }))).toEqual({ ok: false, error: 'key-not-found' });
    expect(harness.apply(put('k', '', { lease: 1n }))).toEqual({ ok: false, error: 'lease-not-found' });
    expect(harness.apply(put('k', '', { lease: 1n, ignoreValue: true }))).toEqual({
      ok: false,
      error: 'lease-not-found',
    });
    expect(harness.machine.revision).toBe(1);
  });
});

describe('a transaction that only reads', () => {
  it('is answered outside the log, at one revision', async () => {
    for (let i = 0; i < 2_000; i++) harness.done(put(`k${i}`, 'before'));
    const at = harness.machine.revision;
    const all = range('k', { rangeEnd: 'l' });
    const reading = harness.machine.readTxn(txn([], [all, txn([], [all, range('k1')])]));
    for (let i = 0; i < 2_000; i++) harness.done(remove(`k${i}`));
    harness.done(compact(harness.machine.revision));
    await harness.machine.flush();
    const outcome = await reading;
    expect(outcome).toMatchObject({
      ok: true,
      value: {
        revision: at,
        responses: [
          { revision: at, count: 2_000 },
          { type: 'txn', responses: [{ count: 2_000 }, { count: 1, kvs: [{ key: 'k1' }] }] },
        ],
      },
    });
  });

  it('refuses what etcd refuses', async () => {
    harness.done(put('k', ''));
    harness.done(put('k', ''));
    harness.done(compact(3));
    const read = (revision: number): Promise<unknown> =>
      harness.machine.readTxn(txn([], [range('k', { revision })]));
    expect(await read(2)).toEqual({ ok: false, error: 'compacted' });
    expect(await read(-1)).toEqual({ ok: false, error: 'compacted' });
    expect(await read(4)).toEqual({ ok: false, error: 'future-revision' });
    expect(await read(3)).toMatchObject({ ok: true });
  });

  it('may not write', async () => {
    await expect(harness.machine.readTxn(txn([], [put('k', '')]))).rejects.toThrow('only reads');
  });
});
