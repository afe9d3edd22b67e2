import { assert, at } from '../base/index.js';
import type { Entry, Index, Position, SnapshotMeta, Term } from './types.js';

/** What an entry costs besides its data: an estimate of its record in memory, in messages and on disk. */
const entryOverheadBytes = 16;

export function entrySizeBytes(entry: Entry): number {
  return entry.data.length + entryOverheadBytes;
}

/**
 * The log since the snapshot, in memory:
 *
 *      snapshot │ first … last
 *     ──────────┼──────────────▶ index
 *      summed up│  entries
 *
 * Entries are shared and never altered. An empty log ends at its snapshot.
 */
export class Log {
  #snapshot: SnapshotMeta;
  #entries: Entry[];
  #sizeBytes: number;

  constructor(snapshot: SnapshotMeta, entries: readonly Entry[]) {
    this.#snapshot = snapshot;
    this.#entries = [];
    this.#sizeBytes = 0;
    this.append(entries);
  }

  get snapshot(): SnapshotMeta {
    return this.#snapshot;
  }

  get firstIndex(): Index {
    return this.#snapshot.index + 1;
  }

  get lastIndex(): Index {
    return this.#snapshot.index + this.#entries.length;
  }

  get last(): Position {
    const entry = this.#entries[this.#entries.length - 1];
    const { term, index } = entry ?? this.#snapshot;
    return { term, index };
  }

  get lastTerm(): Term {
    return (this.#entries[this.#entries.length - 1] ?? this.#snapshot).term;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Undefined outside of [first − 1, last]. */
  termAt(index: Index): Term | undefined {
    if (index === this.#snapshot.index) return this.#snapshot.term;
    return this.#entries[index - this.#snapshot.index - 1]?.term;
  }

  holds(position: Position): boolean {
    return this.termAt(position.index) === position.term;
  }

  /** Both ends inclusive; empty if `last` < `first`. */
  between(first: Index, last: Index): Entry[] {
    if (last < first) return [];
    assert(first >= this.firstIndex && last <= this.lastIndex, 'the entries asked for are in the log');
    const offset = this.#snapshot.index + 1;
    return this.#entries.slice(first - offset, last - offset + 1);
  }

  /** From `first` to the end, but no more than `sizeBytesMax`, and one entry at least. */
  from(first: Index, sizeBytesMax: number): Entry[] {
    const start = first - this.#snapshot.index - 1;
    let end = start;
    let sizeBytes = 0;
    for (; end < this.#entries.length; end++) {
      sizeBytes += entrySizeBytes(at(this.#entries, end));
      if (sizeBytes > sizeBytesMax && end > start) break;
    }
    return this.#entries.slice(start, end);
  }

  /** Both ends inclusive. */
  sizeBytesBetween(first: Index, last: Index): number {
    let sizeBytes = 0;
    for (let index = first; index <= last; index++) {
      sizeBytes += entrySizeBytes(at(this.#entries, index - this.#snapshot.index - 1));
    }
    return sizeBytes;
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) this.push(entry);
  }

  push(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, 'the log has no gap');
    assert(entry.term >= this.lastTerm, 'terms never decrease along the log');
    this.#entries.push(entry);
    this.#sizeBytes += entrySizeBytes(entry);
  }

  /** Forgets the entry at `index` and all after it. */
  truncateFrom(index: Index): void {
    assert(index >= this.firstIndex, 'a truncation stays within the log');
    for (const entry of this.#entries.splice(index - this.#snapshot.index - 1))
      this.#sizeBytes -= entrySizeBytes(entry);
  }

  /** Forgets all up to and including `snapshot.index`, which is in the log. */
  compactTo(snapshot: SnapshotMeta): void {
    assert(this.holds(snapshot), 'a compaction is at a position of the log');
    const kept = snapshot.index - this.#snapshot.index;
    for (let place = 0; place < kept; place++) this.#sizeBytes -= entrySizeBytes(at(this.#entries, place));
    this.#entries = this.#entries.slice(kept);
    this.#snapshot = snapshot;
  }

  /** Replaces everything. */
  restore(snapshot: SnapshotMeta): void {
    this.#entries = [];
    this.#sizeBytes = 0;
    this.#snapshot = snapshot;
  }

  /**
   * The highest index at or below `position.index` whose term is not above `position.term`: above it this log cannot
   * agree with one that has that term at that index, since terms never decrease. Both sides of a conflict use it, and
   * so skip whole terms at a time (etcd's refinement of the last paragraph of Raft §5.3). May be below the snapshot
   * (its term is unknown there).
   */
  lastPossibleMatch(position: Position): Index {
    let index = Math.min(position.index, this.lastIndex);
    for (; index > this.#snapshot.index; index--) {
      const term = this.termAt(index);
      if (term !== undefined && term <= position.term) break;
    }
    return index;
  }
}
