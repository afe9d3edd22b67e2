import { QuorateError } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { CommandResponse, Outcome } from '../mvcc/index.js';
import { sealEnvelope } from './envelope.js';
import type { Incarnation } from './envelope.js';

/** The writes of this member's clients, from the call to their outcome. */
export interface Proposals {
  /** Queues a command; resolves when this member has applied it. */
  add(command: Uint8Array, deadlineMs: number): Promise<CommandResponse>;
  /** What waits to be handed to the core, oldest first, at most `max`. */
  queued(max: number): readonly Buffer[];
  /** The core took the first `count` queued ones in `term`. */
  handedOver(count: number, term: number): void;
  /** The entry of this sequence number was applied. */
  settle(sequence: number, outcome: Outcome<CommandResponse>): void;
  /**
   * An entry of `term` was applied. Proposals handed over in earlier terms either stand before it, and have been
   * settled, or were lost with their leader. A forwarded one may yet be on its way, so the outcome is unknown.
   */
  leaderChanged(term: number): void;
  /** Gives up what has waited too long. `whyQueued` tells why nothing was handed over. */
  expire(nowMs: number, whyQueued: ErrorCode): void;
  failAll(error: QuorateError): void;
  readonly pendingCount: number;
  /** Those that were given up, for whatever reason but a refusal of the state machine. */
  readonly failedTotal: number;
  readonly pendingSizeBytes: number;
}

interface Waiter {
  readonly sealed: Buffer;
  readonly deadlineMs: number;
  /** 0 while queued. */
  term: number;
  readonly resolve: (response: CommandResponse) => void;
  readonly reject: (error: QuorateError) => void;
}

export function createProposals(incarnation: Incarnation): Proposals {
  /** By sequence number, which only grows: insertion order is age. */
  const waiters = new Map<number, Waiter>();
  let queue: number[] = [];
  let nextSequence = 1;
  let pendingSizeBytes = 0;
  let failedTotal = 0;
  /** The lowest term that a waiter may have been handed over in: spares a walk per entry. */
  let oldestTerm = Number.POSITIVE_INFINITY;

  function remove(sequence: number): Waiter | undefined {
    const waiter = waiters.get(sequence);
    if (waiter === undefined) return undefined;
    waiters.delete(sequence);
    pendingSizeBytes -= waiter.sealed.length;
    return waiter;
  }

  function fail(waiter: Waiter | undefined, error: QuorateError): void {
    if (waiter === undefined) return;
    failedTotal++;
    waiter.reject(error);
  }

  return {
    add(command, deadlineMs) {
      const sequence = nextSequence++;
      const sealed = sealEnvelope(incarnation, sequence, command);
      pendingSizeBytes += sealed.length;
      queue.push(sequence);
      return new Promise((resolve, reject) => {
        waiters.set(sequence, { sealed, deadlineMs, term: 0, resolve, reject });
      });
    },
    queued(max) {
      const sealed: Buffer[] = [];
      for (const sequence of queue) {
        const waiter = waiters.get(sequence);
        if (waiter !== undefined) sealed.push(waiter.sealed);
        if (sealed.length === max) break;
      }
      return sealed;
    },
    handedOver(count, term) {
      for (const sequence of queue.slice(0, count)) {
        const waiter = waiters.get(sequence);
        if (waiter !== undefined) waiter.term = term;
      }
      queue = count >= queue.length ? [] : queue.slice(count);
      oldestTerm = Math.min(oldestTerm, term);
    },
    settle(sequence, outcome) {
      const waiter = remove(sequence);
      if (waiter === undefined) return; // Given up before.
      if (outcome.ok) waiter.resolve(outcome.value);
      else waiter.reject(new QuorateError(outcome.error));
    },
    leaderChanged(term) {
      if (oldestTerm >= term) return;
      oldestTerm = Number.POSITIVE_INFINITY;
      for (const [sequence, waiter] of waiters) {
        if (waiter.term === 0) continue;
        if (waiter.term < term) fail(remove(sequence), new QuorateError('leader-changed'));
        else oldestTerm = Math.min(oldestTerm, waiter.term);
      }
    },
    expire(nowMs, whyQueued) {
      let removedQueued = false;
      for (const [sequence, waiter] of waiters) {
        if (waiter.deadlineMs > nowMs) break;
        removedQueued ||= waiter.term === 0;
        fail(remove(sequence), new QuorateError(waiter.term === 0 ? whyQueued : 'timed-out'));
      }
      if (removedQueued) queue = queue.filter((sequence) => waiters.has(sequence));
    },
    failAll(error) {
      const failed = [...waiters.values()];
      waiters.clear();
      queue = [];
      pendingSizeBytes = 0;
      for (const waiter of failed) fail(waiter, error);
    },
    get failedTotal() {
      return failedTotal;
    },
    get pendingCount() {
      return waiters.size;
    },
    get pendingSizeBytes() {
      return pendingSizeBytes;
    },
  };
}
