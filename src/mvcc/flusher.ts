import { assert } from '../base/index.js';

/** Runs one write at a time; who asks while one runs shares the next. */
export interface Flusher {
  /** Resolves once a write that began after this call (or with it) has succeeded. */
  flush(): Promise<void>;
  /** Waits for what runs, whether it succeeds or not. */
  idle(): Promise<void>;
}

export function createFlusher(write: () => Promise<void>): Flusher {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  async function start(): Promise<void> {
    assert(running === null, 'one flush at a time');
    const current = write();
    running = current;
    try {
      await current;
    } finally {
      running = null;
    }
  }

  /** Waits for the one that runs; if that fails, so does the one that waits. */
  async function follow(current: Promise<void>): Promise<void> {
    await current;
    next = null;
    await start();
  }

  return {
    async flush() {
      if (running === null) await start();
      else await (next ??= follow(running));
    },
    async idle() {
      await Promise.allSettled([running, next]);
    },
  };
}
