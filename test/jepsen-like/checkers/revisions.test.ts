import { describe, expect, test } from 'vitest';
import { revisions } from '../../../jepsen-like/checkers/revisions/index.js';
import type { Call, History, Kv, Response } from '../../../jepsen-like/history/index.js';
import { expectBlame, expectNoBlame, namesOf } from './judge.js';
import { historyOf } from './legal.js';
import { legalStore, withCall } from './store.js';
import type { StoreShape } from './store.js';

describe('revisions never blames', () => {
  test('what clients of a correct store see', () => {
    expectNoBlame(revisions, (seed) => legalStore(seed, { watches: 2 }));
  });

  test('the same when a third of all outcomes is not known', () => {
    expectNoBlame(revisions, (seed) =>
      legalStore(seed, { unknownShare: 0.35, failedShare: 0.1, watches: 1 }),
    );
  });

  test('a key that is gone, when somebody may have deleted it whose answer was lost', () => {
    const put = callOf(0, { type: 'put', key: 'a', value: 'v', lease: '0' }, { type: 'put', revision: 2 });
    const read = callOf(2, get('a'), { type: 'range', revision: 3, kvs: [], count: 0, more: false });
    const lost = callOf(1, { type: 'delete', key: 'a', rangeEnd: '' }, null);
    expect(namesOf(revisions.check(historyOf({ calls: [put, lost, read] })))).toEqual([]);
    const elsewhere = callOf(1, { type: 'delete', key: 'b', rangeEnd: '' }, null);
    expect(namesOf(revisions.check(historyOf({ calls: [put, elsewhere, read] })))).toEqual([
      'a read misses a write',
    ]);
  });

  test('a key that is gone after it hung on a lease', () => {
    const put = callOf(0, { type: 'put', key: 'a', value: 'v', lease: '7' }, { type: 'put', revision: 2 });
    const read = callOf(1, get('a'), { type: 'range', revision: 3, kvs: [], count: 0, more: false });
    expect(revisions.check(historyOf({ calls: [put, read] })).type).toBe('ok');
  });
});

const surely: StoreShape = { unknownShare: 0, failedShare: 0.1, watches: 1 };

