import type { CommandResponse, Membership, Outcome, Proposal } from '../mvcc/index.js';
import type { NodeId, Position } from '../raft/index.js';

/** Leads in `term` if `leader` is this member. */
export interface Leadership {
  readonly term: number;
  readonly leader: NodeId | null;
}

/** A part of the member that follows what the driver does. Told within the driver's turn: it neither waits nor throws. */
export interface Observer {
  /** A command was applied, whoever proposed it. */
  applied?(proposal: Proposal, outcome: Outcome<CommandResponse>): void;
  /** A change of the membership was applied: this is the membership from here on. */
  membershipApplied?(position: Position, membership: Membership): void;
  /** All that could be applied in this turn is. */
  turnApplied?(): void;
  /** Term or leader are no longer what they were. */
  leadershipChanged?(leadership: Leadership): void;
  /** A snapshot from the leader has replaced the state machine: anything may have changed. */
  stateReplaced?(): void;
  /** The member stops, for whatever reason. */
  stopped?(): void;
}
