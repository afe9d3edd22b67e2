import type { Revision } from './types.js';

/** The revisions that running reads need. Compaction keeps out of their way. */
export interface Pins {
  /** Returns the release, to be called once. */
  pin(revision: Revision): () => void;
  /** Resolves when no pin is below the revision. */
  drained(revision: Revision): Promise<void>;
}

export function createPins(): Pins {
  const counts = new Map<Revision, number>();
  let waiting: { readonly revision: Revision; readonly resolve: () => void }[] = [];

  function isFree(revision: Revision): boolean {
    return [...counts.keys()].every((pinned) => pinned >= revision);
  }

  return {
    pin(revision) {
      counts.set(revision, (counts.get(revision) ?? 0) + 1);
      return () => {
        const count = counts.get(revision) ?? 0;
        if (count > 1) {
          counts.set(revision, count - 1);
          return;
        }
        counts.delete(revision);
        const free = waiting.filter((waiter) => isFree(waiter.revision));
        if (free.length === 0) return;
        waiting = waiting.filter((waiter) => !free.includes(waiter));
        for (const waiter of free) waiter.resolve();
      };
    },
    async drained(revision) {
      if (isFree(revision)) return;
      await new Promise<void>((resolve) => waiting.push({ revision, resolve }));
    },
  };
}
