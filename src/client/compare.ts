import { etcdserverpb } from '../gen/protos.js';
import { leaseIdOf, wireLease } from './entry.js';
import type { LeaseLike } from './entry.js';
import { bytesOf, wireKeys } from './keys.js';
import type { Bytes, Keys } from './keys.js';

export type CompareSign = '=' | '!=' | '<' | '>';

/** One condition of a transaction; made by `compare`. */
export interface Compare {
  readonly wire: etcdserverpb.Compare.$Properties;
}

const { CompareResult, CompareTarget } = etcdserverpb.Compare;

const results: Readonly<Record<CompareSign, etcdserverpb.Compare.CompareResult>> = {
  '=': CompareResult.EQUAL,
  '!=': CompareResult.NOT_EQUAL,
  '<': CompareResult.LESS,
  '>': CompareResult.GREATER,
};

/**
 * Conditions of a transaction:
 *
 *     compare.value('lock', '=', 'mine')
 *     compare.modRevision('config', '=', entry.modRevision)   // nobody wrote it since
 *     compare.missing('users/ada')
 *
 * A key that is not there compares as 0, but `value` of one is never true, not even with `!=`. With a range instead of
 * a key, every key in it has to fulfil the condition.
 */
export const compare = {
  value: (keys: Keys, sign: CompareSign, value: Bytes): Compare =>
    made(keys, sign, { target: CompareTarget.VALUE, value: bytesOf(value) }),
  version: (keys: Keys, sign: CompareSign, version: number): Compare =>
    made(keys, sign, { target: CompareTarget.VERSION, version }),
  createRevision: (keys: Keys, sign: CompareSign, createRevision: number): Compare =>
    made(keys, sign, { target: CompareTarget.CREATE, createRevision }),
  modRevision: (keys: Keys, sign: CompareSign, modRevision: number): Compare =>
    made(keys, sign, { target: CompareTarget.MOD, modRevision }),
  lease: (keys: Keys, sign: CompareSign, lease: LeaseLike): Compare =>
    made(keys, sign, { target: CompareTarget.LEASE, lease: wireLease(leaseIdOf(lease)) }),
  exists: (key: Bytes): Compare => compare.version(key, '>', 0),
  missing: (key: Bytes): Compare => compare.version(key, '=', 0),
} as const;

function made(keys: Keys, sign: CompareSign, operand: etcdserverpb.Compare.$Properties): Compare {
  return { wire: { ...wireKeys(keys), result: results[sign], ...operand } };
}
