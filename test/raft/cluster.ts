import { createCore, describeReady, emptyConfiguration, equalConfigurations } from '../../src/raft/index.js';
import type {
  Configuration,
  Core,
  CoreOptions,
  Entry,
  Event,
  HardState,
  InitialState,
  Message,
  NodeId,
  Ready,
  Rejection,
  SnapshotMeta,
} from '../../src/raft/index.js';
import type { Random } from '../../src/base/index.js';
import { at, some } from '../../src/base/index.js';

/** What a node has on its disk: exactly what a restart begins with. */
export interface Disk {
  hardState: HardState;
  snapshot: SnapshotMeta;
  entries: Entry[];
  applied: number;
}

export interface Node {
  readonly id: NodeId;
  readonly disk: Disk;
  core: Core;
  alive: boolean;
  /** Taken, and on their way to the disk. */
  writing: Ready[];
  readonly appliedText: string[];
  readonly reads: { readonly context: number; readonly index: number }[];
}

export const testOptions: Omit<CoreOptions, 'id'> = {
  electionTimeoutTicks: 10,
  heartbeatTicks: 1,
  inflightMessagesMax: 256,
  appendSizeBytesMax: 1_048_576,
  uncommittedSizeBytesMax: 1_048_576,
};

export function configurationOf(voters: readonly NodeId[], learners: readonly NodeId[] = []): Configuration {
  return { ...emptyConfiguration, voters: [...voters].sort(), learners: [...learners].sort() };
}

export function freshState(configuration: Configuration): InitialState {
  const hardState = { term: 0, vote: null, commit: 0 };
  return { hardState, snapshot: { term: 0, index: 0, configuration }, entries: [], applied: 0 };
}

/** No luck involved: every draw is the same, so that scripts can count ticks. */
export function fixedRandom(value: number): Random {
  return { nextUint32: () => value, below: (bound) => Math.min(value, bound - 1), chance: () => false };
}

export function textOf(data: Uint8Array): string {
  return data.length === 0 ? 'empty' : Buffer.from(data).toString('utf8');
}

/**
 * Cores, their disks and the wires between them, moved by hand. Everything that happens is told to `trace`, one line
 * at a time, in the words of describe.ts.
 */
export class Cluster {
  readonly nodes = new Map<NodeId, Node>();
  /** In the order of sending. */
  wires: Message[] = [];
  readonly #cuts = new Set<string>();
  readonly #options: Partial<CoreOptions>;
  readonly #trace: (line: string) => void;
  /** Finish streams of snapshots at once. */
  streams: 'prompt' | 'by hand' = 'prompt';

  constructor(options: Partial<CoreOptions> = {}, trace: (line: string) => void = () => {}) {
    this.#options = options;
    this.#trace = trace;
  }

  add(id: NodeId, initial: InitialState): Node {
    const { hardState, snapshot, entries, applied } = initial;
    const disk: Disk = { hardState, snapshot, entries: [...entries], applied };
    const node: Node = {
      id,
      disk,
      core: this.#start(id, disk),
      alive: true,
      writing: [],
      appliedText: [],
      reads: [],
    };
    this.nodes.set(id, node);
    return node;
  }

  node(id: NodeId): Node {
    return some(this.nodes.get(id), 'the script names a node of the cluster');
  }

  core(id: NodeId): Core {
    return this.node(id).core;
  }

  step(id: NodeId, event: Event): Rejection | null {
    const node = this.node(id);
    if (!node.alive) return null;
    const rejection = node.core.step(event);
    node.core.assertInvariants();
    if (rejection !== null) this.#trace(`${id} rejects: ${rejection}`);
    return rejection;
  }

  /** Takes a Ready, tells it, sends what may go at once. The disk has not begun. */
  take(id: NodeId): Ready | null {
    const node = this.node(id);
    if (!node.alive || !node.core.hasReady()) return null;
    const ready = node.core.takeReady();
    node.core.assertInvariants();
    for (const line of describeReady(ready, textOf)) this.#trace(`${id} ${line}`);
    this.#send(ready.messages);
    node.reads.push(...ready.confirmedReads);
    node.writing.push(ready);
    for (const entry of ready.committed) {
      if (entry.kind === 'normal' && entry.data.length > 0) node.appliedText.push(textOf(entry.data));
    }
    const last = ready.committed.at(-1);
    if (last !== undefined) {
      node.disk.applied = last.index;
      this.step(id, { type: 'applied', index: last.index });
    }
    if (this.streams === 'prompt') for (const peer of ready.sendSnapshotTo) this.stream(id, peer);
    return ready;
  }

