import { asBuffer, assert, at, InvariantError, messageOf, QuorateError, some } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import { decodeProposal } from '../mvcc/index.js';
import type { CommandResponse, MemberRecord } from '../mvcc/index.js';
import type { PeerHandlers } from '../peer/index.js';
import { decodeConfigurationChange } from '../raft/index.js';
import type { Core, Entry, Event, HardState, Message, NodeId, Ready, Rejection } from '../raft/index.js';
import type { Wal } from '../storage/index.js';
import { requestTimeoutMs } from './config.js';
import type { MemberConfig } from './config.js';
import type { Env, Timer } from './env.js';
import { commandOf, sequenceIfOwn } from './envelope.js';
import type { Incarnation } from './envelope.js';
import { createLogCutter } from './log-cutter.js';
import { decodeMemberContext, membershipAfter, peersOf } from './membership.js';
import { createDriverMeasures, slowApplyMs } from './measures.js';
import type { MemberMeasures } from './measures.js';
import type { Leadership, Observer } from './observer.js';
import { createProposals } from './proposals.js';
import { createReads } from './reads.js';
import type { Snapshots } from './snapshots.js';
import type { State } from './state.js';

/** Commands that one turn hands to the core: more wait for the next turn. */
const commandsPerTurnMax = 1024;
/** A turn that has applied for so long leaves the rest to the next one, whatever it has left. */
const applyTurnMsMax = 10;
/** What is under way when a member learns that it was removed may still be answered. As etcd. */
const removalGraceMs = 1000;
/** After this much quiet the log is settled: see Wal.settle. */
const logIdleMs = 500;

export interface DriverParts {
  readonly id: NodeId;
  readonly config: MemberConfig;
  readonly env: Env;
  readonly core: Core;
  readonly wal: Wal;
  readonly state: State;
  readonly snapshots: Snapshots;
  readonly incarnation: Incarnation;
}

type CallHandler = PeerHandlers['onCall'];

/**
 * The event loop of one member: start reading here. What comes in (proposals, reads, messages, ticks, a finished disk
 * write) is stepped into the core; at the end of the turn the core's Ready tells what to send, persist and apply.
 *
 *     clients ── propose, barrier ──┐                      ┌──▶ network.send
 *     peers ──── messages ──────────┼──▶ core ──▶ Ready ───┼──▶ wal.append ──▶ then send what had to wait
 *     clock ──── ticks ─────────────┘                      └──▶ apply ──▶ answer clients ──▶ flush, cut the log
 */
export interface Driver {
  start(): Promise<void>;
  /** The outcome of a command, once this member has applied it. */
  propose(command: Uint8Array): Promise<CommandResponse>;
  /** Resolves when a read of the applied state is linearizable. */
  barrier(): Promise<void>;
  step(event: Event): Rejection | null;
  /** From now on it is told what happens. */
  observe(observer: Observer): void;
  measures(): MemberMeasures;
  /** This member was removed from its cluster, and is about to stop. */
  readonly wasRemoved: boolean;
  /** Who answers what peers ask beside the Raft stream. */
  serveCalls(handle: CallHandler): void;
  /** Resolves when the driver has stopped; rejects when it stopped because it was wrong. */
  readonly stopped: Promise<void>;
  /** The member found itself wrong outside of the driver: it ends. */
  fail(error: unknown): void;
  stop(reason: QuorateError): Promise<void>;
}

