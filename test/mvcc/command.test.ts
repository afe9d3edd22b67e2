import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuorateError } from '../../src/base/index.js';
import { decodeKeyValue, decodeProposal, encodeKeyValue, encodeProposal } from '../../src/mvcc/index.js';
import type { Caller, Command, KeyValue, TxnRequest } from '../../src/mvcc/index.js';
import { anyAlarmCommand, anyAuthCommand, anyCaller, anyLeaseCommand } from './admin-requests.js';
import { plain } from './harness.js';
import {
  anyCompact,
  anyPut,
  anyRemove,
  anyWritingTxn,
  compact,
  compare,
  put,
  range,
  remove,
  txn,
} from './requests.js';

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  anyPut as fc.Arbitrary<Command>,
  anyRemove as fc.Arbitrary<Command>,
  anyWritingTxn as fc.Arbitrary<Command>,
  anyCompact as fc.Arbitrary<Command>,
  anyLeaseCommand,
  anyAlarmCommand,
  anyAuthCommand as fc.Arbitrary<Command>,
  fc.record({
    type: fc.constant('member-attributes' as const),
    id: fc.string(),
    name: fc.string({ unit: 'grapheme' }),
    clientUrls: fc.array(fc.webUrl(), { maxLength: 3 }),
  }) as fc.Arbitrary<Command>,
);

/** As the members themselves propose it: without a caller before it. */
function encodeCommand(command: Command): Buffer {
  return encodeProposal({ command, caller: 'trusted' });
}

function decodeCommand(bytes: Uint8Array): Command {
  const { command, caller } = decodeProposal(bytes);
  expect(caller).toBe('trusted');
  return command;
}

