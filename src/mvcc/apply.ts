import { unreachable } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { AlarmState } from './alarms.js';
import type { AuthState } from './auth/index.js';
import { Change } from './change.js';
import { checkDeletion, checkWork } from './command-work.js';
import type { KeyIndex } from './key-index.js';
import type { LeaseState } from './leases.js';
import type { Records } from './records.js';
import { runThrough } from './steps.js';
import { checkPlan, checkPut, planTxn, runPlan } from './txn.js';
import type {
  AlarmCommand,
  AppliedPosition,
  AuthCommand,
  Command,
  CommandResponse,
  CompactRequest,
  DeleteRangeRequest,
  LeaseCheckpoint,
  LeaseGrant,
  LeaseRevoke,
  MemberAttributes,
  Membership,
  Outcome,
  Proposal,
  PutRequest,
  Revision,
  TxnRequest,
} from './types.js';
import { commandWorkMax, createBudget, weighedWork } from './work.js';

/** The state that commands change, beside the keys. Apply changes it; everything else reads it. */
export interface State {
  applied: AppliedPosition;
  revision: Revision;
  compactRevision: Revision;
  membership: Membership;
}

export interface ApplyOptions {
  readonly state: State;
  readonly index: KeyIndex;
  readonly records: Records;
  readonly leases: LeaseState;
  readonly alarms: AlarmState;
  readonly auth: AuthState;
}

/**
 * Does what a proposal says, at `options.state.applied`. Deterministic: only the state and the proposal decide; a refusal
 * changes nothing. In etcd's order: what an alarm forbids, what the caller may, what the command needs.
 */
export function applyProposal(options: ApplyOptions, proposal: Proposal): Outcome<CommandResponse> {
  const { alarms, auth, leases } = options;
  const error = alarms.check(proposal.command) ?? auth.checkProposal(proposal, leases);
  return error === null ? applyCommand(options, proposal.command) : refused(error);
}

function applyCommand(options: ApplyOptions, command: Command): Outcome<CommandResponse> {
  switch (command.type) {
    case 'put':
      return applyPut(options, command);
    case 'delete-range':
      return applyDeleteRange(options, command);
    case 'txn':
      return applyTxn(options, command);
    case 'compact':
      return applyCompact(options.state, command);
    case 'member-attributes':
      return applyAttributes(options.state, command);
    case 'lease-grant':
      return applyGrant(options, command);
    case 'lease-revoke':
      return applyRevoke(options, command);
    case 'lease-checkpoint':
      return applyCheckpoint(options, command);
    case 'alarm':
      return applyAlarm(options, command);
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
    case 'auth-token':
      return applyAuth(options, command);
    default:
      return unreachable(command);
  }
}

function applyPut(options: ApplyOptions, request: PutRequest): Outcome<CommandResponse> {
  const change = begin(options);
  const error = checkPut(request, change, options.leases);
  if (error !== null) return refused(error);
  const response = change.put(request);
  options.state.revision = change.revision;
  return done(response);
}

function applyDeleteRange(options: ApplyOptions, request: DeleteRangeRequest): Outcome<CommandResponse> {
  const change = begin(options);
  const error = checkDeletion(request, change);
  if (error !== null) return refused(error);
  const response = change.deleteRange(request);
  options.state.revision = change.revision;
  return done(response);
}

function applyTxn(options: ApplyOptions, request: TxnRequest): Outcome<CommandResponse> {
  const change = begin(options);
  const budget = createBudget(commandWorkMax);
  const plan = runThrough(planTxn(request, change, weighedWork, budget));
  if (budget.isSpent) return refused('too-many-keys');
  const error = checkPlan(plan, change, options.leases) ?? checkWork(plan.operations, change, budget);
  if (error !== null) return refused(error);
  const response = runPlan(plan, change);
  options.state.revision = change.revision;
  return done(response);
}

/** From now on nobody reads below the revision; the records go later (compaction.ts). */
function applyCompact(state: State, { revision }: CompactRequest): Outcome<CommandResponse> {
  if (revision <= state.compactRevision) return refused('compacted');
  if (revision > state.revision) return refused('future-revision');
  state.compactRevision = revision;
  return done({ type: 'compact', revision: state.revision });
}

function applyAttributes(state: State, attributes: MemberAttributes): Outcome<CommandResponse> {
  const { id, name, clientUrls } = attributes;
  const { membership } = state;
  if (!membership.members.some((member) => member.id === id)) return refused('member-not-found');
  const members = membership.members.map((member) =>
    member.id === id ? { ...member, name, clientUrls } : member,
  );
  state.membership = { ...membership, members };
  return done({ type: 'member-attributes', revision: state.revision });
}

function applyGrant({ state, leases }: ApplyOptions, grant: LeaseGrant): Outcome<CommandResponse> {
  if (leases.get(grant.id) !== undefined) return refused('lease-exists');
  leases.grant(grant.id, grant.ttlSeconds);
  return done({ type: 'lease-grant', revision: state.revision });
}

/** The lease and its keys go together, the keys in their order and in one revision. */
function applyRevoke(options: ApplyOptions, revoke: LeaseRevoke): Outcome<CommandResponse> {
  const { state, leases } = options;
  if (isOfAnotherTerm(state, revoke)) return refused('leader-changed');
  if (leases.get(revoke.id) === undefined) return refused('lease-not-found');
  const change = begin(options);
  for (const key of leases.keysOf(revoke.id)) change.delete(key);
  leases.revoke(revoke.id);
  state.revision = change.revision;
  return done({ type: 'lease-revoke', revision: state.revision });
}

function applyCheckpoint(options: ApplyOptions, checkpoint: LeaseCheckpoint): Outcome<CommandResponse> {
  const { state, leases } = options;
  if (isOfAnotherTerm(state, checkpoint)) return refused('leader-changed');
  leases.checkpoint(checkpoint.leases);
  return done({ type: 'lease-checkpoint', revision: state.revision });
}

/** What a leader says of time counts only while it leads. */
function isOfAnotherTerm({ applied }: State, { onlyInTerm }: LeaseRevoke | LeaseCheckpoint): boolean {
  return onlyInTerm > 0 && onlyInTerm !== applied.term;
}

function applyAlarm({ state, alarms }: ApplyOptions, command: AlarmCommand): Outcome<CommandResponse> {
  const isOfMember = state.membership.members.some(({ id }) => id === command.memberId);
  const named = alarms.apply(command, isOfMember);
  if (named === null) return refused('too-many-requests');
  return done({ type: 'alarm', revision: state.revision, alarms: named });
}

function applyAuth({ state, auth }: ApplyOptions, command: AuthCommand): Outcome<CommandResponse> {
  const error = auth.apply(command);
  return error === null ? done({ type: 'auth', revision: state.revision }) : refused(error);
}

function begin({ state, index, records }: ApplyOptions): Change {
  const { revision, compactRevision } = state;
  return new Change({ index, records, revision, compactRevision });
}

function done(value: CommandResponse): Outcome<CommandResponse> {
  return { ok: true, value };
}

function refused(error: ErrorCode): { readonly ok: false; readonly error: ErrorCode } {
  return { ok: false, error };
}
