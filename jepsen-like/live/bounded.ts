import { setTimeout as delay } from 'node:timers/promises';

/** What a run must not do: a broken promise of the store, not of the kit. */
export class LiveViolation extends Error {
  override readonly name = 'LiveViolation';
  /** In a few words: `liveness`, `replicas agree`, `no member ends without a reason`. */
  readonly promise: string;

  constructor(promise: string, message: string) {
    super(`${promise}: ${message}`);
    this.promise = promise;
  }
}

/** The person wants it to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** What `work` answers, within the limit: a store that takes longer does not make progress. Rejects with Interrupted on the signal. */
export async function within<T>(
  what: string,
  work: Promise<T>,
  limitMs: number,
  signal: AbortSignal,
): Promise<T> {
  let stop: () => void = () => undefined;
  const limit = new Promise<never>((_, reject) => {
    const late = (): void => reject(new LiveViolation('liveness', `${what}: not within ${limitMs} ms`));
    const interrupt = (): void => reject(new Interrupted());
    const timer = setTimeout(late, limitMs);
    signal.addEventListener('abort', interrupt, { once: true });
    if (signal.aborted) interrupt();
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
    };
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    stop();
    work.catch(() => undefined); // It may fail later: nobody waits any more.
  }
}

/** Rejects with Interrupted on the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    throw new Interrupted();
  }
}
