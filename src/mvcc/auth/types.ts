import type { ErrorCode } from '../../base/index.js';
import type { AuthCommand, AuthView, LeaseTable, Proposal } from '../types.js';

/** Users, roles and what they may do: the part of the replicated state behind `StateMachine.auth`. */
export interface AuthState extends AuthView {
  /** Changes the state and its rows. Null: done. A refusal changes nothing and is the same on every member. */
  apply(command: AuthCommand): ErrorCode | null;
  /**
   * Whether the one who asked may have this done, to be asked before a proposal is applied: null, or why not. `leases` tells
   * which keys hang on the leases that the command names.
   */
  checkProposal(proposal: Proposal, leases: Pick<LeaseTable, 'get' | 'keysOf'>): ErrorCode | null;
}
