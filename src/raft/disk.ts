import { assert, at } from '../base/index.js';
import type { Index, SnapshotMeta, Term } from './types.js';

/** What one Ready puts on disk. */
interface Flight {
  readonly number: number;
  /** Once durable, the log is durable up to here. Lowered when the log is truncated meanwhile. */
  last: Index;
  /** The term in which this Ready makes our vote for ourselves durable, or 0. */
  readonly ownVoteTerm: Term;
  /** The snapshot that this Ready installs, or 0. */
  readonly snapshotIndex: Index;
}

export interface Landed {
  readonly ownVoteTerm: Term;
  readonly snapshotIndex: Index;
}

/**
 * How much of the log is durable, while several Readies are on their way to the disk.
 *
 * The trap (ABA): Ready 1 carries entries up to 7; then a new leader replaces 6 and 7, in Ready 2. When Ready 1 lands,
 * 6 and 7 of the log are *not* durable: those that are have been replaced. So a truncation at 6 lowers what every
 * Ready on its way will prove to 5.
 */
export class DiskQueue {
  /** Durable up to here, and part of the log. */
  persisted: Index;
  /** Some Ready carried all up to here. */
  #handed: Index;
  /** The snapshot that has replaced the log but is not durable yet, or 0. Its entries are not applied here before. */
  #installing: Index = 0;
  /** To be in the next Ready. */
  #snapshotToInstall: SnapshotMeta | null = null;
  #flights: Flight[] = [];
  #lastLanded = 0;

  constructor(last: Index) {
    this.persisted = last;
    this.#handed = last;
  }

  get handed(): Index {
    return this.#handed;
  }

  get isInstalling(): boolean {
    return this.#installing > 0;
  }

  get snapshotToInstall(): SnapshotMeta | null {
    return this.#snapshotToInstall;
  }

  truncatedFrom(index: Index): void {
    this.persisted = Math.min(this.persisted, index - 1);
    this.#handed = Math.min(this.#handed, index - 1);
    this.#lowerFlights(index - 1);
  }

  /** The whole log was replaced by a snapshot. */
  restored(snapshot: SnapshotMeta): void {
    this.#lowerFlights(0);
    this.persisted = Math.min(this.persisted, snapshot.index - 1);
    this.#handed = snapshot.index;
    this.#installing = snapshot.index;
    this.#snapshotToInstall = snapshot;
  }

  takeOff(flight: { readonly number: number; readonly last: Index; readonly ownVoteTerm: Term }): void {
    const snapshotIndex = this.#snapshotToInstall?.index ?? 0;
    this.#flights.push({ ...flight, snapshotIndex });
    this.#snapshotToInstall = null;
    this.#handed = flight.last;
  }

  /** All up to this Ready is durable. Answers what that means, in order. */
  land(number: number): readonly Landed[] {
    if (number <= this.#lastLanded) return [];
    this.#lastLanded = number;
    let count = 0;
    for (; count < this.#flights.length; count++) {
      const flight = at(this.#flights, count);
      if (flight.number > number) break;
      this.persisted = Math.max(this.persisted, flight.last);
      if (flight.snapshotIndex > 0 && flight.snapshotIndex === this.#installing) {
        assert(flight.last >= flight.snapshotIndex, 'a durable snapshot is part of the durable log');
        this.#installing = 0;
      }
    }
    return this.#flights.splice(0, count);
  }

  assertInvariants(): void {
    let before = this.#lastLanded;
    for (const flight of this.#flights) {
      assert(flight.number > before, 'Readies take off in the order of their numbers');
      assert(flight.last <= this.#handed, 'no Ready on its way proves more than was handed over');
      before = flight.number;
    }
  }

  #lowerFlights(limit: Index): void {
    for (const flight of this.#flights) flight.last = Math.min(flight.last, limit);
  }
}
