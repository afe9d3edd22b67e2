import { unreachable } from '../../base/index.js';
import type { ErrorCode } from '../../base/index.js';
import type {
  AuthUser,
  AuthView,
  Caller,
  KeyRange,
  LeaseId,
  LeaseTable,
  Principal,
  Proposal,
  PutRequest,
  RangeRequest,
  TxnOperation,
  TxnRequest,
} from '../types.js';
import type { RightsCache } from './rights.js';

/** What of the leases decides about permissions. */
export type LeaseKeys = Pick<LeaseTable, 'get' | 'keysOf'>;

export interface Checks extends Pick<AuthView, 'checkRead' | 'checkRange' | 'checkAdmin' | 'checkUser'> {
  checkProposal(proposal: Proposal, leases: LeaseKeys): ErrorCode | null;
}

export interface CheckOptions {
  readonly isEnabled: () => boolean;
  readonly revision: () => number;
  readonly userOf: (name: string) => AuthUser | undefined;
  readonly rights: RightsCache;
}

const noLeases: LeaseKeys = { get: () => undefined, keysOf: () => [] };

/**
 * Who may do what, while users are needed. The rules and the order in which they speak are etcd's (`isOpPermitted`,
 * `IsAdminPermitted`, `authApplierV3`), its corrections of 2026 included: a put within a transaction is held to the same
 * rules as one outside (CVE-2026-44283), and leases, compaction and alarms are not for everybody (CVE-2026-33413).
 */
export function createChecks({ isEnabled, revision, userOf, rights }: CheckOptions): Checks {
  function checkUser(caller: Caller): ErrorCode | null {
    return isFree(caller) || caller.user !== '' ? null : 'user-empty';
  }

  /** Does not look at the revision: etcd does not either. */
  function checkAdmin(caller: Caller): ErrorCode | null {
    if (isFree(caller)) return null;
    if (caller.user === '') return 'user-empty';
    const user = userOf(caller.user);
    if (user === undefined) return 'user-not-found';
    return rights.of(user).isRoot ? null : 'permission-denied';
  }

  function checkRange(caller: Caller, range: KeyRange, permission: 'read' | 'write'): ErrorCode | null {
    if (isFree(caller)) return null;
    if (caller.authRevision === 0) return 'user-empty';
    if (caller.authRevision < revision()) return 'auth-revision-old';
    const user = userOf(caller.user);
    if (user === undefined) return 'permission-denied';
    const { isRoot, [permission]: permitted } = rights.of(user);
    return isRoot || permitted.covers(range) ? null : 'permission-denied';
  }

  function isFree(caller: Caller): caller is 'trusted' {
    return caller === 'trusted' || !isEnabled();
  }

  function checkOperation(caller: Principal, operation: TxnOperation, leases: LeaseKeys): ErrorCode | null {
    switch (operation.type) {
      case 'range':
        return checkRange(caller, operation, 'read');
      case 'put':
        return checkPut(caller, operation, leases);
      case 'delete-range':
        return (
          checkRange(caller, operation, 'write') ??
          (operation.prevKv ? checkRange(caller, operation, 'read') : null)
        );
      case 'txn':
        return checkTxn(caller, operation, leases);
      case 'none':
        return null; // Validation has refused it.
      default:
        return unreachable(operation);
    }
  }

  function checkPut(
    caller: Principal,
    { key, lease, prevKv }: PutRequest,
    leases: LeaseKeys,
  ): ErrorCode | null {
    const range = { key, rangeEnd: null };
    return (
      checkRange(caller, range, 'write') ??
      checkLease(caller, lease, leases) ??
      (prevKv ? checkRange(caller, range, 'read') : null)
    );
  }

  /** Both branches, whichever will be taken: which one is would tell what the compared keys hold. */
  function checkTxn(caller: Principal, request: TxnRequest, leases: LeaseKeys): ErrorCode | null {
    for (const compare of request.compare) {
      const error = checkRange(caller, compare, 'read');
      if (error !== null) return error;
    }
    for (const operation of [...request.success, ...request.failure]) {
      const error = checkOperation(caller, operation, leases);
      if (error !== null) return error;
    }
    return null;
  }

  /** Who binds a key to a lease, or ends it, has its other keys in hand: it must be allowed to write them all. */
  function checkLease(caller: Principal, id: LeaseId, leases: LeaseKeys): ErrorCode | null {
    if (id === 0n || leases.get(id) === undefined || checkAdmin(caller) === null) return null;
    for (const key of leases.keysOf(id)) {
      const error = checkRange(caller, { key, rangeEnd: null }, 'write');
      if (error !== null) return error;
    }
    return null;
  }

  function checkRead(caller: Caller, request: RangeRequest | TxnRequest): ErrorCode | null {
    return isFree(caller) ? null : checkOperation(caller, request, noLeases);
  }

  function checkProposal({ command, caller }: Proposal, leases: LeaseKeys): ErrorCode | null {
    if (caller === 'trusted') return null;
    // Even while users are not needed nobody else may say that somebody has logged in.
    if (command.type === 'auth-token') return 'permission-denied';
    if (isFree(caller)) return null;
    switch (command.type) {
      case 'put':
      case 'delete-range':
      case 'txn':
        return checkOperation(caller, command, leases);
      case 'lease-grant':
        return checkUser(caller);
      case 'lease-revoke':
        return checkUser(caller) ?? checkLease(caller, command.id, leases);
      case 'compact':
      case 'alarm':
      case 'lease-checkpoint':
      case 'member-attributes':
      case 'auth-enable':
      case 'auth-disable':
      case 'user-add':
      case 'user-delete':
      case 'user-change-password':
      case 'user-grant-role':
      case 'user-revoke-role':
      case 'role-add':
      case 'role-delete':
      case 'role-grant-permission':
      case 'role-revoke-permission':
        return checkAdmin(caller);
      default:
        return unreachable(command);
    }
  }

  return { checkUser, checkAdmin, checkRange, checkRead, checkProposal };
}