export function createDriver(parts: DriverParts): Driver {
  const { id, config, env, core, wal, state, snapshots, incarnation } = parts;
  const { limits } = config;
  const timeoutMs = requestTimeoutMs(config);
  const proposals = createProposals(incarnation);
  const reads = createReads({ retryMs: config.electionTimeoutMs / 2 });
  const cutter = createLogCutter({ core, wal, state, config });
  /** Committed and locally durable entries that wait to be applied. */
  let applyQueue: Entry[] = [];
  /** A new commit index alone is not worth a write: it goes with the next one. */
  let laterHardState: HardState | null = null;
  /** Members that configuration entries in the log announce before they are applied. */
  const announced = new Map<NodeId, MemberRecord>();
  let installing = false;
  /** The latest. */
  let installation: Promise<void> = Promise.resolve();
  let turnScheduled = false;
  let flushTimer: Timer | null = null;
  let tickTimer: Timer | null = null;
  /** When the log was last written, to settle it once it has been idle; infinite once it is settled. */
  let lastAppendMs = Number.POSITIVE_INFINITY;
  let running = false;
  let wasRemoved = false;
  let answerCall: CallHandler = () =>
    Promise.reject(new QuorateError('unavailable', 'the member is starting'));
  const observers: Observer[] = [];
  const measures = createDriverMeasures();
  /** What the observers were told last. */
  let leadership: Leadership = { term: core.term, leader: core.leader };
  let whyRefused: ErrorCode = 'no-leader';
  let settleStopped: { resolve: () => void; reject: (error: Error) => void };
  const stopped = new Promise<void>((resolve, reject) => {
    settleStopped = { resolve, reject };
  });
  stopped.catch(() => undefined); // Whoever wants to know asks; nobody has to.

  // --- A turn -------------------------------------------------------------------------------------------------

  function scheduleTurn(): void {
    if (turnScheduled || !running) return;
    turnScheduled = true;
    env.soon(guarded(turn));
  }

  function turn(): void {
    turnScheduled = false;
    handOverProposals();
    beginReadRound();
    while (core.hasReady()) takeReady();
    tellLeadership();
    applyCommitted();
  }

  function tellLeadership(): void {
    if (core.term === leadership.term && core.leader === leadership.leader) return;
    if (core.leader !== null && core.leader !== leadership.leader) measures.leaderChangesTotal++;
    leadership = { term: core.term, leader: core.leader };
    for (const observer of observers) observer.leadershipChanged?.(leadership);
  }

  function handOverProposals(): void {
    const commands = proposals.queued(commandsPerTurnMax);
    if (commands.length === 0) return;
    const rejection = core.step({ type: 'propose', commands });
    if (rejection === null) proposals.handedOver(commands.length, core.term);
    else whyRefused = rejection === 'too-many-uncommitted' ? 'too-many-requests' : 'no-leader';
    if (commands.length === commandsPerTurnMax && rejection === null) scheduleTurn();
  }

  function beginReadRound(): void {
    const context = reads.nextRound(env.monotonicMs());
    if (context !== null && core.step({ type: 'read', context }) !== null) reads.roundRefused();
  }

  function takeReady(): void {
    const ready = core.takeReady();
    if (ready.messages.length > 0) env.network.send(ready.messages);
    if (ready.configuration !== null) configurationChanged(ready);
    persist(ready);
    for (const entry of ready.committed) applyQueue.push(entry);
    for (const read of ready.confirmedReads) reads.confirmed(read.context, read.index);
    for (const peer of ready.sendSnapshotTo) background(sendSnapshot(peer));
  }

  // --- Persisting ---------------------------------------------------------------------------------------------

  function persist(ready: Ready): void {
    if (ready.hardState !== null) laterHardState = ready.hardState;
    if (!ready.mustSync && ready.messagesAfterPersist.length === 0) return;
    const hardState = laterHardState;
    laterHardState = null;
    if (ready.installSnapshot !== null) {
      installation = install(ready, hardState);
      background(installation);
      return;
    }
    const beganMs = env.monotonicMs();
    lastAppendMs = beganMs;
    const append = { hardState, entries: ready.entries, reset: null, mustSync: ready.mustSync };
    wal.append(append).then(
      guarded(() => {
        measures.logWriteSeconds.observe((env.monotonicMs() - beganMs) / 1000);
        persisted(ready);
      }),
      fail,
    );
  }

  function persisted(ready: Ready): void {
    if (ready.messagesAfterPersist.length > 0) env.network.send(ready.messagesAfterPersist);
    step({ type: 'persisted', ready: ready.number });
  }

  /** The snapshot has arrived in a store of its own; one batch of the log makes it the state (docs/durability.md). */
  async function install(ready: Ready, hardState: HardState | null): Promise<void> {
    const meta = some(ready.installSnapshot, 'a Ready with a snapshot');
    assert(!installing, 'one snapshot is installed at a time');
    installing = true;
    applyQueue = applyQueue.filter((entry) => entry.index > meta.index);
    const stateStore = some(snapshots.reserve(meta), 'the snapshot that the core takes has arrived');
    const reset = { meta, stateStore };
    await wal.append({ hardState, entries: ready.entries, reset, mustSync: true });
    const next = some(await snapshots.take(meta), 'the snapshot that the core takes has arrived');
    // Readers of the old state may take their time; what they hold open is removed behind them.
    background(state.replace(next, (name) => env.disk.remove(name)));
    installing = false;
    env.logger.info('installed a snapshot', { index: meta.index, term: meta.term });
    refreshPeers();
    for (const observer of observers) observer.stateReplaced?.();
    persisted(ready);
    step({ type: 'applied', index: state.machine.applied.index });
    proposals.leaderChanged(core.term);
    reads.applied(state.machine.applied.index);
  }

  // --- Applying -----------------------------------------------------------------------------------------------

  function applyCommitted(): void {
    if (installing || applyQueue.length === 0) return;
    if (state.machine.unflushedSizeBytes > limits.unflushedSizeBytesMax) {
      flushSoon(0); // It comes back here when it is done.
      return;
    }
    const beganMs = env.monotonicMs();
    const countMax = Math.min(applyQueue.length, limits.applyBatchEntries);
    let count = 0;
    while (count < countMax && (count === 0 || env.monotonicMs() - beganMs < applyTurnMsMax)) {
      applyEntry(at(applyQueue, count++));
    }
    applyQueue = count === applyQueue.length ? [] : applyQueue.slice(count);
    if (env.monotonicMs() - beganMs > slowApplyMs) measures.slowAppliesTotal++;
    const { index } = state.machine.applied;
    core.step({ type: 'applied', index });
    reads.applied(index);
    for (const observer of observers) observer.turnApplied?.();
    if (applyQueue.length > 0 || core.hasReady()) scheduleTurn();
    flushSoon(state.machine.unflushedSizeBytes >= limits.flushSizeBytes ? 0 : limits.flushIntervalMs);
  }

  function applyEntry(entry: Entry): void {
    const position = { term: entry.term, index: entry.index };
    proposals.leaderChanged(entry.term);
    if (entry.kind === 'configuration') {
      applyConfiguration(entry);
    } else if (entry.data.length === 0) {
      state.machine.apply(position, null);
    } else {
      const envelope = asBuffer(entry.data);
      const proposal = decodeProposal(commandOf(envelope));
      const outcome = state.machine.apply(position, proposal);
      for (const observer of observers) observer.applied?.(proposal, outcome);
      const sequence = sequenceIfOwn(envelope, incarnation);
      if (sequence !== null) proposals.settle(sequence, outcome);
    }
  }

  function applyConfiguration(entry: Entry): void {
    const change = some(
      decodeConfigurationChange(entry.data),
      'a configuration entry in the log is readable',
    );
    const { configuration } = core.snapshotMetaAt(entry.index);
    const membership = membershipAfter(state.machine.membership, change, configuration);
    const position = { term: entry.term, index: entry.index };
    state.machine.applyMembership(position, membership);
    for (const member of membership.members) announced.delete(member.id);
    refreshPeers();
    env.logger.info('the cluster changed', { members: membership.members.length, index: entry.index });
    for (const observer of observers) observer.membershipApplied?.(position, membership);
    if (membership.removed.includes(id)) leaveCluster('its log says so');
  }

  /** Nobody counts on this member any more: it ends, and never comes back under this id. */
  function leaveCluster(reason: string): void {
    if (wasRemoved) return;
    wasRemoved = true;
    env.logger.error('this member was removed from its cluster and stops', { member: id, reason });
    env.after(removalGraceMs, () => background(endRemoved()));
  }

  async function endRemoved(): Promise<void> {
    await state.machine.flush();
    await stop(new QuorateError('stopped', 'this member was removed from its cluster'));
  }

  // --- Flushing the state and cutting the log -----------------------------------------------------------------

  function flushSoon(delayMs: number): void {
    if (flushTimer !== null && delayMs > 0) return;
    flushTimer?.cancel();
    flushTimer = env.after(delayMs, () => background(flush()));
  }

  async function flush(): Promise<void> {
    const beganMs = env.monotonicMs();
    await state.machine.flush();
    measures.stateFlushSeconds.observe((env.monotonicMs() - beganMs) / 1000);
    flushTimer = null;
    if (!running) return;
    await cutter.cut();
    if (state.machine.unflushedSizeBytes > 0) flushSoon(limits.flushIntervalMs);
    scheduleTurn();
  }

  // --- Peers --------------------------------------------------------------------------------------------------

  function configurationChanged(ready: Ready): void {
    for (const entry of ready.entries) {
      if (entry.kind !== 'configuration') continue;
      const change = some(
        decodeConfigurationChange(entry.data),
        'a configuration entry in the log is readable',
      );
      const member = change.type === 'change' ? decodeMemberContext(change.context) : null;
      if (member !== null) announced.set(member.id, member);
    }
    refreshPeers();
  }

  function refreshPeers(): void {
    const { membership } = state.machine;
    const peers = peersOf(id, core.status().configuration, membership, announced);
    env.network.setPeers(peers, membership.removed);
  }

  async function sendSnapshot(to: NodeId): Promise<void> {
    const ok = await snapshots.send(to, core.term);
    step({ type: 'snapshot-status', peer: to, ok });
  }

  async function snapshotArrived(message: Message): Promise<void> {
    step({ type: 'message', message });
    turn();
    if (!installing) await snapshots.discard(); // The core knew better already.
  }

  const handlers: PeerHandlers = {
    admits: (stranger) => core.listensTo(stranger),
    onMessages: (messages) => {
      for (const message of messages) step({ type: 'message', message });
    },
    onUnreachable: (peer) => void step({ type: 'unreachable', peer }),
    onConnectionLost: (peer) => void step({ type: 'connection-lost', peer }),
    openSnapshot: (from, meta) => snapshots.openSink(from, meta),
    onSnapshot: (from, term, meta) =>
      background(snapshotArrived({ type: 'snapshot', from, to: id, term, meta })),
    onRefused(peer, reason, refusal) {
      if (refusal === 'removed') leaveCluster(`member ${peer} says so`);
      else env.logger.warn('a peer refuses this member', { peer, reason });
    },
    onCall: async (from, request) => answerCall(from, request),
    describeMembers: () => state.machine.membership.members,
  };

  // --- Life ---------------------------------------------------------------------------------------------------

  function step(event: Event): Rejection | null {
    if (!running) return 'no-leader';
    try {
      const rejection = core.step(event);
      scheduleTurn();
      return rejection;
    } catch (error) {
      fail(error);
      return 'no-leader';
    }
  }

  function tick(): void {
    tickTimer = env.after(config.heartbeatIntervalMs, guarded(tick));
    const nowMs = env.monotonicMs();
    const why = core.leader === null ? 'no-leader' : whyRefused;
    proposals.expire(nowMs, why);
    reads.expire(nowMs, core.leader === null ? 'no-leader' : 'timed-out');
    if (nowMs - lastAppendMs >= logIdleMs) {
      lastAppendMs = Number.POSITIVE_INFINITY;
      background(wal.settle());
    }
    step({ type: 'tick' });
  }

  async function start(): Promise<void> {
    running = true;
    reads.applied(state.machine.applied.index);
    refreshPeers();
    await env.network.start(guardedHandlers(handlers));
    tickTimer = env.after(config.heartbeatIntervalMs, guarded(tick));
    const { voters } = core.status().configuration;
    if (voters.length === 1 && voters[0] === id) step({ type: 'campaign' });
    scheduleTurn();
  }

  async function stop(reason: QuorateError): Promise<void> {
    if (!running) return;
    end(reason);
    try {
      await installation.catch(() => undefined); // Told by `background`. The log may name the new state already.
      await env.network.close();
      await snapshots.discard();
      await flushLast();
      await state.close();
      await wal.close();
    } finally {
      settleStopped.resolve(); // Also when a full disk keeps the log from being settled.
    }
  }

  /** Spares the next start the replay. What fails here is in the log all the same. */
  async function flushLast(): Promise<void> {
    try {
      await state.machine.flush();
    } catch (error) {
      env.logger.warn('could not write the state before the end', { reason: messageOf(error) });
    }
  }

  function end(reason: QuorateError): void {
    running = false;
    tickTimer?.cancel();
    flushTimer?.cancel();
    proposals.failAll(reason);
    reads.failAll(reason);
    for (const observer of observers) observer.stopped?.();
  }

  /** The member is wrong, or its disk failed: it answers nobody any more. */
  function fail(error: unknown): void {
    if (!running) return;
    const reason = error instanceof Error ? error : new InvariantError(messageOf(error));
    end(new QuorateError('stopped', `the member has ended itself: ${reason.message}`));
    settleStopped.reject(reason);
    env.fatal(reason);
  }

  function guarded(action: () => void): () => void {
    return () => {
      if (!running) return;
      try {
        action();
      } catch (error) {
        fail(error);
      }
    };
  }

  function guardedHandlers(inner: PeerHandlers): PeerHandlers {
    return {
      ...inner,
      openSnapshot: (from, meta) => (running ? inner.openSnapshot(from, meta) : refuse()),
      onCall: async (from, request) => (running ? inner.onCall(from, request) : refuse()),
    };
  }

  function refuse(): never {
    throw new QuorateError('stopped');
  }

  function background(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (running) fail(error);
    });
  }

  function overloaded(): boolean {
    return (
      proposals.pendingCount >= limits.pendingProposalsMax ||
      proposals.pendingSizeBytes >= limits.pendingProposalsSizeBytesMax ||
      core.commit - state.machine.applied.index > limits.applyLagEntriesMax
    );
  }

  return {
    start,
    async propose(command) {
      if (!running || wasRemoved) refuse();
      if (overloaded()) throw new QuorateError('too-many-requests');
      const outcome = proposals.add(command, env.monotonicMs() + timeoutMs);
      scheduleTurn();
      return outcome;
    },
    async barrier() {
      if (!running || wasRemoved) refuse();
      if (reads.waitingCount >= limits.pendingReadsMax) throw new QuorateError('too-many-requests');
      const confirmed = reads.barrier(env.monotonicMs() + timeoutMs);
      scheduleTurn();
      return confirmed;
    },
    step,
    observe: (observer) => void observers.push(observer),
    get wasRemoved() {
      return wasRemoved;
    },
    measures: () => ({
      ...measures,
      proposalsPending: proposals.pendingCount,
      proposalsPendingSizeBytes: proposals.pendingSizeBytes,
      proposalsFailedTotal: proposals.failedTotal,
      applyQueueLength: applyQueue.length,
      readsWaiting: reads.waitingCount,
      unflushedSizeBytes: state.machine.unflushedSizeBytes,
      logSizeBytes: core.logSizeBytes,
      traffic: env.network.traffic(),
    }),
    serveCalls(handle) {
      answerCall = handle;
    },
    stopped,
    fail,
    stop,
  };
}
