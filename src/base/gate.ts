import { QuorateError } from './errors.js';

/** Lets few tasks run at once; the others wait their turn, and beyond a bound they are refused. */
export interface Gate {
  /** Errors: `too-many-requests`, beside those of the task. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

export function createGate({ atOnceMax, waitingMax }: { atOnceMax: number; waitingMax: number }): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(task) {
      if (running === atOnceMax) {
        if (waiting.length === waitingMax) throw new QuorateError('too-many-requests');
        // Whoever leaves hands over its place, so `running` stays.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else {
        running += 1;
      }
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