  /** The oldest Ready on its way to the disk has arrived there. */
  persist(id: NodeId): void {
    const node = this.node(id);
    const ready = node.writing.shift();
    if (ready === undefined) return;
    write(node.disk, ready);
    this.#send(ready.messagesAfterPersist);
    this.step(id, { type: 'persisted', ready: ready.number });
  }

  /** The first message on this wire arrives. */
  deliver(from: NodeId, to: NodeId): Message | null {
    const place = this.wires.findIndex((message) => message.from === from && message.to === to);
    if (place < 0) return null;
    const message = at(this.wires.splice(place, 1), 0);
    this.step(to, { type: 'message', message });
    return message;
  }

  /** Disks write and wires deliver, until nothing is left to do. */
  run(): void {
    for (let turn = 0; turn < 10_000; turn++) {
      let busy = false;
      for (const { id, writing } of this.nodes.values()) {
        busy = this.take(id) !== null || writing.length > 0 || busy;
        while (writing.length > 0) this.persist(id);
      }
      const sent = this.wires;
      this.wires = [];
      for (const message of sent) {
        busy = true;
        this.step(message.to, { type: 'message', message });
      }
      if (!busy) return;
    }
    throw new Error('the cluster never comes to rest');
  }

  /** Ticks every living node, and lets each tick's work come to rest. */
  tick(count: number, ids: readonly NodeId[] = [...this.nodes.keys()]): void {
    for (let tick = 0; tick < count; tick++) {
      for (const id of ids) this.step(id, { type: 'tick' });
      this.run();
    }
  }

  /** Streams a snapshot of all that `from` has applied. */
  stream(from: NodeId, to: NodeId): void {
    const { core } = this.node(from);
    const { applied } = core.status();
    const meta = core.snapshotMetaAt(applied);
    const lost = !this.nodes.has(to) || !this.node(to).alive || this.#isCut(from, to);
    if (!lost) this.#send([{ type: 'snapshot', from, to, term: core.term, meta }]);
    this.step(from, { type: 'snapshot-status', peer: to, ok: !lost });
  }

  crash(id: NodeId): void {
    const node = this.node(id);
    node.alive = false;
    node.writing = [];
  }

  restart(id: NodeId): void {
    const node = this.node(id);
    node.writing = [];
    node.core = this.#start(id, node.disk);
    node.alive = true;
  }

  cut(from: NodeId, to: NodeId): void {
    this.#cuts.add(`${from}→${to}`);
  }

  isolate(id: NodeId): void {
    for (const other of this.nodes.keys()) {
      this.cut(id, other);
      this.cut(other, id);
    }
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** Whoever leads in the highest term. */
  leader(): Node | null {
    let leader: Node | null = null;
    for (const node of this.nodes.values()) {
      if (node.alive && node.core.role === 'leader' && node.core.term > (leader?.core.term ?? 0))
        leader = node;
    }
    return leader;
  }

  #start(id: NodeId, disk: Disk): Core {
    const core = createCore(
      { ...testOptions, ...this.#options, id },
      { ...disk },
      fixedRandom(this.#draw(id)),
    );
    core.assertInvariants();
    return core;
  }

  #draw(id: NodeId): number {
    return Math.max(0, Number.parseInt(id, 10) - 1);
  }

  #isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(`${from}→${to}`);
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.#isCut(message.from, message.to) || !this.nodes.has(message.to)) continue;
      this.wires.push(message);
    }
  }
}

/** The write-ahead log's part: one atomic step. */
export function write(disk: Disk, ready: Ready): void {
  if (ready.installSnapshot !== null) {
    disk.snapshot = ready.installSnapshot;
    disk.entries = [];
    disk.applied = ready.installSnapshot.index;
  }
  const first = ready.entries[0];
  if (first !== undefined) {
    disk.entries = disk.entries.filter((entry) => entry.index < first.index);
    disk.entries.push(...ready.entries);
  }
  if (ready.hardState !== null) disk.hardState = ready.hardState;
}

export function sameConfiguration(a: Configuration, b: Configuration): boolean {
  return equalConfigurations(a, b);
}
