import fc from 'fast-check';
import type { AuthCommand, Caller, Command, Permission } from '../../src/mvcc/index.js';

/** Commands that are not about keys, of every kind. */

const key = fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const name = fc.string({ unit: 'grapheme', maxLength: 4 });
const lease = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const term = fc.maxSafeNat();
const keyRange = fc.record({ key, rangeEnd: fc.option(key, { nil: null }) });
const permission: fc.Arbitrary<Permission> = fc.record({
  permission: fc.constantFrom('read' as const, 'write' as const, 'read-write' as const),
  key,
  rangeEnd: fc.option(key, { nil: null }),
});

export const anyLeaseCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant('lease-grant' as const), id: lease, ttlSeconds: fc.maxSafeInteger() }),
  fc.record({ type: fc.constant('lease-revoke' as const), id: lease, onlyInTerm: term }),
  fc.record({
    type: fc.constant('lease-checkpoint' as const),
    onlyInTerm: term,
    leases: fc.array(fc.record({ id: lease, remainingTtlSeconds: fc.maxSafeNat() }), { maxLength: 3 }),
  }),
);

export const anyAlarmCommand: fc.Arbitrary<Command> = fc.record({
  type: fc.constant('alarm' as const),
  action: fc.constantFrom('activate' as const, 'deactivate' as const),
  memberId: fc.constantFrom('00000000000000a1', 'ffffffffffffffff'),
  alarm: fc.constantFrom('no-space' as const, 'corrupt' as const),
});

export const anyAuthCommand: fc.Arbitrary<AuthCommand> = fc.oneof(
  fc.record({ type: fc.constantFrom('auth-enable' as const, 'auth-disable' as const) }),
  fc.record({
    type: fc.constant('user-add' as const),
    user: name,
    hash: fc.string(),
    noPassword: fc.boolean(),
  }),
  fc.record({ type: fc.constant('user-delete' as const), user: name }),
  fc.record({ type: fc.constant('user-change-password' as const), user: name, hash: fc.string() }),
  fc.record({
    type: fc.constantFrom('user-grant-role' as const, 'user-revoke-role' as const),
    user: name,
    role: name,
  }),
  fc.record({ type: fc.constantFrom('role-add' as const, 'role-delete' as const), role: name }),
  fc.record({ type: fc.constant('role-grant-permission' as const), role: name, permission }),
  fc.record({ type: fc.constant('role-revoke-permission' as const), role: name, range: keyRange }),
  fc.record({ type: fc.constant('auth-token' as const), user: name, token: fc.string(), authRevision: term }),
);

export const anyCaller: fc.Arbitrary<Caller> = fc.oneof(
  fc.constantFrom<Caller>('trusted', { user: '', authRevision: 0 }),
  fc.record({
    user: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }),
    authRevision: fc.maxSafeNat(),
  }),
);
