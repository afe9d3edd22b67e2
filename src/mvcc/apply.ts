import { unreachable } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import { Change } from './change.js';
import type { KeyIndex } from './key-index.js';
import type { LeaseSet } from './lease-set.js';
import type { Records } from './records.js';
import { checkPlan, checkPut, planTxn, runPlan } from './txn.js';
import type {
  AppliedPosition,
  Command,
  CommandResponse,
  CompactRequest,
  DeleteRangeRequest,
  MemberAttributes,
  Membership,
  Outcome,
  PutRequest,
  Revision,
  TxnRequest,
} from './types.js';

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
  readonly leases: LeaseSet;
}

/** Does what a command says. Deterministic: only the state and the command decide; a refusal changes nothing. */
export function applyCommand(options: ApplyOptions, command: Command): Outcome<CommandResponse> {
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
  return { ok: true, value: response };
}

function applyDeleteRange(options: ApplyOptions, request: DeleteRangeRequest): Outcome<CommandResponse> {
  const change = begin(options);
  const response = change.deleteRange(request);
  options.state.revision = change.revision;
  return { ok: true, value: response };
}

function applyTxn(options: ApplyOptions, request: TxnRequest): Outcome<CommandResponse> {
  const change = begin(options);
  const plan = planTxn(request, change);
  const error = checkPlan(plan, change, options.leases);
  if (error !== null) return refused(error);
  const response = runPlan(plan, change);
  options.state.revision = change.revision;
  return { ok: true, value: response };
}

/** From now on nobody reads below the revision; the records go later (compaction.ts). */
function applyCompact(state: State, { revision }: CompactRequest): Outcome<CommandResponse> {
  if (revision <= state.compactRevision) return refused('compacted');
  if (revision > state.revision) return refused('future-revision');
  state.compactRevision = revision;
  return { ok: true, value: { type: 'compact', revision: state.revision } };
}

function applyAttributes(state: State, attributes: MemberAttributes): Outcome<CommandResponse> {
  const { id, name, clientUrls } = attributes;
  const { membership } = state;
  if (!membership.members.some((member) => member.id === id)) return refused('member-not-found');
  const members = membership.members.map((member) =>
    member.id === id ? { ...member, name, clientUrls } : member,
  );
  state.membership = { ...membership, members };
  return { ok: true, value: { type: 'member-attributes', revision: state.revision } };
}

function begin({ state, index, records }: ApplyOptions): Change {
  const { revision, compactRevision } = state;
  return new Change({ index, records, revision, compactRevision });
}

function refused(error: ErrorCode): { readonly ok: false; readonly error: ErrorCode } {
  return { ok: false, error };
}
