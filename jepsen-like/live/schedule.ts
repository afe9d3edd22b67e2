import type { FaultNote } from '../history/index.js';

/** What is being done and has to be undone, and what was done, for the report. */
export interface Schedule {
  readonly note: (kind: string, text: string, forMs: number | null) => void;
  /** Undone after so long, or with everything else if that comes first. */
  readonly lasting: (forMs: number, undo: () => void) => void;
  /** Work that nobody waits for but `settle`. */
  readonly run: (work: Promise<unknown>) => void;
  undoAll(): void;
  /** Resolves when no work is under way. */
  settle(): Promise<void>;
  /** The first that went wrong with any work; null: nothing. */
  readonly failure: { readonly error: unknown } | null;
  readonly notes: readonly FaultNote[];
}

export function createSchedule(nowUs: () => number): Schedule {
  const undos = new Set<() => void>();
  const running = new Set<Promise<void>>();
  const notes: FaultNote[] = [];
  let failure: { readonly error: unknown } | null = null;
  return {
    note(kind, text, forMs) {
      const atUs = nowUs();
      notes.push({ atUs, kind, text, endUs: forMs === null ? null : atUs + forMs * 1000 });
    },
    lasting(forMs, undo) {
      const timer = setTimeout(once, forMs);
      function once(): void {
        if (!undos.delete(once)) return;
        clearTimeout(timer);
        undo();
      }
      undos.add(once);
    },
    run(work) {
      const done = work.then(
        () => undefined,
        (error: unknown) => {
          failure ??= { error };
        },
      );
      running.add(done);
      done.finally(() => running.delete(done)).catch(() => undefined); // It never rejects.
    },
    undoAll() {
      for (const undo of [...undos]) undo();
    },
    async settle() {
      while (running.size > 0) await Promise.all(running);
    },
    get failure() {
      return failure;
    },
    notes,
  };
}
