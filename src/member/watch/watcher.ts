import type { Caller, Revision } from '../../mvcc/index.js';
import type { Watcher, WatchRequest, WatchSink } from '../types.js';

/**
 * synced: it gets what happens as it happens. unsynced: it still has history to catch up with. parked: its sink has
 * enough for now. ended: nothing more.
 *
 *     synced ──▶ parked ──▶ unsynced ──▶ synced
 *        └──────────▶ unsynced ──▶ parked        (the state was replaced)
 */
export type WatcherState = 'synced' | 'unsynced' | 'parked' | 'ended';

/** What the hub does for a watcher that asks. */
export interface WatcherOwner {
  /** All below it has been handed out to the watchers that are synced. */
  readonly nextRevision: Revision;
  resume(watcher: HubWatcher): void;
  cancel(watcher: HubWatcher): void;
}

/** A watcher as the hub has it. A class for its size: there can be 100,000 of them. */
export class HubWatcher implements Watcher {
  readonly wanted: WatchRequest;
  readonly sink: WatchSink;
  readonly caller: Caller;
  readonly #owner: WatcherOwner;
  state: WatcherState;
  /** Of a synced watcher a lower bound: it has all that happened. Of others exact. */
  next: Revision;

  constructor(
    owner: WatcherOwner,
    parts: {
      readonly wanted: WatchRequest;
      readonly sink: WatchSink;
      readonly caller: Caller;
      readonly state: WatcherState;
      readonly next: Revision;
    },
  ) {
    this.#owner = owner;
    this.wanted = parts.wanted;
    this.sink = parts.sink;
    this.caller = parts.caller;
    this.state = parts.state;
    this.next = parts.next;
  }

  get nextRevision(): Revision {
    return this.state === 'synced' ? Math.max(this.next, this.#owner.nextRevision) : this.next;
  }

  get isSynced(): boolean {
    return this.state === 'synced';
  }

  resume(): void {
    if (this.state === 'parked') this.#owner.resume(this);
  }

  cancel(): void {
    if (this.state !== 'ended') this.#owner.cancel(this);
  }
}
