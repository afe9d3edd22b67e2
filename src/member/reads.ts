import { QuorateError } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';

/**
 * Linearizable reads: each waits until the leader has confirmed that it leads (ReadIndex, dissertation §6.4) and this
 * member has applied the index that the leader named. Readers that come while a round is under way share the next one.
 */
export interface Reads {
  /** Resolves when a read of the applied state is linearizable. */
  barrier(deadlineMs: number): Promise<void>;
  /**
   * The context of a round to begin now, or null. A context is never used twice, not even for a retry: an answer to
   * the first try would confirm the second one too early (etcd issue 20418).
   */
  nextRound(nowMs: number): number | null;
  /** The core refused the round: the readers wait for the next. */
  roundRefused(): void;
  confirmed(context: number, index: number): void;
  /** Lets go every reader whose index has been applied. */
  applied(index: number): void;
  expire(nowMs: number, why: ErrorCode): void;
  failAll(error: QuorateError): void;
  readonly waitingCount: number;
}

interface Reader {
  readonly deadlineMs: number;
  readonly resolve: () => void;
  readonly reject: (error: QuorateError) => void;
}

interface Round {
  readonly context: number;
  readonly retryAtMs: number;
  readonly readers: readonly Reader[];
}

interface ConfirmedRound {
  readonly index: number;
  readonly readers: readonly Reader[];
}

export function createReads(options: { readonly retryMs: number }): Reads {
  let queue: Reader[] = [];
  let round: Round | null = null;
  /** In the order of confirmation; indexes of one leader only grow, but another leader's may be lower. */
  let confirmedRounds: ConfirmedRound[] = [];
  let lastContext = 0;
  let lastApplied = 0;

  function backToQueue(): void {
    if (round === null) return;
    queue = [...round.readers, ...queue];
    round = null;
  }

  function expireFrom(readers: readonly Reader[], nowMs: number, why: ErrorCode): Reader[] {
    return readers.filter((reader) => {
      if (reader.deadlineMs > nowMs) return true;
      reader.reject(new QuorateError(why));
      return false;
    });
  }

  return {
    barrier: (deadlineMs) =>
      new Promise((resolve, reject) => {
        queue.push({ deadlineMs, resolve, reject });
      }),
    nextRound(nowMs) {
      if (round !== null && nowMs >= round.retryAtMs) backToQueue();
      if (round !== null || queue.length === 0) return null;
      lastContext += 1;
      round = { context: lastContext, retryAtMs: nowMs + options.retryMs, readers: queue };
      queue = [];
      return lastContext;
    },
    roundRefused: backToQueue,
    confirmed(context, index) {
      if (round === null || context !== round.context) return; // An answer to a round that was given up.
      const { readers } = round;
      round = null;
      if (index <= lastApplied) for (const reader of readers) reader.resolve();
      else confirmedRounds.push({ index, readers });
    },
    applied(index) {
      lastApplied = index;
      if (confirmedRounds.length === 0) return;
      const due = confirmedRounds.filter((confirmed) => confirmed.index <= index);
      if (due.length === 0) return;
      confirmedRounds = confirmedRounds.filter((confirmed) => confirmed.index > index);
      for (const confirmed of due) for (const reader of confirmed.readers) reader.resolve();
    },
    expire(nowMs, why) {
      queue = expireFrom(queue, nowMs, why);
      if (round !== null) round = { ...round, readers: expireFrom(round.readers, nowMs, why) };
      confirmedRounds = confirmedRounds.map(({ index, readers }) => ({
        index,
        readers: expireFrom(readers, nowMs, 'timed-out'),
      }));
    },
    failAll(error) {
      const readers = [
        ...queue,
        ...(round?.readers ?? []),
        ...confirmedRounds.flatMap((each) => each.readers),
      ];
      queue = [];
      round = null;
      confirmedRounds = [];
      for (const reader of readers) reader.reject(error);
    },
    get waitingCount() {
      const confirmed = confirmedRounds.reduce((sum, { readers }) => sum + readers.length, 0);
      return queue.length + (round?.readers.length ?? 0) + confirmed;
    },
  };
}