describe('revisions always finds', () => {
  test('an answer older than one that had been given before', () => {
    expectBlame(
      revisions,
      (seed) =>
        change(legalStore(seed, surely), isRead, (_, before) =>
          before < 3 ? null : { type: 'range', revision: before - 1, kvs: [], count: 0, more: false },
        ),
      /^a stale answer$/,
    );
  });

  test('a write at a revision that had been there before', () => {
    expectBlame(
      revisions,
      (seed) =>
        change(
          legalStore(seed, surely),
          ({ request }) => request.type === 'put',
          (_, before) => (before < 3 ? null : { type: 'put', revision: before - 1 }),
        ),
      /^a write in the past$/,
    );
  });

  test('a read that sees nothing where something is', () => {
    expectBlame(
      revisions,
      (seed) =>
        changeRead(legalStore(seed, surely), (value) => ({ ...value, kvs: [], count: 0, more: false })),
      /^a read misses a write$/,
    );
  });

  test('a list in which a key is missing', () => {
    expectBlame(
      revisions,
      (seed) =>
        change(
          legalStore(seed, surely),
          ({ request }) => request.type === 'range' && request.rangeEnd !== '',
          ({ outcome }) =>
            outcome.type !== 'ok' ||
            outcome.value.type !== 'range' ||
            outcome.value.kvs.length === 0 ||
            outcome.value.more
              ? null
              : { ...outcome.value, kvs: outcome.value.kvs.slice(1), count: outcome.value.count - 1 },
        ),
      /^a read misses a write$/,
    );
  });

  test('a read that sees an older write', () => {
    expectBlame(revisions, (seed) => olderRead(legalStore(seed, surely)), /^a read misses a write$/);
  });

  test('a revision that says different things to different people', () => {
    expectBlame(
      revisions,
      (seed) => changeKv(legalStore(seed, surely), (kv) => ({ ...kv, value: 'other' })),
      /^two values of one revision$|^value from nowhere$/,
    );
    expectBlame(
      revisions,
      (seed) =>
        changeSecondKv(legalStore(seed, { ...surely, count: 100 }), (kv) => ({
          ...kv,
          version: kv.version + 1,
          createRevision: kv.createRevision - 1,
        })),
      /^two values of one revision$/,
    );
  });

  test('a read from the future', () => {
    expectBlame(
      revisions,
      (seed) =>
        changeRead(legalStore(seed, surely), (value) => ({
          ...value,
          revision: (value.kvs[0]?.modRevision ?? 1) - 1,
        })),
      /^a read from the future$/,
    );
  });

  test('two writes at one revision', () => {
    expectBlame(revisions, (seed) => twoWrites(legalStore(seed, surely)), /^a revision twice$/);
  });

  test('a read of what was refused', () => {
    expectBlame(revisions, (seed) => refusedAfterAll(legalStore(seed, surely)), /^aborted read$/);
  });

  test('a value that nobody wrote', () => {
    expectBlame(revisions, (seed) => afterAll(legalStore(seed, surely), 'read'), /^value from nowhere$/);
  });

  test('one write that happened twice', () => {
    expectBlame(revisions, (seed) => again(legalStore(seed, surely)), /^a write that happened twice$/);
  });

  test('a transaction that took the wrong branch', () => {
    expectBlame(revisions, (seed) => wrongBranch(legalStore(seed, surely)), /^a compare that lied$/);
  });

  test('a deletion that counts what is not there', () => {
    expectBlame(
      revisions,
      (seed) => afterAll(legalStore(seed, surely), 'delete'),
      /^a deletion that counted wrong$/,
    );
  });

  test('a version that cannot be', () => {
    expectBlame(
      revisions,
      (seed) =>
        changeKv(legalStore(seed, surely), (kv) => ({
          ...kv,
          version: kv.version + (kv.version === 1 ? 1 : -kv.version),
        })),
      /^impossible version$/,
    );
  });

  test('an answer that holds what was not asked for, out of order, or beyond its limit', () => {
    const kv: Kv = { key: 'b', value: 'v', createRevision: 2, modRevision: 2, version: 1, lease: '0' };
    const check = (kvs: readonly Kv[], limit = 0, count = kvs.length): readonly string[] =>
      namesOf(
        revisions.check(
          historyOf({
            calls: [
              callOf(
                0,
                { ...get('a'), rangeEnd: 'x', limit },
                { type: 'range', revision: 9, kvs, count, more: false },
              ),
            ],
          }),
        ),
      );
    expect(check([kv])).toEqual([]);
    expect(check([{ ...kv, key: 'y' }])).toEqual(['malformed answer']);
    expect(check([{ ...kv, key: 'c' }, kv])).toEqual(['malformed answer']);
    expect(check([kv, { ...kv, key: 'c' }], 1)).toEqual(['malformed answer']);
    expect(check([kv], 0, 2)).toEqual(['malformed answer']);
  });
});

describe('revisions', () => {
  test('takes what a watch was told for an answer', () => {
    const history = legalStore(3, { unknownShare: 0, watches: 1 });
    const late = 1_000_000;
    const entries = [{ atUs: late, type: 'progress', revision: 900 } as const];
    const read = callOf(history.calls.length, get('a'), {
      type: 'range',
      revision: 899,
      kvs: [],
      count: 0,
      more: false,
    });
    const after = { ...read, invokedUs: late + 1, completedUs: late + 2 };
    const [log] = history.watches;
    expect(log).toBeDefined();
    const watches = log === undefined ? [] : [{ ...log, entries }];
    const names = namesOf(revisions.check({ ...history, calls: [...history.calls, after], watches }));
    expect(names).toContain('a stale answer');
  });

  test('lets serializable reads be old, alone and in transactions', () => {
    const write = callOf(0, { type: 'put', key: 'a', value: 'v', lease: '0' }, { type: 'put', revision: 2 });
    const answer: Response = { type: 'range', revision: 1, kvs: [], count: 0, more: false };
    const serializable = { ...get('a'), serializable: true };
    const read = callOf(1, serializable, answer);
    const txn = callOf(
      2,
      { type: 'txn', compare: [], success: [serializable], failure: [] },
      { type: 'txn', revision: 1, succeeded: true, responses: [answer] },
    );
    expect(revisions.check(historyOf({ calls: [write, read, txn] })).type).toBe('ok');
    const fresh = callOf(3, get('a'), answer);
    expect(namesOf(revisions.check(historyOf({ calls: [write, fresh] })))).toEqual(['a stale answer']);
  });

  test('sees a process go back even within one moment', () => {
    const at = { invokedUs: 5, completedUs: 5 };
    const first = {
      ...callOf(0, get('a'), { type: 'range', revision: 4, kvs: [], count: 0, more: false }),
      ...at,
    };
    const second = {
      ...callOf(1, get('a'), { type: 'range', revision: 3, kvs: [], count: 0, more: false }),
      ...at,
    };
    expect(namesOf(revisions.check(historyOf({ calls: [first, second] })))).toEqual(['a stale answer']);
    const other = { ...second, process: 2 };
    expect(revisions.check(historyOf({ calls: [first, other] })).type).toBe('ok');
  });

  test('skips a history without calls', () => {
    expect(revisions.check(historyOf({})).type).toBe('skipped');
  });
});

