import { seededRandom } from '../../../src/base/index.js';
import type {
  Configuration,
  Core,
  CoreOptions,
  Entry,
  Event,
  Index,
  InitialState,
  NodeId,
  Ready,
  Rejection,
  Role,
  SnapshotMeta,
  Term,
} from '../../../src/raft/index.js';
import { Disk } from './disk.js';
import type { Write } from './disk.js';
import { commitOf, isCommitted } from './history.js';
import { ModelLog } from './log.js';
import { observe } from './observe.js';
import {
  checkCommittedStays,
  checkReadIsFresh,
  checkSnapshotSafety,
  checkStateMachineSafety,
} from './properties.js';
import { checkVotes } from './properties.js';
import { printEvent, printReady } from './story.js';
import { ensure, Violation } from './violation.js';
import type { World } from './world.js';

/** Turns of one stretch of work. More means that the core never comes to rest. */
const turnsMax = 60;

/** A core with its driver: disk, state machine, reads. Follows the Ready contract to the letter. */
export class Member {
  readonly id: NodeId;
  readonly index: number;
  readonly disk: Disk;
  private readonly world: World;

  /** Null while crashed. */
  core: Core | null = null;
  incarnation = 0;
  /** Takes no part in rounds. */
  isPaused = false;

  /** The core as last seen; see observe.ts. */
  view: ModelLog;
  role: Role = 'follower';
  term: Term = 0;
  commit: Index = 0;
  configuration: Configuration;
  /** The term in which a leader told this node to campaign. */
  toldToCampaignIn: Term = 0;

  /** Taken and not yet durable, oldest first. */
  inFlight: Write[] = [];
  private readyNumber = 0;
  private isTouched = false;
  /** Committed entries that the state machine has yet to apply. */
  private toApply: Entry[] = [];
  /** The state machine, in memory. Its content is the history up to here. */
  applied: Index;
  /** What each read must see at least. Contexts are never used twice, even across crashes. */
  private readonly reads = new Map<number, Index>();
  private readContext = 0;
  readsConfirmed = 0;

  constructor(world: World, index: number, genesis: SnapshotMeta) {
    this.world = world;
    this.index = index;
    this.id = `n${String(index + 1)}`;
    this.disk = new Disk(genesis);
    this.view = new ModelLog(genesis);
    this.configuration = genesis.configuration;
    this.applied = genesis.index;
  }

  /** Starts from what is on the disk. */
  start(): void {
    const { world, id, disk } = this;
    this.incarnation++;
    const initial = world.build.restore(disk.initialState());
    disk.adopt(initial);
    const seed = world.scenario.seed + (this.index * 1024 + this.incarnation) * 0x1_0000_0000;
    if (initial.applied > initial.hardState.commit) world.marks['restart with applied above commit']++;
    const core = world.build.createCore(this.options(), initial, seededRandom(seed));
    this.core = core;
    this.view = new ModelLog(initial.snapshot, initial.entries);
    this.applied = initial.applied;
    this.role = 'follower';
    this.term = core.term;
    this.commit = core.commit;
    this.configuration = core.status().configuration;
    this.inFlight = [];
    this.toApply = [];
    this.readyNumber = 0;
    this.checkStart(initial);
    core.assertInvariants();
    world.tell?.(`${id} starts in term ${String(core.term)}`);
  }

  /** Loses what is in memory. The oldest `kept` writes on their way still reach the disk; nobody hears of it. */
  crash(kept: number): void {
    const { marks, tell } = this.world;
    const lost = this.inFlight.splice(kept);
    for (const write of this.inFlight) {
      if (write.type === 'ready' && write.ready.messagesAfterPersist.length > 0) {
        marks['crash kept a Ready that nobody answered for']++;
      }
      this.write(write);
    }
    for (const write of lost) {
      if (write.type !== 'ready' || !write.ready.mustSync) continue;
      marks['crash lost a Ready']++;
      const vote = write.ready.hardState?.vote ?? null;
      if (vote !== null && vote !== this.id) marks['crash lost a vote']++;
    }
    if (this.role === 'leader') marks['leader crashed']++;
    if (this.applied > this.disk.applied) marks['crash lost applied entries']++;
    tell?.(`${this.id} crashes, loses ${String(lost.length)} writes`);
    this.core = null;
    this.role = 'follower';
    this.inFlight = [];
  }

  /** Null if taken, or if the node is down. */
  step(event: Event): Rejection | null {
    const { core } = this;
    if (core === null) return null;
    this.world.tell?.(`  ${this.id} ← ${printEvent(event)}`);
    const rejection = core.step(event);
    this.isTouched = true;
    observe(this.world, this, core, event);
    return rejection;
  }

  /** The core's own, complete check; its cheap parts have run in every step already. */
  assertInvariants(): void {
    if (this.isTouched) this.core?.assertInvariants();
    this.isTouched = false;
  }

  read(): Rejection | null {
    const { world, reads } = this;
    const context = ++this.readContext;
    reads.set(context, commitOf(world.history));
    if (
      this.role === 'leader' &&
      world.members.some((other) => other.role === 'leader' && other.term > this.term)
    ) {
      world.marks['read asked of a deposed leader']++;
    }
    const rejection = this.step({ type: 'read', context });
    if (rejection === 'no-leader') world.marks['read refused without a leader']++;
    return rejection;
  }

  /** All duties, until there are none. */
  work(): void {
    for (let turn = 0; this.isBusy(); turn++) {
      if (turn === turnsMax) throw new Violation('liveness', `${this.id} works for ever`);
      this.take();
      this.persist(this.inFlight.length);
      this.apply(this.toApply.length);
    }
  }

