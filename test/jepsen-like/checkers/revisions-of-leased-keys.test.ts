import { describe, expect, it } from 'vitest';
import { checkers } from '../../../jepsen-like/checkers/index.js';
import type { Verdict } from '../../../jepsen-like/checkers/index.js';
import type { Call, History, Outcome, Response } from '../../../jepsen-like/history/index.js';

const error = 'etcdserver: server stopped';

/** A put of `k` with that outcome, a read that sees it, and, once its lease has ended, a read that does not. */
function verdictFor(lease: string, outcome: Outcome<Response>): Verdict {
  const kv = { key: 'k', value: 'v', createRevision: 2, modRevision: 2, version: 1, lease };
  const range = (id: number, revision: number, kvs: readonly (typeof kv)[]): Call => ({
    ...{ id, process: 0, member: 'm1', invokedUs: id * 100, completedUs: id * 100 + 50 },
    request: { type: 'range', key: 'k', rangeEnd: '', revision: 0, limit: 0, serializable: false },
    outcome: { type: 'ok', value: { type: 'range', revision, kvs, count: kvs.length, more: false } },
  });
  const put: Call = {
    ...{ id: 0, process: 0, member: 'm1', invokedUs: 0, completedUs: 50 },
    request: { type: 'put', key: 'k', value: 'v', lease },
    outcome,
  };
  const history: History = {
    ...{ format: 'quorate-history-1', system: 'made up', replay: null, plan: null },
    ...{ operations: [], watches: [], faults: [], members: [] },
    calls: [put, range(1, 2, [kv]), range(2, 3, [])],
  };
  const revisions = checkers.find(({ name }) => name === 'revisions');
  return revisions?.check(history) ?? { type: 'skipped' };
}

describe('revisions of a key that hangs on a lease', () => {
  it('may see it go without a request, whether its put was answered', () => {
    expect(verdictFor('7', { type: 'ok', value: { type: 'put', revision: 2 } }).type).toBe('ok');
  });
  it('or was not', () => {
    expect(verdictFor('7', { type: 'unknown', error }).type).toBe('ok');
  });
  it('blame the loss of one that hangs on none', () => {
    expect(verdictFor('0', { type: 'unknown', error }).type).toBe('violated');
  });
});
