/** Answers that have been made and that their clients have not taken yet, of all connections together. */
export interface UnreadAnswers {
  /**
   * One more is about to wait for its client. Answers what to call once it does no longer; null: there is no room, and
   * it must not be kept. To make room, answers are cut whose clients have had time to take them.
   */
  admit(sizeBytes: number, cut: () => void): (() => void) | null;
  readonly sizeBytes: number;
}

export interface UnreadAnswersOptions {
  readonly sizeBytesMax: number;
  /** An answer that has waited for less is not cut for another one. */
  readonly graceMs: number;
}

interface Waiting {
  readonly sizeBytes: number;
  readonly sinceMs: number;
  readonly cut: () => void;
}

/** Smaller ones are bounded by the number of calls, and not worth the bookkeeping. */
const countedSizeBytesMin = 4 * 1024;
const forgetNothing = (): void => undefined;

export function createUnreadAnswers({ sizeBytesMax, graceMs }: UnreadAnswersOptions): UnreadAnswers {
  /** The oldest first. */
  const waiting = new Set<Waiting>();
  let sizeBytes = 0;

  function forget(answer: Waiting): void {
    if (waiting.delete(answer)) sizeBytes -= answer.sizeBytes;
  }

  /** An answer that is larger than the bound has room when it waits alone. */
  function hasRoom(more: number): boolean {
    return waiting.size === 0 || sizeBytes + more <= sizeBytesMax;
  }

  return {
    admit(size, cut) {
      if (size < countedSizeBytesMin) return forgetNothing;
      const nowMs = performance.now();
      for (const oldest of waiting) {
        if (hasRoom(size) || nowMs - oldest.sinceMs < graceMs) break;
        forget(oldest);
        oldest.cut();
      }
      if (!hasRoom(size)) return null;
      const answer = { sizeBytes: size, sinceMs: nowMs, cut };
      waiting.add(answer);
      sizeBytes += size;
      return () => forget(answer);
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}
