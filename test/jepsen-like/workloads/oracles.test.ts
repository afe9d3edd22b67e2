import { describe, expect, test } from 'vitest';
import { checkers } from '../../../jepsen-like/checkers/index.js';
import type { History, OperationBody } from '../../../jepsen-like/history/index.js';
import { at, failed, historyOf, ok, unknown } from './histories.js';

function blame(checker: string, history: History): readonly string[] {
  const verdict = checkers.find(({ name }) => name === checker)?.check(history);
  if (verdict === undefined) throw new Error(`no checker is called ${checker}`);
  expect(['ok', 'violated']).toContain(verdict.type);
  return verdict.type === 'violated' ? verdict.anomalies.map(({ name }) => name) : [];
}

describe('unique ids', () => {
  const id = (given: string): OperationBody => ({ kind: 'unique-id', outcome: ok({ id: given }) });

  test('are given once', () => {
    expect(blame('unique-ids', historyOf([at(0, 1, id('a')), at(0, 2, id('b'))]))).toEqual([]);
    const twice = historyOf([at(0, 1, id('a')), at(2, 3, id('b')), at(4, 5, id('a'))]);
    expect(blame('unique-ids', twice)).toEqual(['an id twice']);
  });
});

describe('a lock', () => {
  const lock = (fence: number, lease: string, front = fence): OperationBody => ({
    kind: 'lock',
    name: 'a',
    lease,
    outcome: ok({ fence, front }),
  });
  const unlock = (fence: number): OperationBody => ({ kind: 'unlock', name: 'a', fence, outcome: ok(null) });
  const add = (element: number, fence: number, fenced: boolean): OperationBody => ({
    kind: 'guarded-add',
    set: 's',
    element,
    fence,
    fenced,
    outcome: ok(null),
  });
  const elements = (...seen: readonly number[]): OperationBody => ({
    kind: 'elements',
    set: 's',
    outcome: ok({ elements: seen }),
  });
  const leases = { one: [0, 10], two: [0, 10] } as const;

  test('may be taken once it was let go of', () => {
    const steps = [at(0, 1, lock(5, 'one')), at(10, 11, unlock(5)), at(2, 12, lock(6, 'two'))];
    expect(blame('locks', historyOf(steps, leases))).toEqual([]);
  });

  test('may be taken once its lease may be over, and not before', () => {
    const later = (ms: number): History =>
      historyOf([at(0, 1, lock(5, 'one')), at(2, ms, lock(6, 'two'))], leases);
    expect(blame('locks', later(9000))).toEqual([]);
    expect(blame('locks', later(5000))).toEqual(['two have a lock']);
  });

  test('may be taken once somebody may have revoked its lease', () => {
    const { calls, ...rest } = historyOf([at(0, 1, lock(5, 'one')), at(2, 12, lock(6, 'two'))], leases);
    const [grant] = calls;
    if (grant === undefined) throw new Error('there is a lease');
    const request = { type: 'lease-revoke', id: 'one' } as const;
    const revoked = { ...grant, id: 2, invokedUs: 5000, completedUs: null, request, outcome: unknown };
    expect(blame('locks', { ...rest, calls })).toEqual(['two have a lock']);
    expect(blame('locks', { ...rest, calls: [...calls, revoked] })).toEqual([]);
  });

  test('is had by one who had the lower fence, told late', () => {
    // Its lease ended before the other one got the lock; only its answer was slow.
    const steps = [at(0, 500, lock(5, 'one')), at(2, 12, lock(6, 'two'))];
    expect(blame('locks', historyOf(steps, { one: [-20_000, 10], two: [0, 10] }))).toEqual([]);
  });

  test('is given with higher and higher fences', () => {
    const steps = [at(0, 1, lock(6, 'one')), at(2, 3, unlock(6)), at(10, 12, lock(5, 'two'))];
    expect(blame('locks', historyOf(steps, leases))).toContain('fences go back');
    const same = [at(0, 1, lock(6, 'one')), at(2, 3, unlock(6)), at(10, 12, lock(6, 'two'))];
    expect(blame('locks', historyOf(same, leases))).toContain('a fence twice');
  });

  test('is given to whose turn it is, as long as its key is there', () => {
    expect(blame('locks', historyOf([at(0, 1, lock(6, 'one', 4))], leases))).toEqual(['a lock out of turn']);
    expect(blame('locks', historyOf([at(0, 1, lock(0, 'one'))], leases))).toEqual(['a lock out of turn']);
  });

  test('loses no update of somebody who surely has it', () => {
    const steps = [at(0, 1, lock(5, 'one')), at(2, 5, add(1, 5, false)), at(20, 21, elements())];
    expect(blame('locks', historyOf(steps, leases))).toEqual(['a lost update under a lock']);
    const seen = [at(0, 1, lock(5, 'one')), at(2, 5, add(1, 5, false)), at(20, 21, elements(1))];
    expect(blame('locks', historyOf(seen, leases))).toEqual([]);
  });

  test('without a fence, may lose updates to one who has lost it, and says so', () => {
    const steps = [
      at(0, 1, lock(5, 'one')),
      at(2, 9000, add(1, 5, false)),
      at(8000, 8001, lock(6, 'two')),
      at(8002, 8003, add(2, 6, false)),
      at(9001, 9002, elements(1)),
    ];
    const history = historyOf(steps, { one: [0, 5], two: [8000, 10] });
    expect(blame('locks', history)).toEqual([]);
    const verdict = checkers.find(({ name }) => name === 'locks')?.check(history);
    expect(verdict?.type === 'ok' ? verdict.remarks : []).toHaveLength(1);
  });

  test('with a fence, loses nothing', () => {
    const steps = [at(0, 1, lock(5, 'one')), at(2, 9000, add(1, 5, true)), at(9001, 9002, elements())];
    expect(blame('locks', historyOf(steps, leases))).toEqual(['a fenced write was lost']);
  });

  test('guards sets that the checker of sets leaves alone', () => {
    const steps = [at(0, 1, add(1, 5, false)), at(20, 21, elements(1))];
    const verdict = checkers.find(({ name }) => name === 'sets')?.check(historyOf(steps));
    expect(verdict?.type).toBe('skipped');
  });
});