function get(key: string) {
  return { type: 'range', key, rangeEnd: '', revision: 0, limit: 0, serializable: false } as const;
}

/** One after the other, by one process. Null: nobody knows the end of it. */
function callOf(id: number, request: Call['request'], value: Response | null): Call {
  const outcome =
    value === null ? ({ type: 'unknown', error: '' } as const) : ({ type: 'ok', value } as const);
  return { id, process: 1, member: 'm1', invokedUs: id * 10, completedUs: id * 10 + 5, request, outcome };
}

function isRead({ request }: Call): boolean {
  return (
    request.type === 'range' && request.rangeEnd === '' && request.revision === 0 && !request.serializable
  );
}

/** Changes the first answer for which there is another; `before` is the highest revision that had been answered before it began. */
function change(
  history: History,
  isWanted: (call: Call) => boolean,
  answer: (call: Call, before: number) => Response | null,
): History | null {
  for (const call of history.calls.toReversed()) {
    if (call.outcome.type !== 'ok' || !isWanted(call)) continue;
    const before = Math.max(
      0,
      ...history.calls.map(({ completedUs, outcome }) =>
        completedUs !== null && completedUs < call.invokedUs && outcome.type === 'ok'
          ? outcome.value.revision
          : 0,
      ),
    );
    const value = answer(call, before);
    if (value !== null)
      return withCall(history, call.id, () => ({ ...call, outcome: { type: 'ok', value } }));
  }
  return null;
}

type RangeAnswer = Extract<Response, { type: 'range' }>;

function changeRead(
  history: History,
  to: (value: RangeAnswer, call: Call) => RangeAnswer | null,
): History | null {
  return change(history, isRead, (call) =>
    call.outcome.type === 'ok' && call.outcome.value.type === 'range' && call.outcome.value.kvs.length > 0
      ? to(call.outcome.value, call)
      : null,
  );
}

function changeKv(history: History, to: (kv: Kv) => Kv): History | null {
  return changeRead(history, (value) => ({ ...value, kvs: value.kvs.map(to) }));
}

/** Of a key that somebody else has read at the same revision. */
function changeSecondKv(history: History, to: (kv: Kv) => Kv): History | null {
  return changeRead(history, (value, { id }) => {
    const [kv] = value.kvs;
    if (kv === undefined || kv.version < 3) return null;
    const others = history.calls.filter(
      (call) =>
        call.id !== id &&
        call.outcome.type === 'ok' &&
        call.outcome.value.type === 'range' &&
        call.outcome.value.kvs.some((other) => other.key === kv.key && other.modRevision === kv.modRevision),
    );
    return others.length === 0 ? null : { ...value, kvs: [to(kv)] };
  });
}

function olderRead(history: History): History | null {
  const older = new Map<string, Kv>();
  for (const { outcome } of history.calls) {
    if (outcome.type !== 'ok' || outcome.value.type !== 'range') continue;
    for (const kv of outcome.value.kvs) if (!older.has(kv.key)) older.set(kv.key, kv);
  }
  return changeRead(history, (value) => {
    const [kv] = value.kvs;
    const old = kv === undefined ? undefined : older.get(kv.key);
    return kv === undefined || old === undefined || old.modRevision >= kv.modRevision
      ? null
      : { ...value, kvs: [old] };
  });
}

