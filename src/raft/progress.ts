import { assert } from '../base/index.js';
import type { Index, PeerProgress } from './types.js';

export interface ProgressOptions {
  readonly inflightsMax: number;
  /** A peer counts as active for so long after an answer: the election timeout. */
  readonly patienceTicks: number;
  /** Counts as active from the beginning. */
  readonly isActive: boolean;
}

/**
 * What a leader knows of one peer's log.
 *
 *   probe      match is old or unknown: one append at a time, the next after an answer (or a heartbeat's answer)
 *   replicate  match is known: appends go out one after the other, `next` runs ahead, within the in-flight window
 *   snapshot   the peer needs entries that are compacted: no appends until a snapshot has arrived
 *
 *   0 ≤ match < next ≤ last + 1
 */
export class Progress {
  state: PeerProgress['state'] = 'probe';
  match: Index = 0;
  next: Index;
  /** Ticks since it last answered. */
  #silentTicks: number;
  /** In probe: an append is on its way, wait. */
  probeSent = false;
  /** In replicate: send an append even without entries, so that a loss shows. */
  poke = false;
  /** The highest commit index that an append of the present replicate state carried. */
  commitSent: Index = 0;
  /** The newest round of reads that the peer has confirmed. */
  readRound = 0;
  /** The peer said that it knows no configuration: the log alone, even from its first entry, is of no use to it. */
  needsSnapshot = false;
  /** In snapshot: the ticks since the stream ended well, or null while it runs. */
  snapshotSentTicks: number | null = null;
  /** In replicate: the last index of each append on its way, ascending. */
  readonly #inflights: Index[] = [];
  readonly #options: ProgressOptions;

  constructor(next: Index, options: ProgressOptions) {
    assert(next >= 1, 'the first entry has the index 1');
    this.next = next;
    this.#options = options;
    this.#silentTicks = options.isActive ? 0 : options.patienceTicks;
  }

  /** Has answered within an election timeout: counts for check-quorum. */
  get recentActive(): boolean {
    return this.#silentTicks < this.#options.patienceTicks;
  }

  /** It has answered, whatever it said. */
  heard(): void {
    this.#silentTicks = 0;
  }

  tick(): void {
    this.#silentTicks++;
    if (this.snapshotSentTicks !== null) this.snapshotSentTicks++;
  }

  get inflightCount(): number {
    return this.#inflights.length;
  }

  get windowFull(): boolean {
    return this.#inflights.length >= this.#options.inflightsMax;
  }

  becomeProbe(): void {
    this.#enter('probe');
    this.next = this.match + 1;
  }

  becomeReplicate(): void {
    this.#enter('replicate');
    this.next = this.match + 1;
  }

  becomeSnapshot(): void {
    this.#enter('snapshot');
    this.needsSnapshot = false;
  }

  /** An append with entries up to `last` was sent in the replicate state. */
  sentEntries(last: Index): void {
    assert(this.state === 'replicate' && last >= this.next, 'only replication runs ahead');
    this.next = last + 1;
    this.#inflights.push(last);
  }

  /** The peer holds all up to `index`. False if that is old news. */
  acknowledge(index: Index): boolean {
    let freed = 0;
    while (freed < this.#inflights.length && (this.#inflights[freed] ?? Infinity) <= index) freed++;
    if (freed > 0) this.#inflights.splice(0, freed);
    if (index <= this.match) return false;
    this.match = index;
    if (this.next <= index) this.next = index + 1;
    return true;
  }

  /** The peer refused the append after `refused`; `guess` is where the logs may agree. False if that is old news. */
  refuse(refused: Index, guess: Index): boolean {
    if (this.state === 'snapshot') return false;
    if (this.state === 'replicate') {
      if (refused <= this.match) return false;
      this.becomeProbe();
      return true;
    }
    if (refused !== this.next - 1) return false;
    this.next = Math.max(Math.min(refused, guess + 1), this.match + 1);
    // It refuses what it has acknowledged: its disk went back. Each try fails, so one a heartbeat is enough.
    this.probeSent = guess < this.match;
    return true;
  }

  view(): PeerProgress {
    return {
      match: this.match,
      next: this.next,
      state: this.state,
      recentActive: this.recentActive,
      inflightMessages: this.#inflights.length,
    };
  }

  #enter(state: PeerProgress['state']): void {
    this.state = state;
    this.probeSent = false;
    this.poke = false;
    this.commitSent = 0;
    this.snapshotSentTicks = null;
    this.#inflights.length = 0;
  }
}
