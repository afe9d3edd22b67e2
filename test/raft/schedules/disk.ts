import type {
  Configuration,
  Entry,
  HardState,
  InitialState,
  Ready,
  SnapshotMeta,
} from '../../../src/raft/index.js';
import { ModelLog } from './log.js';
import { ensure } from './violation.js';

/** What one atomic write puts on the disk. */
export type Write =
  | { readonly type: 'ready'; readonly ready: Ready }
  /** The log up to here is in the state machine, durably: it is cut. */
  | { readonly type: 'compact'; readonly meta: SnapshotMeta };

/** What a node still has after a crash. */
export class Disk {
  hardState: HardState = { term: 0, vote: null, commit: 0 };
  configuration: Configuration;
  readonly log: ModelLog;
  /** What the state machine holds durably. */
  applied: number;

  constructor(genesis: SnapshotMeta) {
    this.log = new ModelLog({ term: genesis.term, index: genesis.index });
    this.configuration = genesis.configuration;
    this.applied = genesis.index;
    this.hardState = { term: genesis.term, vote: null, commit: genesis.index };
  }

  /** Returns the entries that the write took from the log's end. */
  write(write: Write): readonly Entry[] {
    if (write.type === 'compact') {
      this.log.compact(write.meta);
      this.configuration = write.meta.configuration;
      return [];
    }
    const { hardState, installSnapshot, entries } = write.ready;
    if (hardState !== null) this.hardState = hardState;
    const removed = installSnapshot === null ? [] : this.install(installSnapshot);
    const [first] = entries;
    if (first === undefined) return removed;
    const reaches = first.index > this.log.base.index && first.index <= this.log.last.index + 1;
    ensure(reaches, 'the Ready contract', () => `entries from ${String(first.index)} leave a gap in the log`);
    const truncated = this.log.truncate(first.index - 1);
    this.log.entries.push(...entries);
    return [...removed, ...truncated];
  }

  private install(meta: SnapshotMeta): readonly Entry[] {
    const removed = this.log.entries.filter((entry) => entry.index > meta.index);
    this.log.reset(meta);
    this.configuration = meta.configuration;
    this.applied = meta.index;
    return removed;
  }

  /** What a restart has found is what there is: planted bugs forget things. */
  adopt(initial: InitialState): void {
    this.hardState = initial.hardState;
    this.log.entries = [...initial.entries];
  }

  initialState(): InitialState {
    const { hardState, configuration, log, applied } = this;
    return { hardState, snapshot: { ...log.base, configuration }, entries: [...log.entries], applied };
  }
}