describe('an election', () => {
  const campaign = (value: string, fence: number): OperationBody => ({
    kind: 'campaign',
    election: 'e',
    value,
    lease: value,
    outcome: ok({ fence }),
  });
  const leader = (value: string | null, fence: number): OperationBody => ({
    kind: 'leader',
    election: 'e',
    outcome: ok({ value, fence }),
  });
  type Seen = readonly [value: string, fence: number, atMs: number];
  const observe = (...leaders: readonly Seen[]): OperationBody => ({
    kind: 'observe',
    election: 'e',
    outcome: ok({ leaders: leaders.map(([value, fence, atMs]) => ({ value, fence, atUs: atMs * 1000 })) }),
  });
  const resign = (fence: number): OperationBody => ({
    kind: 'resign',
    election: 'e',
    fence,
    outcome: unknown,
  });
  const leases = { x: [0, 10], y: [0, 10] } as const;
  const xLeads = at(0, 1, campaign('x', 5));

  test('has one leader at a time, until it resigns', () => {
    expect(blame('elections', historyOf([xLeads, at(2, 9, campaign('y', 6))], leases))).toEqual(['two lead']);
    const resigned = [xLeads, at(3, 4, resign(5)), at(2, 9, campaign('y', 6))];
    expect(blame('elections', historyOf(resigned, leases))).toEqual([]);
  });

  test('is seen by whoever asks', () => {
    expect(blame('elections', historyOf([xLeads, at(2, 3, leader('x', 5))], leases))).toEqual([]);
    expect(blame('elections', historyOf([xLeads, at(2, 3, leader(null, 0))], leases))).toEqual([
      'a leader is not seen',
    ]);
    expect(blame('elections', historyOf([xLeads, at(9000, 9001, leader(null, 0))], leases))).toEqual([]);
  });

  test('shows leaders in their order', () => {
    const both = [xLeads, at(2, 3, resign(5)), at(2, 9, campaign('y', 6))];
    const back = historyOf([...both, at(10, 11, leader('x', 5))], leases);
    expect(blame('elections', back)).toContain('a leader that was followed leads again');
    const observed = (...seen: readonly Seen[]): History =>
      historyOf([...both, at(4, 20, observe(...seen))], leases);
    expect(blame('elections', observed(['x', 5, 5], ['y', 6, 8]))).toEqual([]);
    expect(blame('elections', observed(['y', 6, 8], ['x', 5, 9]))).toContain(
      'a leader that was followed leads again',
    );
  });

  test('knows each leader by its own value, and no other', () => {
    expect(blame('elections', historyOf([xLeads, at(2, 3, leader('z', 5))], leases))).toEqual([
      'two leaders with one fence',
      'a leader from nowhere',
    ]);
  });
});

