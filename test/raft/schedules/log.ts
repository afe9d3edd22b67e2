import type { Entry, Index, Position, Term } from '../../../src/raft/index.js';

/** A log as the model sees it: naive on purpose. Serves as a disk's and as a mirror of a core's memory. */
export class ModelLog {
  /** Everything up to here is summed up in a snapshot. */
  base: Position;
  entries: Entry[];

  constructor(base: Position, entries: readonly Entry[] = []) {
    this.base = base;
    this.entries = [...entries];
  }

  get last(): Position {
    return this.entries.at(-1) ?? this.base;
  }

  /** Null where the log does not reach (any more). */
  termAt(index: Index): Term | null {
    if (index === this.base.index) return this.base.term;
    return this.entryAt(index)?.term ?? null;
  }

  entryAt(index: Index): Entry | null {
    return this.entries[index - this.base.index - 1] ?? null;
  }

  /** Whether this place is in the log, or summed up in its snapshot. */
  covers(position: Position): boolean {
    return position.index < this.base.index || this.termAt(position.index) === position.term;
  }

  /** Drops what is above `index` and gives it back. */
  truncate(index: Index): Entry[] {
    return this.entries.splice(index - this.base.index);
  }

  compact(base: Position): void {
    this.entries.splice(0, base.index - this.base.index);
    this.base = { term: base.term, index: base.index };
  }

  reset(base: Position): void {
    this.entries = [];
    this.base = { term: base.term, index: base.index };
  }
}

export function printPosition(position: Position): string {
  return `${String(position.index)}@${String(position.term)}`;
}