  isBusy(): boolean {
    const { core } = this;
    return core !== null && (core.hasReady() || this.inFlight.length > 0 || this.toApply.length > 0);
  }

  take(): void {
    const { core, world } = this;
    if (core === null || !core.hasReady()) return;
    const ready = core.takeReady();
    this.isTouched = true;
    world.tell?.(`  ${this.id} → ${printReady(ready)}`);
    const { number } = ready;
    ensure(
      number === ++this.readyNumber,
      'the Ready contract',
      () => `Ready ${String(number)} is out of order`,
    );
    if (this.inFlight.length > 0) world.marks['several Readies in flight']++;
    this.takeCommitted(ready);
    this.takeReads(ready);
    this.inFlight.push({ type: 'ready', ready });
    if (!world.build.persistsTruthfully) this.step({ type: 'persisted', ready: ready.number });
    for (const message of ready.messages) world.send(this, message);
    if (!world.build.sendsAfterPersist)
      for (const message of ready.messagesAfterPersist) world.send(this, message);
    for (const peer of ready.sendSnapshotTo) world.stream(this, peer, core.snapshotMetaAt(this.applied));
  }

  /** The oldest writes become durable, and then what waited for it happens. */
  persist(count: number): void {
    const { world } = this;
    if (this.core === null || count === 0) return;
    const writes = this.inFlight.splice(0, count);
    for (const write of writes) this.write(write);
    const readies = writes.flatMap((write) => (write.type === 'ready' ? [write.ready] : []));
    const last = readies.at(-1);
    if (last === undefined) return;
    if (world.build.sendsAfterPersist) {
      for (const ready of readies)
        for (const message of ready.messagesAfterPersist) world.send(this, message);
    }
    if (world.build.persistsTruthfully) this.step({ type: 'persisted', ready: last.number });
  }

  apply(count: number): void {
    const entries = this.toApply.splice(0, count);
    const last = entries.at(-1);
    if (last === undefined || this.core === null) return;
    for (const entry of entries) {
      const follows = entry.index === this.applied + 1;
      ensure(follows, 'the Ready contract', () => `${this.id} applies ${String(entry.index)} out of order`);
      this.applied = entry.index;
    }
    this.step({ type: 'applied', index: last.index });
  }

  get applyCount(): number {
    return this.toApply.length;
  }

  flush(): void {
    this.disk.applied = this.applied;
  }

  /** Flushes, then cuts the log but for the last `kept` applied entries. */
  compact(kept: number): void {
    const { core, world } = this;
    if (core === null) return;
    this.flush();
    const index = this.applied - kept;
    if (index <= this.view.base.index) return;
    const meta = core.snapshotMetaAt(index);
    ensure(
      isCommitted(world.history, meta),
      'state machine safety',
      () => `${this.id} compacts what is not committed`,
    );
    this.step({ type: 'compact', index });
    this.inFlight.push({ type: 'compact', meta });
    world.marks['log compacted']++;
  }

  private options(): CoreOptions {
    const { scenario } = this.world;
    return {
      id: this.id,
      electionTimeoutTicks: scenario.electionTicks,
      heartbeatTicks: scenario.heartbeatTicks,
      inflightMessagesMax: scenario.inflightMessages,
      appendSizeBytesMax: scenario.appendBytes,
      uncommittedSizeBytesMax: scenario.uncommittedBytes,
    };
  }

  private checkStart(initial: InitialState): void {
    const { history } = this.world;
    const { term, commit, view, id } = this;
    ensure(
      term === initial.hardState.term,
      'terms never regress',
      () => `${id} starts in another term than it ended`,
    );
    const place = { index: commit, term: view.termAt(commit) ?? 0 };
    ensure(
      isCommitted(history, place),
      'state machine safety',
      () => `${id} starts with a commit index of its own`,
    );
  }

  private write(write: Write): void {
    const { disk, id, world } = this;
    const before = disk.hardState;
    const removed = disk.write(write);
    checkVotes(world.history, id, before, disk.hardState);
    checkCommittedStays(world.history, disk.log, id, removed);
    const known = disk.hardState.commit <= disk.log.last.index;
    ensure(known, 'the Ready contract', () => `${id} persists a commit index above its log`);
    if (write.type === 'ready' && write.ready.installSnapshot !== null)
      this.installed(write.ready.installSnapshot);
  }

  private installed(meta: SnapshotMeta): void {
    const { marks, history } = this.world;
    checkSnapshotSafety(history, this.id, meta);
    ensure(
      meta.index > this.applied,
      'state machine safety',
      () => `${this.id} goes back to ${String(meta.index)}`,
    );
    this.applied = meta.index;
    this.toApply = this.toApply.filter((entry) => entry.index > meta.index);
    marks['snapshot installed']++;
    if (meta.configuration.outgoing.length > 0) marks['snapshot installed in a joint configuration']++;
  }

  private takeCommitted(ready: Ready): void {
    const { world, disk, id } = this;
    for (const entry of ready.committed) {
      checkStateMachineSafety(world.history, id, entry);
      const durable = disk.log.covers(entry);
      ensure(
        durable,
        'the Ready contract',
        () => `${id} hands out ${String(entry.index)} before it is durable`,
      );
      this.toApply.push(entry);
    }
  }

  private takeReads(ready: Ready): void {
    const { reads, world, id } = this;
    for (const { context, index } of ready.confirmedReads) {
      const needed = reads.get(context);
      ensure(needed !== undefined, 'the Ready contract', () => `${id} confirms a read nobody asked for`);
      checkReadIsFresh(id, context, needed, index);
      this.readsConfirmed++;
      world.marks[this.role === 'leader' ? 'read confirmed at the leader' : 'read confirmed at a follower']++;
    }
  }
}