describe('a membership', () => {
  const add = (member: string): OperationBody => ({
    kind: 'member-add',
    name: 'n',
    isLearner: false,
    outcome: ok({ member }),
  });
  const change = (
    kind: 'member-remove' | 'member-promote',
    member: string,
    outcome: typeof unknown | { readonly type: 'ok'; readonly value: null } = ok(null),
  ): OperationBody => ({ kind, member, outcome });
  const list = (...ids: readonly string[]): OperationBody => ({
    kind: 'members',
    linearizable: true,
    outcome: ok({
      members: ids.map((id) => ({ id: id.replace('?', ''), isLearner: id.endsWith('?'), peerUrls: [] })),
    }),
  });

  test('keeps who was added, until somebody may have removed it', () => {
    expect(blame('membership', historyOf([at(0, 1, add('a')), at(2, 3, list('a'))]))).toEqual([]);
    expect(blame('membership', historyOf([at(0, 1, add('a')), at(2, 3, list())]))).toEqual([
      'a member is missing',
    ]);
    const asked = [at(0, 1, add('a')), at(2, 3, change('member-remove', 'a', unknown)), at(4, 5, list())];
    expect(blame('membership', historyOf(asked))).toEqual([]);
  });

  test('never takes back who was removed', () => {
    const steps = [at(0, 1, change('member-remove', 'a')), at(2, 3, list('a'))];
    expect(blame('membership', historyOf(steps))).toEqual(['a member came back']);
    expect(
      blame('membership', historyOf([at(0, 1, change('member-remove', 'a')), at(1, 3, list('a'))])),
    ).toEqual([]);
  });

  test('keeps promotions, and gives each id once', () => {
    const promoted = [at(0, 1, change('member-promote', 'a')), at(2, 3, list('a?'))];
    expect(blame('membership', historyOf(promoted))).toEqual(['a promotion was lost']);
    expect(blame('membership', historyOf([at(0, 1, add('a')), at(2, 3, add('a'))]))).toEqual([
      'an id of a member twice',
    ]);
  });

  test('keeps the addresses of the last update', () => {
    const update: OperationBody = {
      kind: 'member-update',
      member: 'a',
      peerUrls: ['http://a:1'],
      outcome: ok(null),
    };
    expect(blame('membership', historyOf([at(0, 1, update), at(2, 3, list('a'))]))).toEqual([
      'addresses were lost',
    ]);
  });
});

describe('rights', () => {
  const change = (
    fact: string,
    holds: boolean,
    outcome: typeof unknown | typeof failed | { readonly type: 'ok'; readonly value: null } = ok(null),
  ): OperationBody => ({ kind: 'auth-change', what: fact, facts: [{ fact, holds }], outcome });
  const request = (allowed: boolean): OperationBody => ({
    kind: 'auth-request',
    what: 'read k as u',
    needs: [['u has r', 'r may read k'], ['u has s']],
    outcome: ok({ allowed }),
  });
  const given = [at(0, 1, change('u has r', true)), at(2, 3, change('r may read k', true))];

  test('allow what they allow from beginning to end', () => {
    expect(blame('auth', historyOf([...given, at(4, 5, request(true))]))).toEqual([]);
    expect(blame('auth', historyOf([...given, at(4, 5, request(false))]))).toEqual([
      'refused in spite of a right',
    ]);
  });

  test('do not allow what nothing allows', () => {
    expect(blame('auth', historyOf([at(0, 1, change('u has r', true)), at(4, 5, request(true))]))).toEqual([
      'served without a right',
    ]);
    const taken = [...given, at(6, 7, change('u has r', false)), at(8, 9, request(true))];
    expect(blame('auth', historyOf(taken))).toEqual(['served without a right']);
  });

  test.each([
    ['is under way', at(6, 20, change('u has r', false))],
    ['has an unknown outcome', at(6, 7, change('u has r', false, unknown))],
  ])('may go either way while a change %s', (_how, taking) => {
    for (const allowed of [true, false])
      expect(blame('auth', historyOf([...given, taking, at(8, 9, request(allowed))]))).toEqual([]);
  });

  test('are not touched by a change that was refused', () => {
    const refused = [...given, at(6, 7, change('u has r', false, failed))];
    expect(blame('auth', historyOf([...refused, at(8, 9, request(false))]))).toEqual([
      'refused in spite of a right',
    ]);
  });
});