describe('a command in the log', () => {
  it('comes back as it was, and on whose behalf', () => {
    fc.assert(
      fc.property(anyCommand, anyCaller, (command, caller) => {
        const decoded = decodeProposal(encodeProposal({ command, caller }));
        expect(plain(decoded.command)).toEqual(plain(command));
        expect(decoded.caller).toEqual(caller);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['nobody', { user: '', authRevision: 0 }, '400100016b0176'],
    ['a user', { user: 'ñ', authRevision: 200 }, '4102c3b1c8010100016b0176'],
  ] satisfies readonly (readonly [string, Caller, string])[])(
    'has these bytes on behalf of %s',
    (_, caller, hex) => {
      expect(encodeProposal({ command: put('k', 'v'), caller }).toString('hex')).toBe(hex);
    },
  );

  // Frozen: a log of today is read by the programs of tomorrow.
  it.each([
    ['a put', put('k', 'v'), '0100016b0176'],
    ['an empty put', put('k', ''), '0100016b00'],
    [
      'a put with everything',
      put('k', 'v', { lease: -2n, prevKv: true, ignoreValue: true, ignoreLease: true }),
      '010ffffffffffffffffe016b0176',
    ],
    ['a deletion of one key', remove('k'), '0200016b'],
    ['a deletion of a range', remove('k', { rangeEnd: 'l', prevKv: true }), '0203016b016c'],
    ['a compaction', { ...compact(300), physical: true }, '0401d804'],
    [
      'member attributes',
      { type: 'member-attributes', id: 'a1', name: 'ñ', clientUrls: ['u'] },
      '0502613102c3b1010175',
    ],
    [
      'a transaction',
      txn(
        [
          compare('k', 'less', { type: 'mod', revision: 5 }),
          compare('k', 'not-equal', { type: 'value', value: Buffer.from('w') }, '\0'),
          compare('k', 'equal', { type: 'lease', lease: 1n }),
          compare('k', 'greater', { type: 'version', version: -1 }),
        ],
        [put('a', ''), txn([], [], [{ type: 'none' }])],
        [
          range('k', {
            rangeEnd: 'l',
            limit: 64,
            revision: -1,
            sortOrder: 'descend',
            sortTarget: 'value',
            countOnly: true,
            minModRevision: 1,
            maxModRevision: 2,
            minCreateRevision: 3,
            maxCreateRevision: 4,
          }),
        ],
      ),
      '03040a016b0a2f016b0100017710016b000000000000000101016b0302010001610003000001070' +
        '1060c016b016c800103120204' +
        '0608',
    ],
    ['a grant', { type: 'lease-grant', id: -1n, ttlSeconds: 60 }, '10ffffffffffffffff78'],
    ['a revocation', { type: 'lease-revoke', id: 7n, onlyInTerm: 2 }, '11000000000000000702'],
    [
      'a checkpoint',
      { type: 'lease-checkpoint', onlyInTerm: 2, leases: [{ id: 7n, remainingTtlSeconds: 5 }] },
      '1202010000000000000007' + '0a',
    ],
    ['an alarm', { type: 'alarm', action: 'deactivate', memberId: 'a1', alarm: 'corrupt' }, '1303026131'],
    ['auth on', { type: 'auth-enable' }, '20'],
    ['auth off', { type: 'auth-disable' }, '21'],
    ['a user', { type: 'user-add', user: 'u', hash: 'h', noPassword: true }, '220101750168'],
    ['a user gone', { type: 'user-delete', user: 'u' }, '230175'],
    ['a password', { type: 'user-change-password', user: 'u', hash: 'h' }, '2401750168'],
    ['a role given', { type: 'user-grant-role', user: 'u', role: 'r' }, '2501750172'],
    ['a role taken', { type: 'user-revoke-role', user: 'u', role: 'r' }, '2601750172'],
    ['a role', { type: 'role-add', role: 'r' }, '270172'],
    ['a role gone', { type: 'role-delete', role: 'r' }, '280172'],
    [
      'a permission',
      {
        type: 'role-grant-permission',
        role: 'r',
        permission: { permission: 'read-write', key: 'k', rangeEnd: 'l' },
      },
      '2901720201016b016c',
    ],
    [
      'a permission gone',
      { type: 'role-revoke-permission', role: 'r', range: { key: 'k', rangeEnd: null } },
      '2a017200016b',
    ],
    ['a token', { type: 'auth-token', user: 'u', token: 't', authRevision: 3 }, '2b0175017403'],
  ] satisfies readonly (readonly [string, Command, string])[])('has these bytes: %s', (_, command, hex) => {
    expect(encodeCommand(command).toString('hex')).toBe(hex);
    expect(plain(decodeCommand(Buffer.from(hex, 'hex')))).toEqual(plain(command));
  });

  it('refuses bytes that are no command, whatever they are', () => {
    const check = (bytes: Uint8Array): void => {
      try {
        decodeProposal(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(QuorateError);
        expect((error as QuorateError).code).toBe('storage-corrupt');
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), check), { numRuns: 2_000 });
    fc.assert(
      fc.property(anyCommand, fc.nat(), fc.nat(255), (command, position, value) => {
        const bytes = encodeCommand(command);
        bytes[position % bytes.length] = value;
        check(bytes);
        check(bytes.subarray(0, position % bytes.length));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', ''],
    ['an unknown tag', '63'],
    ['a value longer than the rest', '0100016bff0176'],
    ['a number without an end', '0100ffffffffffffffffffff'],
    ['something after the end', '0100016b017600'],
    ['a count that lies', '03ffffffff0f'],
    ['levels without an end', `03000001`.repeat(10_000)],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeCommand(Buffer.from(hex, 'hex'))).toThrow(QuorateError);
  });

  it('clamps numbers that no revision can have', () => {
    const decoded = decodeCommand(encodeCommand(compact(2 ** 63)));
    expect(decoded).toMatchObject({ revision: Number.MAX_SAFE_INTEGER });
    expect(decodeCommand(encodeCommand(compact(-(2 ** 63))))).toMatchObject({
      revision: -Number.MAX_SAFE_INTEGER,
    });
  });

  it('holds a transaction as deep as validation allows', () => {
    let deep: TxnRequest = txn([], []);
    for (let level = 0; level < 128; level++) deep = txn([], [deep]);
    expect(plain(decodeCommand(encodeCommand(deep)))).toEqual(plain(deep));
  });
});

describe('a stored key-value', () => {
  const anyKeyValue: fc.Arbitrary<KeyValue> = fc.record({
    key: fc
      .uint8Array({ minLength: 1, maxLength: 300 })
      .map((bytes) => Buffer.from(bytes).toString('latin1')),
    createRevision: fc.maxSafeNat(),
    modRevision: fc.maxSafeNat(),
    version: fc.maxSafeNat(),
    value: fc.uint8Array({ maxLength: 300 }),
    lease: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyKeyValue, (kv) => {
        const decoded = decodeKeyValue(encodeKeyValue(kv));
        expect({ ...decoded, value: [...decoded.value] }).toEqual({ ...kv, value: [...kv.value] });
      }),
    );
  });

  // As etcd writes mvccpb.KeyValue: its stores can be read, and its hashes compared.
  it.each([
    [
      { key: 'k', createRevision: 2, modRevision: 2, version: 1, value: Buffer.from('v'), lease: 0n },
      '0a016b1002180220012a0176',
    ],
    [
      { key: 'k', createRevision: 300, modRevision: 2 ** 40, version: 1, value: Buffer.alloc(0), lease: 0n },
      '0a016b10ac02188080808080202001',
    ],
    [
      { key: 'k', createRevision: 0, modRevision: 0, version: 0, value: Buffer.alloc(0), lease: -1n },
      '0a016b30ffffffffffffffffff01',
    ],
  ])('has these bytes: %o', (kv, hex) => {
    expect(encodeKeyValue(kv).toString('hex')).toBe(hex);
  });

  it('refuses bytes that are none', () => {
    fc.assert(
      fc.property(anyKeyValue, fc.nat(), fc.nat(255), (kv, position, value) => {
        const bytes = encodeKeyValue(kv);
        bytes[position % bytes.length] = value;
        try {
          decodeKeyValue(bytes);
        } catch (error) {
          expect((error as QuorateError).code).toBe('storage-corrupt');
        }
      }),
      { numRuns: 1_000 },
    );
    expect(() => decodeKeyValue(Buffer.from('0a056b', 'hex'))).toThrow(QuorateError);
    expect(() => decodeKeyValue(Buffer.from('10020a016b', 'hex'))).toThrow(QuorateError);
  });
});
