import { messageOf, QuorateError } from '../../base/index.js';
import type { CommandResponse, Lease, LeaseId, Outcome, Proposal } from '../../mvcc/index.js';
import type { MemberContext } from '../context.js';
import { createSchedule } from './schedule.js';
import { spread } from './spread.js';

/** How often expired leases are looked for. */
const tickMs = 200;
/** Leases that are revoked in a second. etcd's rate, so that a pile of them leaves room for clients. */
export const revokesPerSecondMax = 1000;
const revokesPerTick = (revokesPerSecondMax * tickMs) / 1000;
/** Revocations on their way through the log. */
const revokingMax = 1000;
/** A revocation that failed while this member still leads is tried again after this. etcd's. */
const revokeRetryMs = 3000;
/** Leases in one entry of the log. etcd's. */
const checkpointLeasesMax = 1000;
const defaultCheckpointIntervalMs = 5 * 60_000;

/**
 * Knows when leases end: the clock of the leader of one term. It begins with every lease afresh (or with what a
 * checkpoint says is left) and an election timeout on top, because nobody could renew while there was no leader; it
 * ends with the term. What it revokes and notes goes through the log marked with the term, so an entry that comes late, of
 * a leader that slept, does nothing.
 */
export interface Lessor {
  readonly term: number;
  /**
   * Begins their time anew and tells the TTL of each; 0: there is no such lease; −1: it has expired, its revocation is
   * under way. Resolves once the log holds no checkpoint that would shorten them. Errors: those of a proposal.
   */
  renew(ids: readonly LeaseId[]): Promise<readonly number[]>;
  /** Whole milliseconds, not below 0; null: there is no such lease. */
  remainingMs(id: LeaseId): number | null;
  /** A command was applied. */
  applied(proposal: Proposal, outcome: Outcome<CommandResponse>): void;
  /** This member leads no more, or stops. */
  end(): void;
}

export function createLessor(context: MemberContext, term: number): Lessor {
  const { config, env, state } = context;
  const checkpointIntervalMs = config.leaseCheckpointIntervalMs ?? defaultCheckpointIntervalMs;
  const expiresAtMs = new Map<LeaseId, number>();
  const expiries = createSchedule();
  const checkpoints = createSchedule();
  let revoking = 0;
  let ended = false;

  function begin(id: LeaseId, atMs: number): void {
    expiresAtMs.set(id, atMs);
    expiries.set(id, atMs);
    scheduleCheckpoint(id);
  }

  function beginAll(): void {
    const startMs = env.monotonicMs() + config.electionTimeoutMs;
    const times = state.machine.leases
      .list()
      .map((lease) => ({ id: lease.id, atMs: startMs + 1000 * secondsLeft(lease) }));
    for (const { id, atMs } of spread(times, (3 * revokesPerSecondMax) / 4)) begin(id, atMs);
  }

  function scheduleCheckpoint(id: LeaseId): void {
    const nowMs = env.monotonicMs();
    const leftMs = (expiresAtMs.get(id) ?? nowMs) - nowMs;
    if (leftMs > checkpointIntervalMs) checkpoints.set(id, nowMs + checkpointIntervalMs);
    else checkpoints.delete(id);
  }

  function forget(id: LeaseId): void {
    expiresAtMs.delete(id);
    expiries.delete(id);
    checkpoints.delete(id);
  }

  function tick(): void {
    if (ended) return;
    env.after(tickMs, tick);
    const nowMs = env.monotonicMs();
    const room = Math.min(revokesPerTick, revokingMax - revoking);
    for (const id of expiries.takeDue(nowMs, room)) revoke(id);
    const due = checkpoints.takeDue(nowMs, checkpointLeasesMax);
    if (due.length > 0) checkpoint(due, nowMs);
  }

  function revoke(id: LeaseId): void {
    revoking += 1;
    const command = { type: 'lease-revoke', id, onlyInTerm: term } as const;
    context
      .propose(command, 'lease-revoke', 'trusted')
      .catch((error: unknown) => {
        if (ended) return;
        const isGone = error instanceof QuorateError && error.code === 'lease-not-found';
        if (isGone) forget(id);
        else expiries.set(id, env.monotonicMs() + revokeRetryMs);
        if (!isGone)
          env.logger.warn('an expired lease could not be revoked yet', { reason: messageOf(error) });
      })
      .finally(() => (revoking -= 1));
  }

  function checkpoint(due: readonly LeaseId[], nowMs: number): void {
    const leases = due.flatMap((id) => {
      const leftMs = (expiresAtMs.get(id) ?? nowMs) - nowMs;
      return leftMs > 0 ? [{ id, remainingTtlSeconds: Math.ceil(leftMs / 1000) }] : [];
    });
    propose(leases).catch((error: unknown) => {
      if (!ended) env.logger.warn('what is left of leases could not be noted', { reason: messageOf(error) });
    });
    for (const id of due) scheduleCheckpoint(id);
  }

  async function propose(
    leases: readonly { readonly id: LeaseId; readonly remainingTtlSeconds: number }[],
  ): Promise<void> {
    const command = { type: 'lease-checkpoint', onlyInTerm: term, leases } as const;
    await context.propose(command, 'lease-checkpoint', 'trusted');
  }

  /** A renewal that the log shortens would not outlive this leader. */
  async function clearCheckpoints(ids: readonly LeaseId[]): Promise<void> {
    for (let from = 0; from < ids.length; from += checkpointLeasesMax) {
      const batch = ids.slice(from, from + checkpointLeasesMax);
      await propose(batch.map((id) => ({ id, remainingTtlSeconds: 0 })));
    }
  }

  function renew(id: LeaseId, shortened: LeaseId[]): number {
    const lease = state.machine.leases.get(id);
    if (lease === undefined) return 0;
    const nowMs = env.monotonicMs();
    if ((expiresAtMs.get(id) ?? Infinity) <= nowMs) return -1;
    begin(id, nowMs + 1000 * lease.ttlSeconds);
    if (lease.remainingTtlSeconds > 0) shortened.push(id);
    return lease.ttlSeconds;
  }

  beginAll();
  env.after(tickMs, tick);
  return {
    term,
    async renew(ids) {
      const shortened: LeaseId[] = [];
      const ttls = ids.map((id) => renew(id, shortened));
      await clearCheckpoints(shortened);
      return ttls;
    },
    remainingMs(id) {
      if (state.machine.leases.get(id) === undefined) return null;
      return Math.max(0, Math.floor((expiresAtMs.get(id) ?? 0) - env.monotonicMs()));
    },
    applied({ command }, outcome) {
      if (!outcome.ok) return;
      if (command.type === 'lease-grant') begin(command.id, env.monotonicMs() + 1000 * command.ttlSeconds);
      else if (command.type === 'lease-revoke') forget(command.id);
    },
    end() {
      ended = true;
      expiresAtMs.clear();
      expiries.clear();
      checkpoints.clear();
    },
  };
}

function secondsLeft({ ttlSeconds, remainingTtlSeconds }: Lease): number {
  return remainingTtlSeconds > 0 ? remainingTtlSeconds : ttlSeconds;
}
