import { messageOf, QuorateError } from '../base/index.js';
import type { Membership } from '../mvcc/index.js';
import type { ConfigurationChange, NodeId, Position } from '../raft/index.js';
import type { AppliedChanges } from './applied-changes.js';
import type { MemberChange, MemberChangeAnswer, MemberChangeQuestion } from './call-types.js';
import { planAdmission, planChange } from './change-plan.js';
import type { ChangePlan } from './change-plan.js';
import { requestTimeoutMs } from './config.js';
import type { MemberContext } from './context.js';
import { encodeMemberContext, joiningOf } from './membership.js';
import { moveLeadership } from './moving.js';
import { refuse } from './outcome.js';
import { checkQuorum } from './quorum-check.js';

/** A learner may vote once it holds this much of the leader's log. etcd's. */
const learnerReadyShare = 0.9;
const defaultLearnersMax = 1;
const retryMs = 50;
/** A newcomer that lags by no more than this gets its vote. */
const admissionLagEntriesMax = 1000;
/** Changes that wait for the one before them. */
const changesWaitingMax = 64;

/** The leader's side of a change of the cluster: one after the other, each until this member has applied it. */
export function createReconfiguration(
  context: MemberContext,
  changes: AppliedChanges,
): (question: MemberChangeQuestion) => Promise<MemberChangeAnswer> {
  const { config, env, core, driver, state } = context;
  const { id: self } = core.status();
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function makeChange({ change, caller }: MemberChangeQuestion): Promise<MemberChangeAnswer> {
    if (core.role !== 'leader') throw new QuorateError('not-leader');
    await driver.barrier();
    refuse(state.machine.auth.checkAdmin(caller));
    const { membership } = state.machine;
    check(membership, change);
    const plan = planChange(membership, change, {
      learnersMax: config.learnersMax ?? defaultLearnersMax,
      random: env.random,
    });
    if (!plan.ok) throw new QuorateError(plan.error);
    if (removes(plan, self)) await handOver();
    return carryOut(plan);
  }

  function check(membership: Membership, change: MemberChange): void {
    const learner = change.type === 'promote' || change.type === 'replace' ? change.id : null;
    if (learner !== null) requireReady(learner);
    if (config.strictReconfigCheck === false) return;
    const view = { members: membership.members, isConnected, isSelf: (id: NodeId) => id === self };
    refuse(checkQuorum(view, change));
  }

  /** For as long as an election takes: one that comes and goes does not count. */
  function isConnected(id: NodeId): boolean {
    return id === self || (env.network.connectedForMs(id) ?? 0) >= config.electionTimeoutMs;
  }

  function requireReady(learner: NodeId): void {
    const { progress, last: own } = core.status();
    const match = progress.get(learner)?.match;
    if (match !== undefined && match < own.index * learnerReadyShare)
      throw new QuorateError('learner-not-ready');
  }

  /**
   * Whoever is to leave does not lead any more: the cluster would be without a leader until it has chosen another. If
   * nobody takes over, the leader removes itself and steps down then.
   */
  async function handOver(): Promise<void> {
    const heir = bestHeir();
    if (heir === null) return;
    try {
      await moveLeadership(context, heir);
    } catch (error) {
      env.logger.warn('the leadership did not move before its leader leaves', { reason: messageOf(error) });
    }
    if (core.role !== 'leader') throw new QuorateError('not-leader'); // Whoever asked asks the new one.
  }

  function bestHeir(): NodeId | null {
    const { progress, configuration } = core.status();
    let best: { readonly id: NodeId; readonly match: number } | null = null;
    for (const [id, { match }] of progress) {
      if (!configuration.voters.includes(id) || !isConnected(id)) continue;
      if (best === null || match > best.match) best = { id, match };
    }
    return best?.id ?? null;
  }

  async function carryOut(plan: Extract<ChangePlan, { ok: true }>): Promise<MemberChangeAnswer> {
    const { steps, announced } = plan;
    const position = await propose({ type: 'change', steps, context: encodeMemberContext(announced) });
    const applied = await changes.membershipAt(position);
    const isJoint = applied.configuration.outgoing.length > 0;
    const { members } = isJoint ? await changes.outOfJoint() : applied;
    const { id } = plan.member;
    const member = members.find((each) => each.id === id) ?? plan.member;
    return { index: isJoint ? state.machine.applied.index : position.index, member, members };
  }

  /** Where in the log it stands. Waits for a change that is not committed yet, and for a transfer to end. */
  async function propose(change: ConfigurationChange): Promise<Position> {
    const deadlineMs = env.monotonicMs() + requestTimeoutMs(config);
    for (;;) {
      // Whoever follows would pass it on, and be asked to make the change once more.
      if (core.role !== 'leader') throw new QuorateError('not-leader');
      const rejection = driver.step({ type: 'propose-configuration', change });
      if (rejection === null) return core.status().last;
      if (rejection === 'invalid-configuration-change') throw new QuorateError('not-enough-started-members');
      const isBusy =
        rejection === 'configuration-change-in-progress' || rejection === 'transferring-leadership';
      if (!isBusy) throw new QuorateError('not-leader');
      if (env.monotonicMs() >= deadlineMs) throw new QuorateError('configuration-change-in-progress');
      await new Promise<void>((resolve) => env.after(retryMs, resolve));
    }
  }

  /** One change after the other. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= changesWaitingMax) throw new QuorateError('too-many-requests');
    waiting += 1;
    const done = last.then(work).finally(() => (waiting -= 1));
    last = done.catch(() => undefined);
    return done;
  }

  // --- Newcomers that are to vote -----------------------------------------------------------------------------

  let watching = false;
  let isStopped = false;
  driver.observe({
    leadershipChanged: watchNewcomers,
    membershipApplied: watchNewcomers,
    stopped: () => (isStopped = true),
  });

  function watchNewcomers(): void {
    if (watching || isStopped || core.role !== 'leader' || joiningOf(state.machine.membership).length === 0)
      return;
    watching = true;
    env.after(config.heartbeatIntervalMs, () => {
      admitNewcomers()
        .catch((error: unknown) =>
          env.logger.debug('a newcomer has no vote yet', { reason: messageOf(error) }),
        )
        .finally(() => {
          watching = false;
          watchNewcomers();
        })
        .catch(() => undefined);
    });
  }

  async function admitNewcomers(): Promise<void> {
    for (const id of joiningOf(state.machine.membership)) {
      if (isThere(id)) await inTurn(() => admit(id));
    }
  }

  async function admit(id: NodeId): Promise<void> {
    const { membership } = state.machine;
    const member = membership.members.find((each) => each.id === id);
    const isStill = core.role === 'leader' && joiningOf(membership).includes(id) && isThere(id);
    if (member !== undefined && isStill) await carryOut(planAdmission(member));
  }

  function isThere(id: NodeId): boolean {
    const { progress, last: own } = core.status();
    const newcomer = progress.get(id);
    const isNear = newcomer?.state === 'replicate' && own.index - newcomer.match <= admissionLagEntriesMax;
    return isNear && env.network.connectedForMs(id) !== null;
  }

  return (question) => inTurn(() => makeChange(question));
}

function removes(plan: Extract<ChangePlan, { ok: true }>, id: NodeId): boolean {
  return plan.steps.some((step) => step.type === 'remove' && step.node === id);
}
