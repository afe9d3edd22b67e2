import { createCore } from '../../src/raft/index.js';
import type {
  ConfirmedRead,
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
} from '../../src/raft/index.js';
import { configurationOf, fixedRandom, freshState, testOptions, textOf, write } from './cluster.js';
import type { Disk } from './cluster.js';

/** Entries with these terms, from index 1 on; their data says where they come from. */
export function entriesOf(...terms: readonly number[]): Entry[] {
  return terms.map((term, place) => entryOf(term, place + 1));
}

export function entryOf(term: number, index: number, text = `${term}.${index}`): Entry {
  return { term, index, kind: 'normal', data: Buffer.from(text) };
}

export function stateOf(options: {
  readonly voters: readonly NodeId[];
  readonly learners?: readonly NodeId[];
  readonly hardState?: Partial<HardState>;
  readonly entries?: readonly Entry[];
}): InitialState {
  const fresh = freshState(configurationOf(options.voters, options.learners ?? []));
  const entries = options.entries ?? [];
  const term = entries.at(-1)?.term ?? 0;
  return { ...fresh, hardState: { ...fresh.hardState, term, ...options.hardState }, entries };
}

/** One core and its disk. The test plays all the others. */
export class Single {
  readonly core: Core;
  readonly disk: Disk;
  /** All that was sent, in order. */
  readonly sent: Message[] = [];
  readonly applied: Entry[] = [];
  readonly reads: ConfirmedRead[] = [];
  readonly #id: NodeId;

  constructor(id: NodeId, initial: InitialState, options: Partial<CoreOptions> = {}, draw = 0) {
    this.#id = id;
    this.disk = { ...initial, entries: [...initial.entries] };
    this.core = createCore({ ...testOptions, ...options, id }, initial, fixedRandom(draw));
  }

  step(event: Event): Rejection | null {
    const rejection = this.core.step(event);
    this.core.assertInvariants();
    return rejection;
  }

  receive(...messages: readonly Message[]): void {
    for (const message of messages) this.step({ type: 'message', message });
  }

  tick(count = 1): void {
    for (let tick = 0; tick < count; tick++) this.step({ type: 'tick' });
  }

  propose(...texts: readonly string[]): Rejection | null {
    return this.step({ type: 'propose', commands: texts.map((text) => Buffer.from(text)) });
  }

  /** A Ready of which only the messages have left. */
  take(): Ready {
    const ready = this.core.takeReady();
    this.core.assertInvariants();
    this.sent.push(...ready.messages);
    this.reads.push(...ready.confirmedReads);
    this.applied.push(...ready.committed);
    const last = ready.committed.at(-1);
    if (last !== undefined) this.step({ type: 'applied', index: last.index });
    return ready;
  }

  persist(ready: Ready): void {
    write(this.disk, ready);
    this.sent.push(...ready.messagesAfterPersist);
    this.step({ type: 'persisted', ready: ready.number });
  }

  /** Takes and persists until nothing is left; answers what was sent meanwhile. */
  settle(): readonly Message[] {
    const before = this.sent.length;
    while (this.core.hasReady()) this.persist(this.take());
    return this.sent.slice(before);
  }

  /** Wins an election with the votes of these. */
  elect(...voters: readonly NodeId[]): void {
    this.step({ type: 'campaign' });
    const term = this.core.term + 1;
    this.settle();
    for (const from of voters) {
      this.receive({ type: 'pre-vote-response', from, to: this.#id, term, granted: true });
    }
    this.settle();
    for (const from of voters)
      this.receive({ type: 'vote-response', from, to: this.#id, term, granted: true });
    if (this.core.role !== 'leader') throw new Error('these votes are not enough');
  }

  /** These have acknowledged all up to `index`. */
  acknowledge(index: number, ...peers: readonly NodeId[]): void {
    const { term } = this.core;
    for (const from of peers) {
      this.receive({ type: 'append-response', from, to: this.#id, term, index, conflict: null });
    }
  }

  entries(): readonly Entry[] {
    const { first, last } = this.core.status();
    return this.core.entriesBetween(first, last.index);
  }

  terms(): readonly number[] {
    return this.entries().map(({ term }) => term);
  }

  appliedTexts(): readonly string[] {
    return this.applied.filter(({ data }) => data.length > 0).map(({ data }) => textOf(data));
  }
}
