import { describe, expect, it } from 'vitest';
import { isExpected, malformedMessage, statusOf } from '../../src/api/errors.js';
import { InvariantError, QuorateError } from '../../src/base/index.js';
import type { ErrorCode } from '../../src/base/index.js';

/** As etcd 3.4.23 sends them. */
const etcdAnswers: readonly (readonly [ErrorCode, number, string])[] = [
  ['empty-key', 3, 'etcdserver: key is not provided'],
  ['key-not-found', 3, 'etcdserver: key not found'],
  ['value-provided', 3, 'etcdserver: value is provided'],
  ['lease-provided', 3, 'etcdserver: lease is provided'],
  ['too-many-operations', 3, 'etcdserver: too many operations in txn request'],
  ['duplicate-key', 3, 'etcdserver: duplicate key given in txn request'],
  ['invalid-sort-option', 3, 'etcdserver: invalid sort option'],
  ['request-too-large', 3, 'etcdserver: request is too large'],
  ['lease-not-found', 5, 'etcdserver: requested lease not found'],
  ['member-not-found', 5, 'etcdserver: member not found'],
  ['compacted', 11, 'etcdserver: mvcc: required revision has been compacted'],
  ['future-revision', 11, 'etcdserver: mvcc: required revision is a future revision'],
  ['no-leader', 14, 'etcdserver: no leader'],
  ['leader-changed', 14, 'etcdserver: leader changed'],
  ['timed-out', 14, 'etcdserver: request timed out'],
  ['stopped', 14, 'etcdserver: server stopped'],
  ['unhealthy', 14, 'etcdserver: unhealthy cluster'],
  ['too-many-requests', 2, 'etcdserver: too many requests'],
  ['not-enough-started-members', 2, 'etcdserver: re-configuration failed due to not enough started members'],
  ['not-leader', 9, 'etcdserver: not leader'],
  ['bad-leader-transferee', 9, 'etcdserver: bad leader transferee'],
  ['not-supported-for-learner', 9, 'etcdserver: rpc not supported for learner'],
  ['too-many-learners', 9, 'etcdserver: too many learner members in cluster'],
  ['learner-not-ready', 9, 'etcdserver: can only promote a learner member which is in sync with leader'],
];

describe('The table of errors', () => {
  it.each(etcdAnswers)('answers %s with code %i and "%s"', (code, grpcCode, message) => {
    expect(statusOf(new QuorateError(code, 'a sentence for the log'))).toEqual({ code: grpcCode, message });
  });

  it('keeps the sentence of what only a person can mend', () => {
    const error = new QuorateError('storage-failed', 'the disk is full');
    expect(statusOf(error)).toEqual({ code: 13, message: 'the disk is full' });
  });

  it('tells our bugs from what a handler may throw', () => {
    expect(isExpected(new QuorateError('timed-out'))).toBe(true);
    expect(isExpected(malformedMessage(new RangeError('index out of range')))).toBe(true);
    expect(isExpected(new QuorateError('internal'))).toBe(false);
    expect(isExpected(new InvariantError('broken'))).toBe(false);
    expect(statusOf(new InvariantError('broken'))).toEqual({ code: 13, message: 'broken' });
  });
});