function twoWrites(history: History): History | null {
  const puts = history.calls.filter(
    ({ request, outcome }) => request.type === 'put' && outcome.type === 'ok',
  );
  for (const first of puts) {
    const second = puts.find((other) => keyOf(other) !== keyOf(first));
    if (second?.outcome.type !== 'ok' || first.outcome.type !== 'ok') continue;
    const { revision } = first.outcome.value;
    return withCall(history, second.id, (call) => ({
      ...call,
      outcome: { type: 'ok', value: { type: 'put', revision } },
    }));
  }
  return null;
}

function keyOf({ request }: Call): string {
  return request.type === 'put' ? request.key : '';
}

/** A write that others saw was refused. */
function refusedAfterAll(history: History): History | null {
  const seen = new Set<string>();
  for (const { outcome } of history.calls) {
    if (outcome.type !== 'ok' || outcome.value.type !== 'range') continue;
    for (const { key, value } of outcome.value.kvs) seen.add(`${key} ${value}`);
  }
  const victim = history.calls.find(
    ({ request, outcome, id }) =>
      id > 3 &&
      request.type === 'put' &&
      outcome.type === 'ok' &&
      seen.has(`${request.key} ${request.value}`),
  );
  if (victim === undefined) return null;
  return withCall(history, victim.id, (call) => ({ ...call, outcome: { type: 'failed', error: 'refused' } }));
}

const lateUs = 1_000_000;

/** When all is over: a key is written and deleted, and what is deleted once more or read then was not there. */
function afterAll(history: History, what: 'delete' | 'read'): History {
  const first = history.calls.length;
  const kv: Kv = { key: 'd', value: 'ghost', createRevision: 903, modRevision: 903, version: 1, lease: '0' };
  const calls = [
    callOf(first, { type: 'put', key: 'd', value: 'v', lease: '0' }, { type: 'put', revision: 901 }),
    callOf(
      first + 1,
      { type: 'delete', key: 'd', rangeEnd: '' },
      { type: 'delete', revision: 902, deleted: 1 },
    ),
    what === 'delete'
      ? callOf(
          first + 2,
          { type: 'delete', key: 'd', rangeEnd: '' },
          { type: 'delete', revision: 903, deleted: 1 },
        )
      : callOf(first + 2, get('d'), { type: 'range', revision: 903, kvs: [kv], count: 1, more: false }),
  ];
  return { ...history, calls: [...history.calls, ...late(calls)] };
}

function late(calls: readonly Call[]): readonly Call[] {
  return calls.map((call) => ({
    ...call,
    invokedUs: lateUs + call.id * 10,
    completedUs: lateUs + call.id * 10 + 5,
  }));
}

/** Two clients have read the same, and both write over it. */
function wrongBranch(history: History): History {
  const first = history.calls.length;
  const swap = (id: number, revision: number): Call =>
    callOf(
      id,
      {
        type: 'txn',
        compare: [{ key: 'd', target: 'mod', sign: '=', operand: '901' }],
        success: [{ type: 'put', key: 'd', value: `v${id}`, lease: '0' }],
        failure: [],
      },
      { type: 'txn', revision, succeeded: true, responses: [{ type: 'put', revision }] },
    );
  const put = callOf(
    first,
    { type: 'put', key: 'd', value: 'v', lease: '0' },
    { type: 'put', revision: 901 },
  );
  return {
    ...history,
    calls: [...history.calls, ...late([put, swap(first + 1, 902), swap(first + 2, 903)])],
  };
}

/** At the end the value of an earlier write is there again, at a revision of its own. */
function again(history: History): History | null {
  const victim = history.calls.find(
    ({ request, outcome }) => request.type === 'put' && outcome.type === 'ok',
  );
  if (victim?.request.type !== 'put' || victim.outcome.type !== 'ok') return null;
  const last = 1_000_000;
  const { key, value } = victim.request;
  const kv: Kv = { key, value, createRevision: last, modRevision: last, version: 1, lease: '0' };
  const answer: Response = { type: 'range', revision: last, kvs: [kv], count: 1, more: false };
  const read = callOf(history.calls.length, get(key), answer);
  return { ...history, calls: [...history.calls, { ...read, invokedUs: last, completedUs: last + 1 }] };
}
