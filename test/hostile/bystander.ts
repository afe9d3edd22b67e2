import { connect } from '../../src/client/index.js';
import type { ClientOptions } from '../../src/client/index.js';
import type { Target } from './target.js';

/** A client that minds its own business: writes and reads, one after the other, while somebody else is hostile. */
export interface Bystander {
  /** Writes that were answered and then read back. */
  readonly rounds: number;
  /** Resolves once so many more rounds are through; rejects with what it was refused. */
  answered(rounds?: number): Promise<void>;
  /** Ends; rejects if anything was ever refused, answered wrongly, or not answered. */
  stop(): Promise<void>;
}

const valueSizeBytes = 1000;
/** Slowness is not what these tests are about; no answer at all is. */
const timeoutMs = 20_000;

/** Goes on until it is stopped or first refused. */
export function startBystander(target: Target, options?: ClientOptions, key = 'bystander'): Bystander {
  const client = connect([target.endpoint], { timeoutMs, ...options });
  const waiting = new Set<() => void>();
  let rounds = 0;
  let failure: Error | null = null;
  let isStopping = false;

  async function round(): Promise<void> {
    const value = `${rounds}:`.padEnd(valueSizeBytes, 'x');
    await client.put(key, value);
    const read = (await client.get(key))?.text;
    if (read !== value) throw new Error(`read ${String(read?.slice(0, 20))} after ${value.slice(0, 20)}`);
    rounds += 1;
  }

  async function run(): Promise<void> {
    try {
      while (!isStopping) {
        await round();
        for (const wake of waiting) wake();
      }
    } catch (error) {
      target.checkAlive();
      throw new Error(`after ${rounds} rounds: ${String(error)}`, { cause: error });
    }
  }

  const ended = run()
    .catch((error: unknown) => (failure = error instanceof Error ? error : new Error(String(error))))
    .finally(() => {
      for (const wake of waiting) wake();
    });

  return {
    get rounds() {
      return rounds;
    },
    async answered(more = 3) {
      const goal = rounds + more;
      while (rounds < goal && failure === null) {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
      if (failure !== null) throw failure;
    },
    async stop() {
      isStopping = true;
      await ended;
      await client.close();
      if (failure !== null) throw failure;
    },
  };
}
